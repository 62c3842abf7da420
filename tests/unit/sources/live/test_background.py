"""Waiting without blocking."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest

from intent.model.batch import Batch
from intent.sources.live.background import meanwhile, pause


def ended_with(waiting: Generator[Batch, None, object]) -> object:
    returned = []

    def outer() -> Iterator[Batch]:
        returned.append((yield from waiting))

    assert set(outer()) <= {Batch()}
    return returned[0]


def test_a_call_that_blocks_is_waited_for_with_empty_batches() -> None:
    may_end = threading.Event()
    waiting = meanwhile(lambda: may_end.wait(60) and "answer")
    assert next(waiting) == Batch()
    may_end.set()
    assert ended_with(waiting) == "answer"


def test_what_a_call_raises_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(meanwhile(lambda: 1 // 0))


def test_a_pause_ends_when_its_time_has_passed() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    assert list(pause(1.0, clock=lambda: now[0], sleep=sleep)) == [Batch()] * 5
    assert now[0] == pytest.approx(1.0)
    assert list(pause(-1.0, clock=lambda: now[0], sleep=sleep)) == []
