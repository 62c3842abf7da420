"""The vault: contact details leave the texts of messages for a table of their own, where they stand
sealed by their author's key.

What is stored of a text has placeholders such as ``[phone]``; whoever decides a message is given
the text as it was written, and nobody else is. Deleting a person's key makes unreadable what a
backup or a log still holds of them (*crypto-shredding*; NIST SP 800-88, cryptographic erase).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, tuple_

from intent.model.disguised import Disguised, kind_of
from intent.model.errors import OperatorError
from intent.model.message import Message, Reply
from intent.ports.deciding import Details
from intent.store import vault_cipher as cipher
from intent.store.engine import insert_for
from intent.store.identities import Identity, parts
from intent.store.schema import contact_hashes, contacts
from intent.store.vault_keys import HASHES, Owner, VaultKeys
from intent.telemetry import logger


@dataclass(frozen=True, slots=True)
class Hidden:
    """A message as it is stored, and what its text was relieved of."""

    message: Message
    details: Disguised


@dataclass(frozen=True, slots=True)
class Kept:
    """A contact detail: where it stood, and what it is."""

    placeholder: str
    text: str = field(repr=False)

    @property
    def kind(self) -> str:
        """What it is, such as ``phone``."""
        return kind_of(self.placeholder)


class Vault:
    """Contact details in SQL."""

    def __init__(self, finder: Details, keys: VaultKeys) -> None:
        self._finder, self.keys = finder, keys
        self._log = logger("vault")

    def hidden(self, message: Message) -> Hidden:
        """Return a message without contact details; of words that it quotes they are just left
        out, for they are somebody else's and stand in the message that is quoted.
        """
        details, reply = self._finder.hide(message.text), message.reply_to
        changed: dict[str, object] = {}
        if details.originals:
            changed["text"] = details.text
        if reply is not None and reply.text:
            quoted = self._finder.hide(reply.text)
            if quoted.originals:
                changed["reply_to"] = Reply(message_id=reply.message_id, text=quoted.text)
        return Hidden(message.model_copy(update=changed) if changed else message, details)

    def without_details(self, text: str) -> str:
        """Return a text that may quote a message, without contact details."""
        return self._finder.hide(text).text

    def keep(self, transaction: Connection, hidden: Iterable[Hidden]) -> None:
        """Seal what these messages were relieved of, in the place of what was kept of them before.

        Raises:
            OperatorError: the master key is missing.
        """
        brought = [one for one in hidden if one.details.originals]
        if not brought:
            return
        owners = {_owner(one.message) for one in brought}
        keys = self.keys.of(transaction, {*owners, HASHES}, make=True)
        self.drop(transaction, [one.message.identity for one in brought])
        sealed, hashes = [], []
        for one in brought:
            message, key = one.message, keys[_owner(one.message)]
            named = {"platform": message.platform, "message_id": message.message_id}
            digests: dict[str, str] = {}
            for placeholder, text in one.details.originals.items():
                place = (*_owner(message), message.message_id, placeholder)
                data = cipher.seal(key, text.encode("utf-8"), *place)
                sealed.append(
                    {**named, "user_id": message.user_id, "placeholder": placeholder}
                    | {"sealed": data}
                )
                kind = kind_of(placeholder)
                digests |= dict.fromkeys(self._digests(keys[HASHES], kind, text), kind)
            hashes += [{**named, "digest": one, "kind": kind} for one, kind in digests.items()]
        transaction.execute(insert_for(transaction, contacts), sealed)
        if hashes:
            transaction.execute(insert_for(transaction, contact_hashes), hashes)

    def drop(self, transaction: Connection, identities: Sequence[Identity]) -> None:
        """Delete what is kept of messages."""
        for table in (contacts, contact_hashes):
            here = tuple_(table.c.platform, table.c.message_id)
            for some in parts(identities):
                transaction.execute(delete(table).where(here.in_(some)))

    def kept(
        self, connection: Connection, identities: Sequence[Identity]
    ) -> dict[Identity, list[Kept]]:
        """Return the contact details of messages, in the order of the text; those whose key was
        deleted are left out.

        Raises:
            OperatorError: the master key is missing, or one is damaged.
        """
        found: dict[Identity, list[Kept]] = {}
        here = tuple_(contacts.c.platform, contacts.c.message_id)
        for some in parts(identities):
            rows = connection.execute(select(contacts).where(here.in_(some))).all()
            keys = self.keys.of(connection, {(row.platform, row.user_id) for row in rows})
            for row in rows:
                key = keys.get((row.platform, row.user_id))
                if key is not None:
                    place = (row.platform, row.user_id, row.message_id, row.placeholder)
                    kept = found.setdefault((row.platform, row.message_id), [])
                    kept.append(Kept(row.placeholder, _unsealed(key, row.sealed, *place)))
        return {one: sorted(kept, key=_in_order) for one, kept in found.items()}

    def opened(self, connection: Connection, stored: Sequence[Message]) -> list[Message]:
        """Return messages as they were written. What cannot be read keeps its placeholders, and the
        log says so: a lost key must not stop the deciding.
        """
        # A placeholder begins with a bracket, and few texts have one.
        asked = [one.identity for one in stored if "[" in one.text]
        if not asked:
            return list(stored)
        try:
            kept = self.kept(connection, asked)
        except OperatorError as error:
            self._log.error("contact details cannot be read", error=str(error))
            return list(stored)
        return [restored(one, kept.get(one.identity, ())) for one in stored]

    def known(
        self,
        connection: Connection,
        stored: Mapping[Identity, Message],
        came: Iterable[Hidden],
    ) -> dict[Identity, Message]:
        """Return messages that are stored as they were written, to compare them with what came
        under their ids; where that cannot be read any more, equal placeholders count as equal.
        """
        known = {one.identity: one for one in self.opened(connection, list(stored.values()))}
        for one in came:
            identity, details = one.message.identity, one.details
            if details.originals and known[identity].text == details.text:
                again = {"text": details.restored(details.text)}
                known[identity] = known[identity].model_copy(update=again)
        return known

    def text_digest(self, connection: Connection, message: Message) -> str:
        """Return a digest of a message's text, equal for texts that look alike to Unicode; a keyed
        one where it holds a contact detail, for who knows the rest of the text could try them all.
        """
        if not self._finder.hide(message.text).originals:
            return text_digest(message)
        key = self.keys.of(connection, {HASHES}, make=True)[HASHES]
        return cipher.digest(key, "text", unicodedata.normalize("NFC", message.text))

    def digests(self, connection: Connection, kind: str, text: str) -> frozenset[str]:
        """Return the keyed hashes by which a detail from elsewhere, such as the phone number of an
        order, is found in ``contact_hashes``; none where nothing was ever kept.

        Args:
            kind: ``phone``, ``email``, ``handle`` or ``link``.
        """
        keys = self.keys.of(connection, {HASHES})
        return self._digests(keys[HASHES], kind, text) if keys else frozenset()

    def _digests(self, key: bytes, kind: str, text: str) -> frozenset[str]:
        return frozenset(
            cipher.digest(key, "contact", form) for form in self._finder.forms(kind, text)
        )


def restored(message: Message, kept: Iterable[Kept]) -> Message:
    """Return a message with its contact details in their places."""
    originals: Mapping[str, str] = {one.placeholder: one.text for one in kept}
    if not originals:
        return message
    return message.model_copy(
        update={"text": Disguised(message.text, originals).restored(message.text)}
    )


def text_digest(message: Message) -> str:
    """Return the SHA-256 of a message's text; equal for texts that look alike to Unicode."""
    return hashlib.sha256(unicodedata.normalize("NFC", message.text).encode("utf-8")).hexdigest()


def _unsealed(key: bytes, sealed: bytes, *place: str) -> str:
    try:
        return cipher.unseal(key, bytes(sealed), *place).decode("utf-8")
    except cipher.Unreadable as error:
        raise OperatorError(
            "a contact detail in the vault is damaged, or was moved from another row; put back a "
            "backup of the database"
        ) from error


def _in_order(kept: Kept) -> tuple[str, int]:
    return kept.kind, len(kept.placeholder)


def _owner(message: Message) -> Owner:
    return message.platform, message.user_id
