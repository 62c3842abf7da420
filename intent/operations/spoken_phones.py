"""Reads the keys of phone numbers that people have written into messages: the one place where a
contact detail is looked at to link an order.
"""

from __future__ import annotations

from collections.abc import Sequence

from intent.outcomes.contact_keys import ContactKeys
from intent.ports.ingestion import Transaction
from intent.store.identities import Identity
from intent.store.vault import Vault

_PHONE = "phone"


class SpokenPhones:
    """Opens the phone numbers of messages, and returns their keys alone."""

    def __init__(self, vault: Vault, keys: ContactKeys, regions: Sequence[str]) -> None:
        self._vault, self._keys, self._regions = vault, keys, tuple(regions)

    def __call__(
        self, connection: Transaction, identities: Sequence[Identity]
    ) -> dict[Identity, Sequence[str]]:
        """Return the keys of the numbers that these messages hold, for those that hold any.

        Raises:
            OperatorError: the key of the vault is missing.
        """
        found: dict[Identity, Sequence[str]] = {}
        for identity, kept in self._vault.kept(connection, identities).items():
            numbers = [one.text for one in kept if one.kind == _PHONE]
            keys = [self._keys.phone(number, self._regions) for number in numbers]
            if known := [key for key in keys if key is not None]:
                found[identity] = known
        return found
