"""What waits for the LLM, since when, and what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from intent.operations.money import Money, read_money
from intent.ports.asking import Lane
from intent.queues.lane import SqlLane, Waiting
from intent.store.engine import Database
from intent.store.ledger import Spent, SqlLedger


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """Open questions by run and priority, money, the calls of the last 24 hours by outcome, and
    since when the lane is paused, if it is.
    """

    waiting: Sequence[Waiting]
    money: Money
    calls: Sequence[Spent]
    paused: datetime | None = None


def read_lane(
    database: Database, lane: SqlLane, *, hour: float | None, day: float | None
) -> LaneStatus:
    """Return what waits and what was spent; ``hour`` and ``day`` are the limits in dollars."""
    calls = SqlLedger(database).summary(datetime.now(UTC) - timedelta(days=1))
    money = read_money(database, hour=hour, day=day)
    return LaneStatus(lane.overview(), money, calls, lane.paused())


def pause_lane(lane: Lane) -> datetime:
    """Let no asker, in whatever process, begin with another batch; return since when it is so.

    Running calls come to their end, and what is unsure goes on to be put into the lane.
    """
    lane.pause()
    since = lane.paused()
    assert since is not None, "somebody resumed it at this very moment"
    return since


def resume_lane(lane: Lane) -> int:
    """Let askers go on; return how many questions wait for them."""
    lane.resume()
    return lane.waiting()
