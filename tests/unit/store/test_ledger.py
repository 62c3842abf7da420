"""The ledger, the kept replies, and the budgets of hour and day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intent.classify.llm.budget import LedgerBudget
from intent.model.attempt import Attempt, Outcome
from intent.model.errors import BudgetSpent
from intent.store.engine import Database
from intent.store.ledger import SqlLedger, SqlReplies
from tests.conftest import rows

NOON = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


def attempt(started: datetime = NOON, **values: Any) -> Attempt:
    given = {
        "request": "r" * 64,
        "run": "production",
        "platform": "tiktok",
        "room_id": "room-1",
        "prompt": "p",
        "model": "m",
        "messages": 20,
        "outcome": Outcome.ANSWERED,
        "input_tokens": 2000,
        "cached_tokens": 1024,
        "cache_write_tokens": 0,
        "output_tokens": 200,
        "nanodollars": 250_000,
        "latency": 1.5,
        "started": started,
    }
    return Attempt(**{**given, **values})


def test_every_attempt_has_a_row_also_when_it_repeats_a_request(database: Database) -> None:
    ledger = SqlLedger(database)
    ledger.book(attempt(outcome=Outcome.RATE_LIMITED, nanodollars=0))
    ledger.book(attempt())
    assert [(row["outcome"], row["input_tokens"]) for row in rows(database, "llm_attempts")] == [
        ("rate_limited", 2000),
        ("answered", 2000),
    ]


def test_spending_is_summed_exactly_since_an_instant(database: Database) -> None:
    ledger = SqlLedger(database)
    for minutes in (0, 10, 20):
        ledger.book(attempt(NOON + timedelta(minutes=minutes), nanodollars=2**53 + 1))
    assert ledger.spent(NOON + timedelta(minutes=10)) == 2 * (2**53 + 1)
    assert ledger.spent(NOON + timedelta(hours=1)) == 0


def test_a_reply_that_is_kept_is_found_and_stays_as_it_was(database: Database) -> None:
    replies = SqlReplies(database)
    replies.keep({"a": b"first", "b": "zwei 二".encode()})
    replies.keep({"a": b"second", "c": b""})
    replies.keep({})
    assert replies.find(["a", "b", "c", "d"]) == {"a": b"first", "b": "zwei 二".encode(), "c": b""}


def test_replies_of_a_certain_age_are_forgotten(database: Database) -> None:
    replies = SqlReplies(database)
    replies.keep({"a": b"x"})
    assert replies.forget(3600) == 0
    assert replies.forget() == 1
    assert replies.find(["a"]) == {}


class FakeLedger:
    """Remembers what was spent and when."""

    def __init__(self) -> None:
        self.booked: list[tuple[datetime, int]] = []

    def book(self, attempt: Attempt) -> None:
        self.booked.append((attempt.started, attempt.nanodollars))

    def spent(self, since: datetime) -> int:
        return sum(nanodollars for started, nanodollars in self.booked if started >= since)


def budget(
    ledger: FakeLedger, now: datetime = NOON, *, hour: float | None = 1.0, day: float | None = 2.0
) -> LedgerBudget:
    return LedgerBudget(ledger, hour=hour, day=day, clock=lambda: now)


def reserve(one: LedgerBudget, dollars: float) -> None:
    with one.reserve(round(dollars * 1_000_000_000)):
        pass


def test_what_is_left_may_be_spent_and_not_more() -> None:
    ledger = FakeLedger()
    ledger.book(attempt(nanodollars=600_000_000))
    reserve(budget(ledger), 0.4)
    with pytest.raises(BudgetSpent, match="budget of this hour"):
        reserve(budget(ledger), 0.400000001)


def test_what_running_calls_may_cost_is_held_until_they_end() -> None:
    one = budget(FakeLedger())
    with one.reserve(700_000_000), pytest.raises(BudgetSpent):
        reserve(one, 0.4)
    reserve(one, 0.4)


def test_a_new_hour_has_money_again_until_the_day_has_none() -> None:
    ledger = FakeLedger()
    ledger.book(attempt(NOON, nanodollars=1_000_000_000))
    ledger.book(attempt(NOON + timedelta(hours=1), nanodollars=1_000_000_000))
    reserve(budget(ledger, NOON + timedelta(hours=1), day=None, hour=1.5), 0.1)
    with pytest.raises(BudgetSpent, match="budget of this day") as caught:
        reserve(budget(ledger, NOON + timedelta(hours=2)), 0.1)
    assert caught.value.wait == pytest.approx(9.5 * 3600)


def test_the_wait_is_until_the_next_hour() -> None:
    with pytest.raises(BudgetSpent) as caught:
        reserve(budget(FakeLedger(), hour=0.0), 0.1)
    assert caught.value.wait == pytest.approx(1800)


def test_without_limits_and_for_calls_that_cost_nothing_everything_passes() -> None:
    reserve(budget(FakeLedger(), hour=None, day=None), 1e6)
    reserve(budget(FakeLedger(), hour=0.0), 0.0)
