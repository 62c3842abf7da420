"""What was taken back: kept for what comes late, and matched with the messages it means."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import (
    CompoundSelect,
    Connection,
    and_,
    bindparam,
    select,
    tuple_,
    union_all,
)

from intent.model.batch import Retraction
from intent.store.engine import insert_for
from intent.store.identities import Identity, parts
from intent.store.schema import messages, retractions


def record_retractions(transaction: Connection, taken_back: Sequence[Retraction]) -> None:
    """Keep retractions; of one that comes again the later instant counts."""
    if not taken_back:
        return
    statement = insert_for(transaction, retractions)
    later = statement.on_conflict_do_update(
        index_elements=["platform", "room_id", "message_id", "user_id"],
        set_={"retracted_timestamp": statement.excluded.retracted_timestamp},
        where=statement.excluded.retracted_timestamp > retractions.c.retracted_timestamp,
    )
    transaction.execute(later, [_row(one) for one in taken_back])


def meant_by(transaction: Connection, taken_back: Sequence[Retraction]) -> list[Identity]:
    """Return the messages that retractions mean, as far as they have come."""
    m = messages.c
    found: list[Identity] = []
    for one in taken_back:
        means = [m.platform == one.platform, m.room_id == one.room_id]
        if one.user_id is not None:
            means.append(m.user_id == one.user_id)
        # A message that is named is gone whatever its date; somebody who was banned may come back.
        means.append(
            m.sent_at <= one.at if one.message_id is None else m.message_id == one.message_id
        )
        rows = transaction.execute(select(m.platform, m.message_id).where(*means))
        found.extend((row.platform, row.message_id) for row in rows)
    return list(dict.fromkeys(found))


def taken_back_before(transaction: Connection, identities: Sequence[Identity]) -> list[Identity]:
    """Return those of these messages that a retraction means which came before them."""
    found: list[Identity] = []
    for part in parts(identities):
        rows = transaction.execute(_meant_earlier(), {"identities": part})
        found.extend((row.platform, row.message_id) for row in rows)
    return list(dict.fromkeys(found))


@cache
def _meant_earlier() -> CompoundSelect[str, str]:
    """Return the query behind every put, which is made once."""
    m, r = messages.c, retractions.c
    room = and_(r.platform == m.platform, r.room_id == m.room_id)
    named = and_(room, r.message_id == m.message_id, r.user_id.in_(("", m.user_id)))
    author = and_(room, r.message_id == "", r.user_id.in_(("", m.user_id)))
    here = tuple_(m.platform, m.message_id).in_(bindparam("identities", expanding=True))
    ids = select(m.platform, m.message_id)
    return union_all(
        ids.join_from(messages, retractions, named).where(here),
        ids.join_from(messages, retractions, author).where(
            here, m.sent_at <= r.retracted_timestamp
        ),
    )


def _row(one: Retraction) -> dict[str, object]:
    return {
        "platform": one.platform,
        "room_id": one.room_id,
        "message_id": one.message_id or "",
        "user_id": one.user_id or "",
        "retracted_timestamp": one.at,
        "retracted_by": one.by,
    }
