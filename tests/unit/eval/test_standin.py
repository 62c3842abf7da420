"""The stand-in behaves as a server would: it limits, counts, caches, dies and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import Fault
from intent.classify.llm.client import ChatClient
from intent.classify.llm.dialect import Dialect
from intent.model.attempt import Outcome
from tests.unit.classify.llm.asking import MODEL, PROMPT, TAXONOMY, answerer, claims, labels
from tests.unit.classify.llm.test_client import REQUEST


@pytest.fixture
def server() -> Iterator[FakeLlmServer]:
    with FakeLlmServer(TAXONOMY) as standin:
        yield standin


def test_it_lets_no_more_through_than_its_limit_and_says_so(server: FakeLlmServer) -> None:
    server.requests_per_window, server.says_limits = 2, True
    client = ChatClient(server.url, "k")
    answers = [client.ask(REQUEST, 5.0) for _ in range(3)]
    assert [one.outcome for one in answers] == [
        Outcome.ANSWERED,
        Outcome.ANSWERED,
        Outcome.RATE_LIMITED,
    ]
    assert [one.requests.remaining for one in answers if one.requests] == [1, 0, 0]
    assert answers[2].wait is not None
    assert 50.0 < answers[2].wait <= 60.0


def test_it_counts_tokens_and_caches_what_requests_begin_with(server: FakeLlmServer) -> None:
    asking = answerer(ChatClient(server.url, "k", Dialect(marks_cache=True)))
    for number in range(3):
        asking.answer(claims(f"how much is number {number}?"), [])
    assert 0.9 < server.count.cached / (2 * PROMPT.prefix_tokens) < 1.1
    assert server.count.input > 3 * 1024
    assert server.count.output > 0
    assert MODEL.cache == "explicit"


def test_it_dies_and_comes_back_at_the_same_address(server: FakeLlmServer) -> None:
    client = ChatClient(server.url, "k")
    assert client.ask(REQUEST, 5.0).outcome is Outcome.ANSWERED
    server.stop()
    assert client.ask(REQUEST, 5.0).outcome is Outcome.CONNECTION
    server.start()
    assert client.ask(REQUEST, 5.0).outcome is Outcome.ANSWERED


def test_a_script_meets_requests_in_order_and_then_ends(server: FakeLlmServer) -> None:
    server.then(Fault(status=500), [Fault(status=503), Fault()])
    client = ChatClient(server.url, "k")
    for _ in range(4):
        client.ask(REQUEST, 5.0)
    assert [seen.status for seen in server.seen] == [500, 503, 200, 200]
    assert server.answered == 2


def test_keywords_stand_for_labels_where_no_model_does(server: FakeLlmServer) -> None:
    assert labels(
        answerer(server.url).answer(claims("berapa kak", "多少钱", "ราคาเท่าไหร่", "haha"), [])
    ) == [*["price_inquiry"] * 3, "chatter"]
