"""Signs what is sent by Standard Webhooks 1.0.0 (standardwebhooks.com): HMAC-SHA256 over id, time
and body, with every secret that is alive.

No secret is stored. Each is derived from a key, which stands outside of the database, and a salt,
which stands in it: HMAC-SHA256 as the pseudorandom function of a key derivation (NIST SP 800-108).
A copy of the database can sign nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from intent.model.errors import OperatorError
from intent.model.hook import SecretSalts

PREFIX = "whsec_"
"""How a secret begins, by the standard; the rest is its bytes in Base64."""


def new_salt() -> str:
    """Return a salt that nobody has had before."""
    return secrets.token_hex(16)


def name_of(key: bytes) -> str:
    """Return what tells keys apart, and tells nobody a key."""
    return hashlib.sha256(b"name of a key of hooks" + key).hexdigest()[:16]


class Signer:
    """Derives secrets, and signs with them."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        """Prepare; ``key`` is called once the first secret is needed."""
        self._load = key

    @cached_property
    def _key(self) -> bytes:
        return self._load()

    def salts(self) -> SecretSalts:
        """Return the salts of a new secret."""
        return SecretSalts(name_of(self._key), new_salt())

    def secret(self, salts: SecretSalts) -> str:
        """Return the current secret, as its receiver is told it.

        Raises:
            OperatorError: it was derived from another key.
        """
        self._require(salts)
        return PREFIX + b64encode(self._derived(salts.current)).decode("ascii")

    def headers(
        self, salts: SecretSalts, webhook_id: str, body: bytes, now: datetime
    ) -> dict[str, str]:
        """Return the three headers of a try; the time is that of this try, by the standard.

        Raises:
            OperatorError: the secret was derived from another key.
        """
        self._require(salts)
        signed = [
            _signature(self._derived(salt), webhook_id, now, body) for salt in salts.alive(now)
        ]
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signed),
        }

    def _derived(self, salt: str) -> bytes:
        return hmac.new(self._key, b"secret of a hook\x00" + salt.encode(), hashlib.sha256).digest()

    def _require(self, salts: SecretSalts) -> None:
        if salts.key != name_of(self._key):
            raise OperatorError(
                "the key at hand is not the one that this hook's secret was made with, so its "
                "receiver would refuse everything; put back the key file of this database, or set "
                "INTENT_KEY_FILE, or make a new secret with: intent hooks rotate NAME"
            )


def _signature(secret: bytes, webhook_id: str, now: datetime, body: bytes) -> str:
    signed = f"{webhook_id}.{int(now.timestamp())}.".encode() + body
    return "v1," + b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")
