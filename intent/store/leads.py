"""Reads leads: the current ones, as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, and_, select

from intent.model.decision import Slot
from intent.store.decisions import current_decisions
from intent.store.engine import Database
from intent.store.schema import MILLION, decision_labels, messages


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
        select(
            d.c.platform,
            d.c.message_id,
            d.c.room_id,
            d.c.user_id,
            d.c.event_timestamp,
            d.c.labels,
            d.c.lead_probability,
            m.c.text,
            d.c.slots,
        )
        .add_columns(d.c.decided_by, m.c.item)
        .join_from(d, m, and_(m.c.platform == d.c.platform, m.c.message_id == d.c.message_id))
        .where(d.c.is_lead, d.c.lead_probability >= round(minimum * MILLION))
        .order_by(d.c.event_timestamp.desc(), d.c.id.desc())
    )
    if room is not None:
        query = query.where(d.c.room_id == room)
    if label is not None:
        query = query.where(
            d.c.id.in_(
                select(decision_labels.c.decision_id).where(decision_labels.c.label == label)
            )
        )
    if since is not None:
        query = query.where(d.c.event_timestamp >= since)
    with database.read() as connection:
        for row in connection.execute(
            query.limit(limit).execution_options(yield_per=1000)
        ).mappings():
            yield _lead(row)


def _lead(row: RowMapping) -> Lead:
    values = {
        "labels": tuple(row["labels"]),
        "slots": tuple(Slot(*pair) for pair in row["slots"]),
        "lead_probability": row["lead_probability"] / MILLION,
    }
    return Lead(**{**row, **values})
