"""The append-only record of decisions, and the ways to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, column, select, table

from intent.decision import Slot
from intent.ports import Entry
from intent.store.engine import Database, insert_for
from intent.store.rows import decision_row
from intent.store.schema import MILLION, decision_labels, decisions, messages

PRODUCTION = "production"
"""Name of the live run."""

current_decisions = table("current_decisions", *(column(c.name, c.type) for c in decisions.columns))


class SqlDecisions:
    """Decisions in SQL; the transaction is an SQLAlchemy connection."""

    def save(self, transaction: Connection, entries: Sequence[Entry]) -> list[Entry]:
        """Insert entries, and return those that were inserted; a revision that exists already stays as it is."""
        if not entries:
            return []
        statement = insert_for(transaction, decisions).on_conflict_do_nothing()
        returned = transaction.execute(
            statement.returning(decisions.c.id, decisions.c.platform, decisions.c.message_id, decisions.c.revision),
            [decision_row(entry) for entry in entries],
        ).all()
        ids = {(platform, message_id, revision): number for number, platform, message_id, revision in returned}
        inserted: list[Entry] = []
        labels: list[dict[str, Any]] = []
        for entry in entries:
            # pop: the same revision twice in one call was inserted once.
            number = ids.pop((*entry.message.identity, entry.revision), None)
            if number is None:
                continue
            inserted.append(entry)
            labels.extend({"decision_id": number, "label": label, "event_timestamp": entry.message.sent_at} for label in entry.decision.labels)
        if labels:
            transaction.execute(decision_labels.insert(), labels)
        return inserted


@dataclass(frozen=True, slots=True)
class Lead:
    """A current decision with at least one lead intent, as a person reads it."""

    platform: str
    message_id: str
    room_id: str
    user_id: str
    event_timestamp: datetime
    labels: tuple[str, ...]
    lead_probability: float
    text: str
    slots: tuple[Slot, ...]
    decided_by: str
    item: str | None


def read_leads(
    database: Database,
    *,
    room: str | None = None,
    label: str | None = None,
    since: datetime | None = None,
    minimum: float = 0.0,
    limit: int | None = None,
) -> Iterator[Lead]:
    """Yield current leads, newest first.

    Args:
        room: only this room_id.
        label: only leads that carry this intent.
        since: only messages said at or after this instant.
        minimum: smallest lead probability, 0 to 1.
        limit: at most so many.
    """
    d, m = current_decisions, messages
    query = (
        select(d.c.platform, d.c.message_id, d.c.room_id, d.c.user_id, d.c.event_timestamp, d.c.labels, d.c.lead_probability, m.c.text, d.c.slots)
        .add_columns(d.c.decided_by, m.c.item)
        .join_from(d, m, and_(m.c.platform == d.c.platform, m.c.message_id == d.c.message_id))
        .where(d.c.is_lead, d.c.lead_probability >= round(minimum * MILLION))
        .order_by(d.c.event_timestamp.desc(), d.c.id.desc())
    )
    if room is not None:
        query = query.where(d.c.room_id == room)
    if label is not None:
        query = query.where(d.c.id.in_(select(decision_labels.c.decision_id).where(decision_labels.c.label == label)))
    if since is not None:
        query = query.where(d.c.event_timestamp >= since)
    with database.read() as connection:
        for row in connection.execution_options(yield_per=1000).execute(query.limit(limit)).mappings():
            yield Lead(
                **{
                    **row,
                    "labels": tuple(row["labels"]),
                    "slots": tuple(Slot(*pair) for pair in row["slots"]),
                    "lead_probability": row["lead_probability"] / MILLION,
                }
            )
