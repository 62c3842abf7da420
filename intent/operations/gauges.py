"""Turns what is counted in the database into readings of metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from intent.model import database_instruments as told
from intent.model.attempt import NANO, Outcome
from intent.model.hook import DeliveryState, HookState
from intent.model.instruments import Level
from intent.model.listening import SourceState
from intent.model.question import Priority
from intent.operations.sources import SEEN_WITHIN
from intent.store.engine import Database
from intent.store.gauges import Booked, StoreGauges, read_gauges

GONE = "gone"


def read_readings(
    database: Database, *, most: float, hour: float | None, day: float | None
) -> list[Level]:
    """Return what the database tells; every value of a label is there, also with 0.

    Args:
        most: seconds that it may take.
        hour, day: dollars that the LLM may cost; None for no limit.

    Raises:
        StoreUnavailable: the database is away, or did not answer in time.
    """
    found = read_gauges(database, most=most, gone_after=SEEN_WITHIN)
    return [
        *_queues(found),
        *_sources(found),
        *_hooks(found),
        *_money(found, {"hour": hour, "day": day}),
        Level(told.TOMBSTONES, found.tombstones),
        Level(told.SCHEMA, 1.0, (found.migration or "none",)),
    ]


def _queues(found: StoreGauges) -> Iterator[Level]:
    for state in told.INBOX.labels["state"]:
        yield Level(told.INBOX, found.inbox.get(state, 0), (state,))
    for cause in told.DEAD.labels["cause"]:
        yield Level(told.DEAD, found.dead.get(cause, 0), (cause,))
    for priority in Priority:
        yield Level(told.LANE, found.lane.get(priority, 0), (priority.name.lower(),))
    yield Level(told.INBOX_AGE, _age(found.now, found.waiting_since))
    yield Level(told.LANE_AGE, _age(found.now, found.asking_since))
    yield Level(told.LANE_PAUSED, float(found.paused))
    if found.last_decided is not None:
        yield Level(told.DECISION_AGE, _age(found.now, found.last_decided))


def _sources(found: StoreGauges) -> Iterator[Level]:
    counts = dict.fromkeys((*(state.value for state in SourceState), GONE), 0)
    for (state, lately), (count, *_) in found.sources.items():
        counts[state if lately else GONE] += count
    for state, count in counts.items():
        yield Level(told.SOURCES, count, (state,))
    totals = (told.SOURCE_MESSAGES, told.SOURCE_DROPPED, told.SOURCE_RECONNECTS)
    for place, instrument in enumerate(totals, start=1):
        yield Level(instrument, sum(row[place] for row in found.sources.values()))
    every, lasting = found.gaps
    yield Level(told.GAPS, every)
    yield Level(told.GAPS_OPEN, lasting)


def _hooks(found: StoreGauges) -> Iterator[Level]:
    for state in HookState:
        yield Level(told.HOOKS, found.hooks.get(state.value, 0), (state.value,))
    for became in DeliveryState:
        count = found.deliveries.get(became.value, 0)
        yield Level(told.HOOK_DELIVERIES, count, (became.value,))
    yield Level(told.HOOK_AGE, _age(found.now, found.pushing_since))


def _money(found: StoreGauges, limits: Mapping[str, float | None]) -> Iterator[Level]:
    nothing = Booked(0, 0, 0, 0, 0)
    for outcome in Outcome:
        calls = found.booked.get(outcome.value, nothing).calls
        yield Level(told.LLM_CALLS, calls, (outcome.value,))
    booked = list(found.booked.values())
    for kind in told.LLM_TOKENS.labels["kind"]:
        yield Level(told.LLM_TOKENS, sum(getattr(one, kind) for one in booked), (kind,))
    today = sum(one.nanodollars for one in booked) / NANO
    yield Level(told.LLM_COST, today)
    for window, spent in (("hour", found.hour / NANO), ("day", today)):
        yield Level(told.LLM_SPEND, spent, (window,))
        limit = limits[window]
        if limit is not None:
            yield Level(told.LLM_BUDGET, limit, (window,))


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
