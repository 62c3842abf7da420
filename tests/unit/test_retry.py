"""Waiting out outages of the database."""

from __future__ import annotations

from threading import Event

import pytest

from intent.model.errors import Stopping, StoreUnavailable
from intent.retry import Backoff, Repetition, retry_until_available


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


def test_pauses_double_up_to_the_longest_and_begin_anew() -> None:
    backoff = Backoff(1.0, 5.0, draw=lambda: 1.0)
    assert [backoff.next() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert backoff.next() == 1.0


def test_a_pause_is_drawn_from_its_upper_half() -> None:
    assert Backoff(8.0, 60.0, draw=lambda: 0.0).next() == 4.0
    assert 4.0 <= Backoff(8.0, 60.0).next() <= 8.0


def test_what_happens_again_and_again_is_said_twice_as_seldom_each_time() -> None:
    repetition = Repetition()
    assert [n for n in range(1, 40) if repetition.is_due()] == [1, 2, 4, 8, 16, 32]
    repetition.reset()
    assert repetition.is_due()
