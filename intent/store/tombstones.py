"""Remembers what was erased, as keyed hashes, so that nothing of it is stored again when a file, a
broker or a platform delivers it once more.

A hash without a key would name people to everybody who has a list of user ids; the key stands
outside of the database (:mod:`intent.bootstrap.keyfile`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import Connection, Select, select

from intent.model.batch import Batch, Refused, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import OperatorError
from intent.model.message import Message, Reply
from intent.store.engine import insert_for
from intent.store.identities import parts
from intent.store.payload_subjects import subjects_of
from intent.store.schema import tombstones


def no_key(_make: bool) -> bytes:
    """Stand for a key where nobody was ever erased."""
    raise ValueError("somebody was erased, and nobody was given the key that knows them")


class Tombstones:
    """Keyed hashes of subjects (HMAC-SHA256, RFC 2104)."""

    def __init__(self, key: Callable[[bool], bytes] = no_key) -> None:
        """Prepare.

        Args:
            key: returns the key, and makes one where it may; called at the first erasure and once
                something was erased, and never before.
        """
        self._load, self._key = key, b""

    def bury(self, transaction: Connection, subjects: Iterable[DataSubject]) -> None:
        """Remember subjects; what is known already stays as it is."""
        self._checked(transaction)
        self.bury_digests(transaction, {self.digest(subject) for subject in subjects})

    def bury_digests(self, transaction: Connection, digests: Collection[str]) -> None:
        """Remember subjects that were erased in another state of the database."""
        if not digests:
            return
        key = _name_of(self._checked(transaction))
        rows = [{"digest": digest, "key": key} for digest in sorted(digests)]
        for some in parts(rows):
            transaction.execute(insert_for(transaction, tombstones).on_conflict_do_nothing(), some)

    def buried(self, connection: Connection, subjects: Collection[DataSubject]) -> set[DataSubject]:
        """Return those of these subjects that were erased."""
        if not subjects or not self._any(connection):
            return set()
        self._checked(connection)
        named = {self.digest(subject): subject for subject in subjects}
        found: set[DataSubject] = set()
        for some in parts(list(named)):
            query = select(tombstones.c.digest).where(tombstones.c.digest.in_(some))
            found.update(named[digest] for digest in connection.scalars(query))
        return found

    def sift(
        self, transaction: Connection, batches: Sequence[Batch]
    ) -> Sequence[tuple[Batch, int]]:
        """Return batches without what is of erased subjects, each with how many of its messages and
        payloads were dropped. Who answered an erased message stays, without the words that are
        quoted.

        Raises:
            OperatorError: the key is not the one that knows the erased ones.
        """
        gone: set[DataSubject] = set()
        if self._any(transaction):
            named = {subject for batch in batches for subject in _named_in(batch)}
            gone = self.buried(transaction, named)
        return [_sifted(batch, gone) if gone else (batch, 0) for batch in batches]

    def none(self, connection: Connection) -> bool:
        """Say whether nothing was erased so far."""
        return not self._any(connection)

    def _any(self, connection: Connection) -> bool:
        return connection.execute(_one()).first() is not None

    def _checked(self, connection: Connection) -> bytes:
        """Return the key, once it is known to be the one that the others were written with."""
        if not self._key:
            key = self._load(not self._any(connection))
            other = select(tombstones.c.key).where(tombstones.c.key != _name_of(key)).limit(1)
            if connection.execute(other).first() is not None:
                raise OperatorError(
                    "the key at hand is not the one that erased people are remembered with, so "
                    "they would be stored again; put back the key file of this database, or set "
                    "INTENT_KEY_FILE"
                )
            self._key = key
        return self._key

    def digest(self, subject: DataSubject) -> str:
        """Return the keyed hash of a subject, 64 characters; only after something was buried."""
        name = b"".join(
            len(part).to_bytes(4, "big") + part
            for part in (
                one.encode("utf-8", "surrogatepass")
                for one in (subject.kind.value, subject.platform, subject.id)
            )
        )
        return hmac.new(self._key, name, hashlib.sha256).hexdigest()


@cache
def _one() -> Select[int]:
    """Return the query before every put, which is made once."""
    return select(tombstones.c.id).limit(1)


def _name_of(key: bytes) -> str:
    return hashlib.sha256(b"name of a tombstone key" + key).hexdigest()[:16]


def _sifted(batch: Batch, gone: set[DataSubject]) -> tuple[Batch, int]:
    messages = [_unquoted(one, gone) for one in batch.messages if gone.isdisjoint(_of(one))]
    refused = [one for one in batch.refused if gone.isdisjoint(_in_payload(one))]
    retractions = [one for one in batch.retractions if gone.isdisjoint(_banned(one))]
    dropped = len(batch.messages) - len(messages) + len(batch.refused) - len(refused)
    sifted = replace(batch, messages=messages, refused=refused, retractions=retractions)
    return sifted, dropped


def _named_in(batch: Batch) -> set[DataSubject]:
    named = {
        subject for message in batch.messages for subject in (*_of(message), *_quoted(message))
    }
    named |= {subject for one in batch.refused for subject in _in_payload(one)}
    return named | {subject for one in batch.retractions for subject in _banned(one)}


def _of(message: Message) -> Sequence[DataSubject]:
    return (
        DataSubject(SubjectKind.USER, message.platform, message.user_id),
        DataSubject(SubjectKind.MESSAGE, message.platform, message.message_id),
        DataSubject(SubjectKind.ROOM, message.platform, message.room_id),
    )


def _in_payload(one: Refused) -> set[DataSubject]:
    """Return whom a payload names, and itself: it may be what was deleted with somebody because
    nobody could say whose it was.
    """
    return subjects_of(one.payload) | {DataSubject(SubjectKind.PAYLOAD, "", one.digest)}


def _quoted(message: Message) -> Sequence[DataSubject]:
    if message.reply_to is None or message.reply_to.message_id is None:
        return ()
    return (DataSubject(SubjectKind.MESSAGE, message.platform, message.reply_to.message_id),)


def _unquoted(message: Message, gone: Collection[DataSubject]) -> Message:
    quoted = _quoted(message)
    if not quoted or quoted[0] not in gone:
        return message
    return message.model_copy(update={"reply_to": Reply(message_id=quoted[0].id)})


def _banned(one: Retraction) -> Sequence[DataSubject]:
    if one.user_id is None:
        return ()
    return (DataSubject(SubjectKind.USER, one.platform, one.user_id),)
