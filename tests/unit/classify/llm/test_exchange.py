"""One request is sent as often as makes sense, within its deadline, and every attempt is booked."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from intent.classify.llm.books import About
from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
from intent.classify.llm.exchange import RetryPolicy
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Parameters, Request, Usage
from intent.model.errors import LlmForbidden, LlmUnavailable, Stopping
from tests.unit.classify.llm.asking import Clock, MemoryLedger, exchange

REQUEST = Request("gpt-6-luna", ({"role": "user", "content": "how much?"},), {}, Parameters(), 100)
ABOUT = About("production", "test", "r1", "0123456789ab", 1)
GOOD = Completion(
    Outcome.ANSWERED, '{"labels":[],"slots":[]}', Usage(input=50, output=10), latency=0.5
)


class Scripted:
    """A server of which every answer is known beforehand; the last one repeats."""

    def __init__(self, *completions: Completion) -> None:
        self.completions = list(completions)
        self.timeouts: list[float] = []

    def ask(self, request: Request, timeout: float) -> Completion:
        self.timeouts.append(timeout)
        return self.completions.pop(0) if len(self.completions) > 1 else self.completions[0]


def test_passing_trouble_is_asked_again_with_growing_pauses() -> None:
    clock, ledger = Clock(), MemoryLedger()
    chat = Scripted(Completion(Outcome.SERVER_ERROR), Completion(Outcome.CONNECTION), GOOD)
    assert exchange(chat, ledger, clock=clock).ask(REQUEST, ABOUT, clock.now + 60) == GOOD
    assert ledger.outcomes == ["server_error", "connection", "answered"]


def test_it_gives_up_after_so_many_attempts() -> None:
    clock = Clock()
    chat = Scripted(Completion(Outcome.SERVER_ERROR, reason="503"))
    with pytest.raises(LlmUnavailable, match="server_error 503"):
        exchange(chat, clock=clock, retries=RetryPolicy(attempts=3)).ask(
            REQUEST, ABOUT, clock.now + 600
        )
    assert len(chat.timeouts) == 3


def test_what_the_server_asks_us_to_wait_is_waited_by_all() -> None:
    clock = Clock()
    chat = Scripted(Completion(Outcome.RATE_LIMITED, wait=7.0), GOOD)
    before = clock.now
    exchange(chat, clock=clock).ask(REQUEST, ABOUT, clock.now + 60)
    assert 7.0 <= clock.now - before <= 8.0


def test_it_never_waits_past_the_deadline() -> None:
    clock = Clock()
    before = clock.now
    with pytest.raises(LlmUnavailable) as caught:
        exchange(Scripted(Completion(Outcome.RATE_LIMITED, wait=100.0)), clock=clock).ask(
            REQUEST, ABOUT, clock.now + 60
        )
    assert caught.value.wait == 100.0
    assert clock.now == before


def test_a_call_gets_no_more_time_than_is_left() -> None:
    clock = Clock()
    chat = Scripted(GOOD)
    exchange(chat, clock=clock, retries=RetryPolicy(call=20.0)).ask(REQUEST, ABOUT, clock.now + 3)
    assert chat.timeouts == [3.0]


@pytest.mark.parametrize(
    "outcome",
    [Outcome.REFUSED, Outcome.FILTERED, Outcome.TRUNCATED, Outcome.INVALID, Outcome.BAD_REQUEST],
)
def test_what_asking_again_would_not_change_is_asked_once(outcome: Outcome) -> None:
    clock = Clock()
    chat = Scripted(Completion(outcome))
    assert exchange(chat, clock=clock).ask(REQUEST, ABOUT, clock.now + 60).outcome is outcome
    assert len(chat.timeouts) == 1


@pytest.mark.parametrize("outcome", [Outcome.QUOTA, Outcome.AUTHENTICATION])
def test_what_only_the_operator_can_mend_stops_at_once(outcome: Outcome) -> None:
    clock = Clock()
    chat = Scripted(Completion(outcome))
    with pytest.raises(LlmForbidden):
        exchange(chat, clock=clock).ask(REQUEST, ABOUT, clock.now + 60)
    assert len(chat.timeouts) == 1


def test_what_a_server_does_not_know_is_left_out_and_asked_again_at_once() -> None:
    clock = Clock()
    before = clock.now
    chat = Scripted(
        Completion(Outcome.BAD_REQUEST, adapted=True),
        Completion(Outcome.BAD_REQUEST, adapted=True),
        GOOD,
    )
    assert (
        exchange(chat, clock=clock, retries=RetryPolicy(attempts=1)).ask(
            REQUEST, ABOUT, clock.now + 60
        )
        == GOOD
    )
    assert clock.now == before


def test_answers_that_are_no_replies_are_booked_as_invalid_and_all_of_them_open_the_breaker() -> (
    None
):
    clock, ledger = Clock(), MemoryLedger()
    breaker = CallBreaker(BreakerPolicy(useless=2), clock)
    line = exchange(
        Scripted(Completion(Outcome.ANSWERED, "Sure!", Usage(50, 0, 0, 3))),
        ledger,
        clock=clock,
        breaker=breaker,
    )
    for _ in range(2):
        assert line.ask(REQUEST, ABOUT, clock.now + 60).outcome is Outcome.INVALID
    with pytest.raises(LlmUnavailable, match="nearly nothing that can be used"):
        line.ask(REQUEST, ABOUT, clock.now + 60)
    assert ledger.outcomes == ["invalid", "invalid"]
    assert ledger.attempts[0].nanodollars == 50 * 100 + 3 * 500


def test_a_call_that_timed_out_is_booked_at_what_it_may_have_cost() -> None:
    clock, ledger = Clock(), MemoryLedger()
    exchange(Scripted(Completion(Outcome.TIMEOUT), GOOD), ledger, clock=clock).ask(
        REQUEST, ABOUT, clock.now + 60
    )
    assert ledger.attempts[0].output_tokens == 100
    assert ledger.attempts[0].nanodollars > ledger.attempts[1].nanodollars


def test_a_server_that_does_not_count_is_counted_by_us() -> None:
    clock, ledger = Clock(), MemoryLedger()
    exchange(Scripted(Completion(Outcome.ANSWERED, GOOD.text)), ledger, clock=clock).ask(
        REQUEST, ABOUT, clock.now + 60
    )
    assert ledger.attempts[0].input_tokens > 0
    assert ledger.attempts[0].output_tokens > 0


def test_whoever_waits_to_ask_again_leaves_when_asked() -> None:
    clock, stop = Clock(), Event()
    stop.set()
    with pytest.raises(Stopping):
        exchange(Scripted(Completion(Outcome.SERVER_ERROR)), clock=clock, stop=stop).ask(
            REQUEST, ABOUT, clock.now + 60
        )


def test_who_was_asked_to_leave_sends_nothing_more() -> None:
    stop, chat = Event(), Scripted(GOOD)
    line = exchange(chat, stop=stop)
    stop.set()
    with pytest.raises(Stopping):
        line.ask(REQUEST, ABOUT, line.clock() + 60)
    assert chat.timeouts == []


def test_a_call_whose_reply_nobody_waits_for_is_booked_once_at_the_most_that_it_may_cost() -> None:
    ledger, begun, go_on = MemoryLedger(), Event(), Event()

    class Slow(Scripted):
        def ask(self, request: Request, timeout: float) -> Completion:
            begun.set()
            assert go_on.wait(10)
            return super().ask(request, timeout)

    line = exchange(Slow(GOOD), ledger, retries=RetryPolicy(call=20.0))
    calls = Thread(target=lambda: line.ask(REQUEST, ABOUT, line.clock() + 60))
    calls.start()
    assert begun.wait(10)
    assert (line.books.abandon(), line.books.abandon()) == (1, 0)
    go_on.set()
    calls.join(10)
    assert ledger.outcomes == ["abandoned"]
    assert (ledger.attempts[0].output_tokens, ledger.attempts[0].nanodollars > 0) == (100, True)


def test_a_wait_that_outlasts_the_batch_closes_the_way_for_all() -> None:
    clock = Clock()
    line = exchange(Scripted(Completion(Outcome.RATE_LIMITED, wait=100.0)), clock=clock)
    with pytest.raises(LlmUnavailable):
        line.ask(REQUEST, ABOUT, clock.now + 60)
    assert (line.breaker.places(8), line.breaker.wait() > 0) == (0, True)
