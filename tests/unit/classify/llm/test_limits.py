"""No minute holds more than the limit, nearly all of it is used, and nobody waits for ever."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Condition, Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.standin.fake_llm_server import FakeLlmServer
from intent.classify.llm.exchange import RetryPolicy
from intent.classify.llm.limits import RateLimits
from intent.model.completion import Allowance
from intent.model.errors import LlmUnavailable, Stopping
from tests.unit.classify.llm.asking import TAXONOMY, Clock, answerer, claims


def limits(clock: Clock, requests: int | None, tokens: int | None, **more: float) -> RateLimits:
    return RateLimits(
        requests, tokens, clock=clock, wait=lambda condition, seconds: clock.sleep(seconds), **more
    )


def most_in_a_window(times: Sequence[float], window: float) -> int:
    return max(sum(start <= one < start + window for one in times) for start in times)


def test_ten_minutes_of_sixty_requests_a_minute_are_kept_and_used() -> None:
    clock = Clock()
    limit = limits(clock, 60, None)
    start, times = clock.now, []
    while clock.now < start + 600:
        granted = limit.reserve(1, deadline=float("inf"))
        times.append(clock.now)
        clock.sleep(0.2)
        limit.reconcile(granted, 1, None, None)
    assert most_in_a_window(times, 60.0) == 60
    assert len(times) >= 0.9 * 600


@given(st.lists(st.integers(min_value=1, max_value=900), min_size=1, max_size=40))
def test_no_minute_holds_more_tokens_than_the_limit(amounts: list[int]) -> None:
    clock = Clock()
    limit = limits(clock, None, 1000)
    taken = []
    for amount in amounts:
        limit.reserve(amount, deadline=float("inf"))
        taken.append((clock.now, amount))
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + 60.0) <= 1000


def test_what_was_reserved_too_much_is_given_back() -> None:
    clock = Clock()
    limit = limits(clock, None, 1000)
    reserved = limit.reserve(1000, deadline=clock.now)
    limit.reconcile(reserved, 100, None, None)
    limit.reserve(900, deadline=clock.now)
    with pytest.raises(LlmUnavailable) as caught:
        limit.reserve(1, deadline=clock.now + 5)
    assert caught.value.wait == pytest.approx(60.0)


def test_a_request_above_the_whole_limit_goes_alone() -> None:
    clock = Clock()
    limit = limits(clock, None, 1000)
    limit.reserve(5000, deadline=clock.now)
    with pytest.raises(LlmUnavailable):
        limit.reserve(1, deadline=clock.now)


def test_headers_teach_a_limit_that_nobody_configured() -> None:
    clock = Clock()
    limit = limits(clock, None, None)
    reserved = limit.reserve(10, deadline=clock.now)
    limit.reconcile(reserved, 10, Allowance(2, 1, 60.0), None)
    limit.reserve(10, deadline=clock.now)
    with pytest.raises(LlmUnavailable):
        limit.reserve(10, deadline=clock.now)


def test_what_others_took_with_our_key_counts_too() -> None:
    clock = Clock()
    limit = limits(clock, 10, None)
    reserved = limit.reserve(1, deadline=clock.now)
    limit.reconcile(reserved, 1, Allowance(10, 0, 12.0), None)
    before = clock.now
    limit.reserve(1, deadline=float("inf"))
    assert clock.now - before == pytest.approx(12.0)


def test_after_a_request_to_wait_nobody_is_let_through() -> None:
    clock = Clock()
    limit = limits(clock, None, None)
    limit.hold(30.0)
    with pytest.raises(LlmUnavailable):
        limit.reserve(1, deadline=clock.now + 29)
    limit.reserve(1, deadline=clock.now + 31)


def test_whoever_waits_leaves_when_asked() -> None:
    clock, stop = Clock(), Event()
    limit = RateLimits(
        1, None, clock=clock, wait=lambda condition, seconds: clock.sleep(seconds), stop=stop
    )
    limit.reserve(1, deadline=clock.now)
    stop.set()
    with pytest.raises(Stopping):
        limit.reserve(1, deadline=float("inf"))


def test_whoever_came_first_goes_first_however_big() -> None:
    clock = Clock()
    order: list[str] = []
    others: list[Thread] = []
    limit: RateLimits

    def wait(condition: Condition, seconds: float) -> None:
        if not others:
            others.append(Thread(target=small))
            others[0].start()
        condition.wait(0.01)
        clock.sleep(seconds)

    def small() -> None:
        limit.reserve(1, deadline=float("inf"))
        order.append("small")

    limit = RateLimits(None, 1000, clock=clock, wait=wait)
    limit.reserve(500, deadline=clock.now)
    limit.reserve(1000, deadline=float("inf"))
    order.append("big")
    others[0].join(timeout=30)
    assert order == ["big", "small"]


@pytest.mark.slow
def test_twenty_threads_never_pass_a_servers_limit_and_use_nine_tenths_of_it() -> None:
    window, seconds = 2.0, 8.0
    with FakeLlmServer(TAXONOMY, requests_per_window=60, window=window) as server:
        one = answerer(
            server.url,
            limits=RateLimits(60, None, window=window, slack=1.0),
            deadline=60.0,
            retries=RetryPolicy(call=20.0),
        )
        ends = time.monotonic() + seconds

        def ask(thread: int) -> None:
            number = 0
            while time.monotonic() < ends:
                number += 1
                one.answer(claims("how much?", message_id=f"{thread}-{number}"), [])

        threads = [Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(seen.status == 200 for seen in server.seen), (
        "the server's own count never refused one"
    )
    in_time = sum(seen.at <= ends for seen in server.seen)
    assert in_time >= 0.9 * 60 * seconds / window
