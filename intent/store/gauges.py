"""Counts what metrics tell of the database, in few bounded statements: whatever is large is counted
by an index alone, and money by the day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, text

from intent.model.hook import DeliveryState, HookState
from intent.store.engine import Database
from intent.store.overview import waiting_since
from intent.store.revision import read_revision
from intent.store.schema import (
    TRIED,
    ask_lane,
    database_now,
    dead_letters,
    decisions,
    hook_deliveries,
    hooks,
    inbox,
    lane_pauses,
    listened_sources,
    llm_attempts,
    source_gaps,
    tombstones,
)

IN_CONFLICT = "message_id: is known from another %"
"""How the reason of a conflict begins, for LIKE; a test holds it against what puts one."""


@dataclass(frozen=True, slots=True)
class Booked:
    """Calls of one outcome since midnight (UTC): how many, tokens by kind, nanodollars."""

    calls: int
    input: int
    cached: int
    output: int
    nanodollars: int


@dataclass(frozen=True, slots=True)
class StoreGauges:
    """Counts as of ``now``, the database's clock.

    Attributes:
        inbox: messages that wait, by state: fresh, claimed, again.
        waiting_since: when the first of them was accepted.
        last_decided: when the newest decision was stored.
        lane: open questions by the number of their priority.
        asking_since: when the oldest of them was put.
        dead: dead letters by cause: refused, conflicting, undecided.
        gaps: stretches of blindness, and how many of them last.
        sources: by state and whether their process has told of them lately: how many, and their
            messages, dropped and reconnects.
        booked: what was booked since midnight by outcome.
        hour: nanodollars booked in this calendar hour.
        hooks, deliveries: by state.
        pushing_since: when the oldest was put on its way that an active hook has not accepted.
    """

    now: datetime
    migration: str | None
    inbox: Mapping[str, int]
    waiting_since: datetime | None
    last_decided: datetime | None
    lane: Mapping[int, int]
    asking_since: datetime | None
    paused: bool
    dead: Mapping[str, int]
    gaps: tuple[int, int]
    sources: Mapping[tuple[str, bool], tuple[int, int, int, int]]
    booked: Mapping[str, Booked]
    hour: int
    tombstones: int
    hooks: Mapping[str, int]
    deliveries: Mapping[str, int]
    pushing_since: datetime | None


def read_gauges(database: Database, *, most: float, gone_after: timedelta) -> StoreGauges:
    """Count, in one consistent view.

    Args:
        most: seconds that a statement may take.
        gone_after: a source of which nothing was told for so long has no process any more.

    Raises:
        StoreUnavailable: the database is away, or did not answer in time.
    """
    with database.read(most=most) as connection:
        now = connection.execute(select(database_now())).scalar_one()
        newest = select(decisions.c.created_timestamp).order_by(decisions.c.id.desc()).limit(1)
        g = source_gaps.c
        gaps, ended = connection.execute(select(func.count(), func.count(g.until))).one()
        oldest = select(func.min(ask_lane.c.wanted_timestamp))
        hour = now.replace(minute=0, second=0, microsecond=0)
        return StoreGauges(
            now=now,
            migration=read_revision(connection),
            inbox=_inbox(connection, now),
            waiting_since=waiting_since(connection),
            last_decided=connection.execute(newest).scalar_one_or_none(),
            lane=_lane(connection),
            asking_since=connection.execute(oldest).scalar_one_or_none(),
            paused=connection.execute(select(lane_pauses)).first() is not None,
            dead=_dead(connection),
            gaps=(gaps, gaps - ended),
            sources=_sources(connection, now - gone_after),
            booked=_booked(connection, hour.replace(hour=0)),
            hour=_nanodollars(connection, hour),
            tombstones=_count(connection, tombstones.c.id),
            hooks=_by_state(connection, hooks.c.state),
            deliveries=_by_state(connection, hook_deliveries.c.state),
            pushing_since=_pushing_since(connection),
        )


def _inbox(connection: Connection, now: datetime) -> dict[str, int]:
    # Of a long queue nearly all are fresh: they are counted by a key alone.
    claimed = and_(inbox.c.token.is_not(None), inbox.c.available_timestamp > now)
    tried = select(func.count(), func.coalesce(func.sum(case((claimed, 1), else_=0)), 0))
    every = _count(connection, inbox.c.id)
    known, held = connection.execute(tried.select_from(inbox).where(text(f"({TRIED})"))).one()
    return {"fresh": every - known, "claimed": int(held), "again": known - int(held)}


def _lane(connection: Connection) -> dict[int, int]:
    by = select(ask_lane.c.priority, func.count().label("number")).group_by(ask_lane.c.priority)
    return {row.priority: row.number for row in connection.execute(by)}


def _dead(connection: Connection) -> dict[str, int]:
    d = dead_letters.c
    cause = case(
        (d.platform.is_not(None), "undecided"),
        (d.reason.like(IN_CONFLICT), "conflicting"),
        else_="refused",
    )
    counted = select(cause.label("cause"), func.count().label("number")).group_by(text("cause"))
    return {row.cause: row.number for row in connection.execute(counted)}


def _sources(
    connection: Connection, told_after: datetime
) -> dict[tuple[str, bool], tuple[int, int, int, int]]:
    c = listened_sources.c
    query = select(
        c.state,
        or_(c.seen_timestamp > told_after, c.state.not_in(("reading", "waiting"))).label("told"),
        c.messages,
        c.dropped,
        c.reconnects,
    )
    found: dict[tuple[str, bool], tuple[int, int, int, int]] = {}
    for row in connection.execute(query):
        key = (row.state, bool(row.told))
        count, messages, dropped, reconnects = found.get(key, (0, 0, 0, 0))
        found[key] = (
            count + 1,
            messages + row.messages,
            dropped + row.dropped,
            reconnects + row.reconnects,
        )
    return found


def _booked(connection: Connection, since: datetime) -> dict[str, Booked]:
    c = llm_attempts.c
    sums = [func.sum(one) for one in (c.input_tokens, c.cached_tokens, c.output_tokens)]
    query = (
        select(c.outcome, func.count(), *sums, func.sum(c.nanodollars))
        .where(c.started_timestamp >= since)
        .group_by(c.outcome)
    )
    return {
        outcome: Booked(*(int(value) for value in values))
        for outcome, *values in connection.execute(query)
    }


def _nanodollars(connection: Connection, since: datetime) -> int:
    c = llm_attempts.c
    booked = func.coalesce(func.sum(c.nanodollars), 0)
    return int(connection.execute(select(booked).where(c.started_timestamp >= since)).scalar_one())


def _by_state(connection: Connection, state: ColumnElement[str]) -> dict[str, int]:
    by = select(state.label("state"), func.count().label("number")).group_by(state)
    return {row.state: row.number for row in connection.execute(by)}


def _pushing_since(connection: Connection) -> datetime | None:
    d = hook_deliveries.c
    oldest = (
        select(func.min(d.created_timestamp))
        .join_from(hook_deliveries, hooks, d.hook_id == hooks.c.id)
        .where(hooks.c.state == HookState.ACTIVE.value, d.state == DeliveryState.WAITING.value)
    )
    return connection.execute(oldest).scalar_one_or_none()


def _count(connection: Connection, key: object) -> int:
    return connection.execute(select(func.count(key))).scalar_one()  # type: ignore[arg-type]
