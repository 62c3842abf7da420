"""A server that fails or drags is left alone, tried with a few probes, and used again."""

from __future__ import annotations

import pytest

from intent.classify.llm.breaker import BreakerPolicy, CallBreaker, State
from intent.model.errors import BudgetSpent, LlmForbidden, LlmUnavailable
from tests.unit.classify.llm.asking import Clock


def broken(clock: Clock, **policy: float) -> CallBreaker:
    breaker = CallBreaker(BreakerPolicy(least=4, pause=2.0, **policy), clock)  # type: ignore[arg-type]
    for _ in range(4):
        call(breaker, failed=True)
    return breaker


def call(breaker: CallBreaker, *, failed: bool = False, latency: float = 0.1) -> None:
    breaker.leave(probe=breaker.enter(), failed=failed, latency=latency)


def test_few_failures_change_nothing() -> None:
    breaker = CallBreaker(BreakerPolicy(least=4), Clock())
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
    breaker = CallBreaker(BreakerPolicy(least=4, slow=5.0), Clock())
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
    breaker = CallBreaker(BreakerPolicy(least=4, pause=2.0), clock)
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


def reply(breaker: CallBreaker, *, useless: bool) -> None:
    breaker.leave(probe=breaker.enter(), failed=False, latency=0.1, useless=useless)


def test_replies_of_no_use_open_it_only_when_nearly_all_are() -> None:
    breaker = CallBreaker(BreakerPolicy(useless=10), Clock())
    for number in range(60):
        reply(breaker, useless=number % 5 != 0)
    assert breaker.state is State.CLOSED
    for _ in range(20):
        if breaker.state is State.CLOSED:
            reply(breaker, useless=True)
    assert breaker.state is State.OPEN
    with pytest.raises(LlmUnavailable, match="nearly nothing that can be used"):
        breaker.enter()


def test_before_it_opens_for_useless_replies_it_is_in_doubt() -> None:
    breaker = CallBreaker(BreakerPolicy(useless=10), Clock())
    doubts = []
    while breaker.state is State.CLOSED:
        doubts.append(breaker.is_doubtful)
        reply(breaker, useless=True)
    assert doubts == [False] * 5 + [True] * 5


def test_what_settles_the_doubt_keeps_it_closed() -> None:
    breaker = CallBreaker(BreakerPolicy(useless=10), Clock())
    asked = 0
    for _ in range(200):
        if breaker.is_doubtful:
            asked += 1
            reply(breaker, useless=False)
        reply(breaker, useless=True)
    assert breaker.state is State.CLOSED
    assert asked <= 50


def test_a_useless_probe_is_no_good_one() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.sleep(2.0)
    breaker.leave(probe=breaker.enter(), failed=False, latency=0.1, useless=True)
    assert (breaker.state, breaker.wait()) == (State.OPEN, 4.0)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (LlmUnavailable("slow down", wait=7.0), 7.0),
        (LlmUnavailable("slow down", wait=3600.0), 3600.0),
        (LlmUnavailable("away"), 0.0),
        (BudgetSpent("spent", wait=5.0), 5.0),
        (BudgetSpent("spent", wait=3600.0), 60.0),
        (LlmForbidden("no"), 15.0),
    ],
)
def test_it_is_held_for_as_long_as_an_error_says_and_says_why(
    error: LlmUnavailable | BudgetSpent | LlmForbidden, seconds: float
) -> None:
    clock = Clock()
    breaker = CallBreaker(BreakerPolicy(), clock)
    assert (breaker.places(8), breaker.wait()) == (8, 0.0)
    breaker.hold(error)
    assert (breaker.places(8), breaker.wait()) == (0 if seconds else 8, seconds)
    if seconds:
        with pytest.raises(type(error), match=str(error)):
            breaker.enter()
        clock.sleep(seconds)
        assert (breaker.places(8), breaker.enter(), breaker.places(8)) == (1, True, 1)


def test_a_refused_key_is_tried_less_and_less_often_until_it_is_taken() -> None:
    clock = Clock()
    breaker = CallBreaker(BreakerPolicy(), clock)
    pauses = []
    for _ in range(7):
        for _ in range(8):  # all who were on their way are refused at the same moment
            breaker.hold(LlmForbidden("no"))
        pauses.append(breaker.wait())
        clock.sleep(breaker.wait())
        breaker.abandon(probe=breaker.enter())
    assert pauses == [15.0, 30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    for _ in range(2):
        call(breaker)
    assert breaker.places(8) == 8
    breaker.hold(LlmForbidden("no"))
    assert breaker.wait() == 15.0
