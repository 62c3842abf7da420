"""Seals lines of files that stand beside the database, by a key that is derived from the vault's
master key.
"""

from __future__ import annotations

import base64
import binascii

from intent.store import vault_cipher as cipher
from intent.store.vault_keys import VaultKeys

PURPOSE = "spool"


class LineSeal:
    """Makes of a line one that only who has the master key can read; implements ``Sealing``."""

    def __init__(self, keys: VaultKeys) -> None:
        self._keys = keys

    def seal(self, line: bytes) -> bytes:
        """Return a line in base64.

        Raises:
            OperatorError: there is no master key.
        """
        _, master = self._keys.current()
        return base64.b64encode(cipher.seal(cipher.derived(master, PURPOSE), line, PURPOSE))

    def unseal(self, line: bytes) -> bytes:
        """Return a line as it was; one that is not sealed, of an older version, as it is.

        Raises:
            ValueError: it is damaged, or no master key of ours sealed it.
            OperatorError: there is no master key.
        """
        if line.startswith(b"{"):
            return line
        try:
            sealed = base64.b64decode(line.strip(), validate=True)
        except binascii.Error as error:
            raise ValueError("is no sealed line") from error
        for master in self._keys.masters():
            try:
                return cipher.unseal(cipher.derived(master, PURPOSE), sealed, PURPOSE)
            except cipher.Unreadable:
                continue
        raise ValueError("is sealed by a key that is not here")


class Unsealed:
    """Leaves lines as they are, where they hold nothing of anybody."""

    def seal(self, line: bytes) -> bytes:
        """Return the line."""
        return line

    def unseal(self, line: bytes) -> bytes:
        """Return the line."""
        return line
