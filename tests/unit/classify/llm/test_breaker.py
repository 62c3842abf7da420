"""A server that fails or drags is left alone, tried with a few probes, and used again."""

from __future__ import annotations

import pytest

from intent.classify.llm.breaker import Breaker, BreakerPolicy, State
from intent.model.errors import LlmUnavailable
from tests.unit.classify.llm.asking import Clock


def broken(clock: Clock, **policy: float) -> Breaker:
    breaker = Breaker(BreakerPolicy(least=4, pause=2.0, **policy), clock)  # type: ignore[arg-type]
    for _ in range(4):
        call(breaker, failed=True)
    return breaker


def call(breaker: Breaker, *, failed: bool = False, latency: float = 0.1) -> None:
    breaker.leave(probe=breaker.enter(), failed=failed, latency=latency)


def test_few_failures_change_nothing() -> None:
    breaker = Breaker(BreakerPolicy(least=4), Clock())
    for failed in (True, False, False, False, True, False, False, True):
        call(breaker, failed=failed)
    assert breaker.state is State.CLOSED


def test_many_failures_open_it_and_say_how_long() -> None:
    breaker = broken(Clock())
    assert breaker.state is State.OPEN
    with pytest.raises(LlmUnavailable) as caught:
        breaker.enter()
    assert caught.value.wait == 2.0


def test_slow_calls_open_it_too() -> None:
    breaker = Breaker(BreakerPolicy(least=4, slow=5.0), Clock())
    for _ in range(4):
        call(breaker, latency=6.0)
    assert breaker.state is State.OPEN


def test_one_probe_at_a_time_and_two_good_ones_close_it() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.sleep(2.0)
    assert breaker.enter()
    with pytest.raises(LlmUnavailable):
        breaker.enter()
    breaker.leave(probe=True, failed=False, latency=0.1)
    assert breaker.state is State.HALF_OPEN
    call(breaker)
    assert breaker.state is State.CLOSED
    assert breaker.probes == 2


def test_probes_during_a_long_outage_are_few() -> None:
    clock = Clock()
    breaker = broken(clock, pause_most=60.0)
    ends = clock.now + 3600
    while clock.now < ends:
        try:
            call(breaker, failed=True)
        except LlmUnavailable as error:
            clock.sleep(error.wait or 0.0)
    assert breaker.probes <= 65


def test_a_call_from_before_it_opened_changes_nothing() -> None:
    clock = Clock()
    breaker = Breaker(BreakerPolicy(least=4, pause=2.0), clock)
    early = breaker.enter()
    for _ in range(4):
        call(breaker, failed=True)
    breaker.leave(probe=early, failed=False, latency=0.1)
    assert breaker.state is State.OPEN


def test_a_permission_that_was_not_used_can_be_given_back() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.sleep(2.0)
    breaker.abandon(probe=breaker.enter())
    assert breaker.enter()
    assert breaker.probes == 1
