"""Waiting out outages, of the database and of the LLM."""

from __future__ import annotations

from threading import Event

import pytest

from intent.model.errors import BudgetSpent, LlmUnavailable, Stopping, StoreUnavailable
from intent.retry import Weather, retry_until_available


class FakeStop(Event):
    """Never waits; remembers for how long it was asked to, and is set after so many times."""

    def __init__(self, after: int = 1000) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.after = after

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return len(self.waits) >= self.after


def away(times: int) -> list[Exception]:
    return [StoreUnavailable("away")] * times


def call(errors: list[Exception]) -> str:
    if errors:
        raise errors.pop()
    return "done"


def test_pauses_grow_up_to_their_limit() -> None:
    stop, errors = FakeStop(), away(6)
    assert (
        retry_until_available(
            lambda: call(errors),
            stop=stop,
            delay=1.0,
            most=5.0,
            waiting=lambda seconds, error: None,
        )
        == "done"
    )
    assert stop.waits == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_being_told_to_leave_ends_the_waiting() -> None:
    errors = away(100)
    with pytest.raises(Stopping):
        retry_until_available(
            lambda: call(errors),
            stop=FakeStop(after=3),
            delay=1.0,
            most=5.0,
            waiting=lambda seconds, error: None,
        )


def test_what_waiting_does_not_cure_passes() -> None:
    errors: list[Exception] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        retry_until_available(
            lambda: call(errors),
            stop=FakeStop(),
            delay=1.0,
            most=5.0,
            waiting=lambda seconds, error: None,
        )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_failures_of_the_same_moment_count_once() -> None:
    clock = Clock()
    weather = Weather(8, 1.0, 30.0, clock)
    first = weather.failed(LlmUnavailable("away"))
    assert [weather.failed(LlmUnavailable("away")) for _ in range(7)] == [pytest.approx(first)] * 7
    clock.now += first
    assert 1.5 <= weather.failed(LlmUnavailable("away")) <= 2.0


def test_after_the_pause_one_call_tries_until_one_is_answered() -> None:
    clock = Clock()
    weather = Weather(8, 1.0, 30.0, clock)
    assert weather.may_take(7)
    weather.failed(LlmUnavailable("slow down", wait=5.0))
    assert not weather.may_take(0)
    clock.now += 5.0
    assert (weather.may_take(0), weather.may_take(1)) == (True, False)
    weather.answered()
    assert weather.may_take(7)


def test_trouble_is_news_once_until_the_next_answer() -> None:
    weather = Weather(8, 1.0, 30.0, Clock())
    error = LlmUnavailable("away")
    assert [
        weather.is_news(error),
        weather.is_news(error),
        weather.is_news(BudgetSpent("spent", wait=9.0)),
    ] == [True, False, True]
    weather.answered()
    assert weather.is_news(error)


def test_spent_money_is_hopeless_at_once_and_an_outage_after_a_while() -> None:
    clock = Clock()
    weather = Weather(8, 1.0, 30.0, clock)
    assert weather.hopeless(60.0) is None
    weather.failed(LlmUnavailable("away"))
    assert weather.hopeless(60.0) is None
    clock.now += 61.0
    assert isinstance(weather.hopeless(60.0), LlmUnavailable)
    spent = BudgetSpent("spent", wait=9.0)
    weather.spent(spent)
    assert weather.hopeless(60.0) is spent
