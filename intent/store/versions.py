"""Messages as they stand, and the texts that edited ones had before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select, tuple_, update

from intent.model.message import Message
from intent.store.engine import insert_for
from intent.store.identities import Identity, parts
from intent.store.many_rows import insert_unless_known
from intent.store.rows import message_from, message_row
from intent.store.schema import database_now, earlier_versions, messages


def insert_messages(transaction: Connection, new: Iterable[Message]) -> set[Identity]:
    """Insert messages whose ids are not known, and return which these are."""
    # Sorted, so that two readers of overlapping sources never wait for each other's rows in a
    # circle.
    rows = [message_row(message) for message in sorted(new, key=lambda message: message.identity)]
    if not rows:
        return set()
    identity = [messages.c.platform, messages.c.message_id]
    returned = insert_unless_known(transaction, messages, rows, identity)
    return {(platform, message_id) for platform, message_id in returned}


def read_messages(
    transaction: Connection, identities: Sequence[Identity]
) -> dict[Identity, Message]:
    """Return messages as they stand, by identity."""
    found: dict[Identity, Message] = {}
    for part in parts(identities):
        here = tuple_(messages.c.platform, messages.c.message_id).in_(part)
        for row in transaction.execute(select(messages).where(here)).mappings():
            found[row["platform"], row["message_id"]] = message_from(row)
    return found


def read_earlier(
    transaction: Connection, identities: Sequence[Identity]
) -> dict[Identity, set[str]]:
    """Return the digests of the texts that messages had before."""
    v = earlier_versions.c
    found: dict[Identity, set[str]] = {}
    for part in parts(identities):
        here = tuple_(v.platform, v.message_id).in_(part)
        for row in transaction.execute(select(v.platform, v.message_id, v.digest).where(here)):
            found.setdefault((row.platform, row.message_id), set()).add(row.digest)
    return found


def replace_messages(
    transaction: Connection,
    edited: Mapping[Identity, Message],
    replaced: Sequence[tuple[Identity, str]],
) -> None:
    """Put the newest version of messages in the place of what stood, and remember what they said
    before by its digest alone.
    """
    m = messages.c
    same = (m.platform == bindparam("of_platform"), m.message_id == bindparam("of_message_id"))
    values = [
        {"of_platform": identity[0], "of_message_id": identity[1], **message_row(message)}
        for identity, message in edited.items()
    ]
    again = update(messages).where(*same).values(accepted_timestamp=database_now())
    transaction.execute(again, values)
    transaction.execute(
        insert_for(transaction, earlier_versions).on_conflict_do_nothing(),
        [
            {"platform": platform, "message_id": message_id, "digest": digest}
            for (platform, message_id), digest in replaced
        ],
    )
