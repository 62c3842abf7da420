"""Reads what was said and decided in one room: leads a row at a time, the rest by minute, and the
room's gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    String,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)

from intent.model.decision import UNMEASURED, DecidedBy
from intent.model.message import AuthorRole
from intent.store.decisions import current_decisions
from intent.store.schema import (
    INTENTS,
    MILLION,
    ask_lane,
    inbox,
    leads,
    messages,
    source_gaps,
)


@dataclass(frozen=True, slots=True)
class RoomSpan:
    """What was accepted of a room, decided or not.

    Attributes:
        seen: accepted messages.
        people: distinct authors among viewers.
        staff_replies: messages of host and moderators that reply to somebody.
        first, last: when the first and the last was said; None where there is none.
        waiting: messages without a decision.
        asking: open questions to the LLM.
        offer: what the room offers, in the words that came last.
    """

    seen: int
    people: int
    staff_replies: int
    first: datetime | None
    last: datetime | None
    waiting: int
    asking: int
    offer: str | None


@dataclass(frozen=True, slots=True)
class RoomGap:
    """A stretch in which a source was blind in the room; ``until`` is None while it lasts."""

    since: datetime
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class QuietMinute:
    """The messages of one minute that are decided and no leads.

    Attributes:
        at: begin of the minute, UTC.
        staff: said by host or moderators.
        retracted: taken back.
        unmeasured: of viewers, with probabilities that nobody has measured.
        sums, spreads: over the viewers' other ones the sums of p and of p(1−p), for lead and then
            for the intents in the order of :data:`INTENTS`; p in millionths.
    """

    at: datetime
    viewers: int
    staff: int
    retracted: int
    unmeasured: int
    sums: tuple[int, ...]
    spreads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoomLead:
    """A lead of a room.

    Attributes:
        item: the item on screen, in words or by its id.
        staff: said by host or moderator.
        measured: its probabilities are calibrated, or a person's.
        probabilities: of the intents in the order of :data:`INTENTS`, in millionths.
        answered: the host replied to it, or somebody marked it as answered or done.
        handled: somebody did anything with it.
        taken: it is in somebody's hands.
    """

    message_id: str
    user_id: str
    said_at: datetime
    item: str | None
    staff: bool
    measured: bool
    lead_probability: int
    labels: tuple[str, ...]
    probabilities: tuple[int, ...]
    text: str
    answered: bool
    handled: bool
    taken: bool


def platforms_of(connection: Connection, room_id: str) -> list[str]:
    """Return the platforms on which a room of this id has messages, in order."""
    m = messages.c
    query = select(m.platform).where(m.room_id == room_id).distinct().order_by(m.platform)
    return list(connection.scalars(query))


def read_span(connection: Connection, platform: str, room_id: str) -> RoomSpan:
    """Count what was accepted of a room."""
    m = messages.c
    here = (m.platform == platform, m.room_id == room_id)
    staff = m.author_role != AuthorRole.VIEWER.value
    counted = connection.execute(
        select(
            func.count().label("seen"),
            func.count(func.distinct(case((~staff, m.user_id)))).label("people"),
            func.count(case((and_(staff, m.reply_to_id.is_not(None)), 1))).label("staff_replies"),
            func.min(m.sent_at).label("first"),
            func.max(m.sent_at).label("last"),
        ).where(*here)
    ).one()
    offered = select(m.offer).where(*here, m.offer.is_not(None)).order_by(m.sent_at.desc()).limit(1)
    waiting = (
        select(func.count())
        .select_from(inbox)
        .join(messages, and_(m.platform == inbox.c.platform, m.message_id == inbox.c.message_id))
        .where(*here)
    )
    asking = select(func.count()).where(
        ask_lane.c.platform == platform, ask_lane.c.room_id == room_id
    )
    return RoomSpan(
        **counted._mapping,
        waiting=connection.execute(waiting).scalar_one(),
        asking=connection.execute(asking).scalar_one(),
        offer=connection.execute(offered).scalar_one_or_none(),
    )


def read_room_gaps(connection: Connection, platform: str, room_id: str) -> list[RoomGap]:
    """Return the gaps of a room in order of time."""
    g = source_gaps.c
    query = (
        select(g.since, g.until, g.reason)
        .where(g.platform == platform, g.room_id == room_id)
        .order_by(g.since)
    )
    return [RoomGap(*row) for row in connection.execute(query)]


def read_quiet_minutes(
    connection: Connection, platform: str, room_id: str
) -> Iterator[QuietMinute]:
    """Yield what was decided in a room and is no lead, by minute, in no order."""
    d = current_decisions.c
    retracted = d.decided_by == DecidedBy.PLATFORM.value
    viewers = and_(d.author_role == AuthorRole.VIEWER.value, ~retracted)
    measured = and_(viewers, _measured())
    columns = [d.lead_probability, *(d[f"p_{intent}"] for intent in INTENTS)]
    minute = (
        func.date_trunc("minute", d.event_timestamp)
        if connection.dialect.name == "postgresql"
        else func.substr(d.event_timestamp, 1, 16, type_=String())
    )
    query = (
        select(
            minute.label("at"),
            func.count(case((viewers, 1))),
            func.count(case((and_(~viewers, ~retracted), 1))),
            func.count(case((retracted, 1))),
            func.count(case((and_(viewers, ~_measured()), 1))),
            *(_summed(measured, p) for p in columns),
            *(_summed(measured, cast(p, BigInteger) * (MILLION - p)) for p in columns),
        )
        .where(d.platform == platform, d.room_id == room_id, ~d.is_lead)
        .group_by(minute)
    )
    for at, *values in connection.execute(query.execution_options(yield_per=1000)):
        sums = tuple(map(int, values[4:]))
        viewers, staff, retracted, unmeasured = values[:4]
        counts = (viewers, staff, retracted, unmeasured)
        yield QuietMinute(_minute(at), *counts, sums[: len(columns)], sums[len(columns) :])


def _summed(which: ColumnElement[bool], value: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((which, value))), 0)


def _measured() -> ColumnElement[bool]:
    d = current_decisions.c
    return or_(d.decided_by == DecidedBy.HUMAN.value, d.calibration_version != UNMEASURED)


def _minute(value: datetime | str) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)


def read_room_leads(connection: Connection, platform: str, room_id: str) -> Iterator[RoomLead]:
    """Yield the leads of a room, in no order."""
    d, m, lead = current_decisions.c, messages.c, leads.c
    query = (
        select(
            d.message_id,
            d.user_id,
            d.event_timestamp,
            d.author_role,
            _measured().label("measured"),
            d.lead_probability,
            d.labels,
            *(d[f"p_{intent}"] for intent in INTENTS),
            func.coalesce(m.item, m.item_id).label("item"),
            m.text,
            lead.answered_timestamp,
            lead.state,
        )
        .join_from(
            current_decisions,
            messages,
            and_(m.platform == d.platform, m.message_id == d.message_id),
        )
        .outerjoin(leads, and_(lead.platform == d.platform, lead.message_id == d.message_id))
        .where(d.platform == platform, d.room_id == room_id, d.is_lead)
    )
    for row in connection.execute(query.execution_options(yield_per=1000)).mappings():
        yield _room_lead(row)


def _room_lead(row: RowMapping) -> RoomLead:
    return RoomLead(
        message_id=row["message_id"],
        user_id=row["user_id"],
        said_at=row["event_timestamp"],
        item=row["item"],
        staff=row["author_role"] != AuthorRole.VIEWER.value,
        measured=bool(row["measured"]),
        lead_probability=row["lead_probability"],
        labels=tuple(row["labels"]),
        probabilities=tuple(row[f"p_{intent}"] for intent in INTENTS),
        text=row["text"],
        answered=row["answered_timestamp"] is not None or row["state"] == "done",
        handled=row["state"] not in (None, "open"),
        taken=row["state"] == "taken",
    )
