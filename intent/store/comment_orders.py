"""Orders that are nothing but a comment: one that is deleted is a cancelled order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_

from intent.model.message import Message
from intent.model.outcomes import ConversionEvent, ConversionStatus
from intent.store.conversion_revisions import event_from, insert_numbered, number_alone
from intent.store.identities import parts
from intent.store.outcome_erasure import COMMENT_SOURCE
from intent.store.schema import conversions, database_now


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A message that was taken back, by a revision of its decision."""

    message: Message
    revision: int


def comment_order_id(platform: str, message_id: str, code: str, variant: str | None) -> str:
    """Return the conversion_id of what a comment orders of one item."""
    named = "\x1f".join((platform, message_id, code, variant or ""))
    return f"{COMMENT_SOURCE}:{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def cancel_comment_orders(transaction: Connection, taken_back: Sequence[TakenBack]) -> int:
    """Add a cancelled revision to what these messages ordered; return to how many orders. Orders of
    other sources stay: a shop decides about its own.
    """
    if not taken_back:
        return 0
    gone = {one.message.identity: one for one in taken_back}
    standing: dict[str, ConversionEvent] = {}
    c = conversions.c
    people = sorted({(one.message.platform, one.message.user_id) for one in taken_back})
    for some in parts(people):
        query = (
            select(conversions)
            .where(c.source == COMMENT_SOURCE, tuple_(c.platform, c.user_id).in_(some))
            .order_by(c.conversion_id, c.revision)
        )
        for row in transaction.execute(query).mappings():
            if (row["platform"], row["keys"].get("message_id")) in gone:
                standing[row["conversion_id"]] = event_from(row)
    held = [one for one in standing.values() if one.status is not ConversionStatus.CANCELLED]
    if not held:
        return 0
    number_alone(transaction)
    now = transaction.execute(select(database_now())).scalar_one()
    cancelled = []
    for one in held:
        by = gone[one.platform or "", one.keys["message_id"]]
        cancelled.append(
            ConversionEvent(
                source=COMMENT_SOURCE,
                source_event_id=f"{one.conversion_id}#taken-back-{by.revision}",
                conversion_id=one.conversion_id,
                kind=one.kind,
                # A clock that is behind must not put the end before the beginning.
                changed_timestamp=max(now, one.changed_timestamp),
                status=ConversionStatus.CANCELLED,
                platform=one.platform,
                user_id=one.user_id,
                keys=one.keys,
            )
        )
    insert_numbered(transaction, cancelled)
    return len(cancelled)
