"""Reads leads as the inbox shows them: the hot and unanswered first, the newest first in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
)

from intent.model.decision import DecidedBy, Slot
from intent.model.errors import WrongUse
from intent.model.lead import LeadState, lead_id, read_lead_id
from intent.store.decision_tables import CHATTER, NAMED
from intent.store.lead_tables import STANDING
from intent.store.schema import MILLION, contacts, decision_labels, decisions, leads, messages
from intent.store.times import from_microseconds, microseconds

COUNTED_MOST = 10_000
"""Leads that are counted, at most: what waits is shown anew with every change."""


@dataclass(frozen=True, slots=True)
class ShelfFilter:
    """What of the inbox is looked at; empty is everything.

    Attributes:
        room: one room_id.
        label: leads that carry this intent.
        state: ``unanswered``, or open, taken, done, not_a_lead.
        text: what the message or its author's id holds, large or small.
        hot: hot ones alone.
        since: what was said at or after this instant.
        minimum: smallest lead probability, 0 to 1.
    """

    room: str = ""
    label: str = ""
    state: str = ""
    text: str = ""
    hot: bool = False
    since: datetime | None = None
    minimum: float = 0.0


@dataclass(frozen=True, slots=True)
class ShelvedLead:
    """A lead as it stands, with its message.

    Attributes:
        attention: 2 for hot and unanswered, 1 for unanswered, 0 for the others.
        lead_probability: between 0 and 1.
        decided_by: local, llm or human.
        has_contacts: the vault has contact details of its message.
    """

    platform: str
    message_id: str
    room_id: str
    user_id: str
    event_timestamp: datetime
    hot: bool
    attention: int
    answered_by: str | None
    state: str
    taken_by: str | None
    version: int
    lead_probability: float
    labels: tuple[str, ...]
    slots: tuple[Slot, ...]
    text: str
    item: str | None
    lang: str | None
    reply_to_text: str | None
    decided_by: str
    has_contacts: bool

    @property
    def id(self) -> str:
        """The lead's id in addresses."""
        return lead_id(self.platform, self.message_id)

    @property
    def place(self) -> str:
        """Where it stands in the inbox, for what comes behind it."""
        return f"{self.attention}.{microseconds(self.event_timestamp)}.{self.id}"


@dataclass(frozen=True, slots=True)
class ShelfCounts:
    """What waits.

    Attributes:
        waiting: unanswered leads, :data:`COUNTED_MOST` at most; ``hot`` the hot ones among them.
        middle: since when the one in the middle waits; None where none does, or more do than were
            counted.
        more: there are more than were counted.
        away: numbers of shards that are away, whose leads are not counted.
    """

    waiting: int
    hot: int
    middle: datetime | None
    more: bool = False
    away: tuple[int, ...] = ()


def read_shelf(
    connection: Connection, asked: ShelfFilter, *, behind: str = "", limit: int
) -> list[ShelvedLead]:
    """Return leads in the order of the inbox.

    Args:
        behind: the :attr:`ShelvedLead.place` of the last one that was shown.

    Raises:
        WrongUse: ``behind`` is no such place.
    """
    c = leads.c
    query = _query(asked)
    order = (c.attention, c.event_timestamp, c.platform, c.message_id)
    if behind:
        values = zip(order, _read_place(behind), strict=True)
        query = query.where(
            tuple_(*order) < tuple_(*(literal(value, column.type) for column, value in values))
        )
    ordered = query.order_by(*(column.desc() for column in order)).limit(limit)
    return [_shelved(row) for row in connection.execute(ordered).mappings()]


def read_shelved(
    connection: Connection, identities: Sequence[tuple[str, str]], asked: ShelfFilter
) -> list[ShelvedLead]:
    """Return those of these leads that are among what is asked for, in no order."""
    here = tuple_(leads.c.platform, leads.c.message_id).in_(identities)
    rows = connection.execute(_query(asked).where(here)).mappings()
    return [_shelved(row) for row in rows]


def count_shelf(connection: Connection, room: str = "") -> ShelfCounts:
    """Count what waits, in all rooms or in one; it looks at :data:`COUNTED_MOST` leads of either
    kind at most.
    """
    waits = _waiting(room).subquery().c
    total, number = connection.execute(select(func.count(), func.sum(waits.hot))).one()
    if total > COUNTED_MOST:
        return ShelfCounts(COUNTED_MOST, min(number, COUNTED_MOST), None, more=True)
    middle = select(waits.event_timestamp).order_by(waits.event_timestamp)
    since = connection.execute(middle.offset(total // 2).limit(1)).scalar_one_or_none()
    return ShelfCounts(total, number or 0, since)


def read_waiting(connection: Connection, room: str = "") -> list[tuple[datetime, bool]]:
    """Return what :func:`count_shelf` counts: since when each waits, and whether it is hot."""
    rows = connection.execute(_waiting(room))
    return [(row.event_timestamp, bool(row.hot)) for row in rows]


def count_waiting_leads(waits: Sequence[tuple[datetime, bool]], away: Sequence[int]) -> ShelfCounts:
    """Count what waits in several shards, as :func:`count_shelf` does in one."""
    total, hot = len(waits), sum(is_hot for _, is_hot in waits)
    if total > COUNTED_MOST:
        return ShelfCounts(COUNTED_MOST, min(hot, COUNTED_MOST), None, True, tuple(away))
    middle = sorted(since for since, _ in waits)[total // 2] if total else None
    return ShelfCounts(total, hot, middle, away=tuple(away))


def _waiting(room: str) -> CompoundSelect[Any]:
    c = leads.c
    here = and_(STANDING, c.room_id == room) if room else STANDING
    hot, others = (
        select(c.event_timestamp).where(here, c.attention == attention).limit(COUNTED_MOST + 1)
        for attention in (2, 1)
    )
    parts = [
        select(part.subquery().c.event_timestamp, literal(is_hot).label("hot"))
        for part, is_hot in ((hot, 1), (others, 0))
    ]
    return union_all(*parts)


def read_lead_rooms(connection: Connection, limit: int) -> list[tuple[str, int, int, datetime]]:
    """Return rooms with leads, that of the newest lead first: room_id, leads, unanswered ones, and
    when the newest was said.
    """
    c = leads.c
    unanswered = func.count().filter(c.attention > 0)
    newest = func.max(c.event_timestamp)
    query = select(c.room_id, func.count(), unanswered, newest).where(STANDING)
    grouped = query.group_by(c.room_id).order_by(newest.desc(), c.room_id).limit(limit)
    return [tuple(row) for row in connection.execute(grouped)]


def _query(asked: ShelfFilter) -> Select[Any]:
    c, d, m, v = leads.c, decisions.c, messages.c, contacts.c
    sealed = exists().where(v.platform == c.platform, v.message_id == c.message_id)
    own = ("platform", "message_id", "room_id", "user_id", "event_timestamp", "hot", "attention")
    more = ("answered_by", "state", "taken_by", "version", "lead_probability")
    query = (
        select(*(c[name] for name in (*own, *more)))
        .add_columns(d.labels, d.slots, m.text, m.item, m.lang, m.reply_to_text, d.decided_by)
        .add_columns(sealed.label("has_contacts"))
        .select_from(leads)
        .join(decisions, d.id == c.decision_id)
        .join(messages, and_(m.platform == c.platform, m.message_id == c.message_id))
    )
    if asked.state == LeadState.NOT_A_LEAD:
        # It stands no more; what was taken back since then is not shown to anybody.
        query = query.where(d.decided_by == DecidedBy.HUMAN.value)
    else:
        query = query.where(STANDING)
    if asked.room:
        query = query.where(c.room_id == asked.room)
    if asked.hot:
        query = query.where(c.hot)
    if asked.since is not None:
        query = query.where(c.event_timestamp >= asked.since)
    if asked.minimum > 0:
        query = query.where(c.lead_probability >= round(asked.minimum * MILLION))
    if asked.state == "unanswered":
        query = query.where(c.attention > 0)
    elif asked.state:
        query = query.where(c.state == asked.state)
    if asked.label:
        query = query.where(d.id.in_(_labelled(asked.label)))
    if asked.text:
        query = query.where(
            or_(
                m.text.icontains(asked.text, autoescape=True),
                c.user_id.icontains(asked.text, autoescape=True),
            )
        )
    return query


def _labelled(label: str) -> Select[Any]:
    named = select(decision_labels.c.decision_id).where(decision_labels.c.label == label)
    # Said to the database literally, so that it finds the index.
    return named if label == CHATTER else named.where(text(NAMED))


def _read_place(place: str) -> tuple[int, datetime, str, str]:
    try:
        attention, said, lead = place.split(".")
        return int(attention), from_microseconds(int(said)), *read_lead_id(lead)
    except (ValueError, OverflowError):
        raise WrongUse("that is no place in the inbox; start again from its first page") from None


def _shelved(row: RowMapping) -> ShelvedLead:
    values = {
        "labels": tuple(row["labels"]),
        "slots": tuple(Slot(*pair) for pair in row["slots"]),
        "lead_probability": row["lead_probability"] / MILLION,
        "has_contacts": bool(row["has_contacts"]),
    }
    return ShelvedLead(**{**row, **values})
