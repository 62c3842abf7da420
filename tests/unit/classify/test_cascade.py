"""At once and without a lane: the local model decides, the LLM is asked where that is worth it, and
an outage leaves what was decided.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS
from intent.classify.cascade import Cascade, NoBooks
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.errors import LlmForbidden, LlmUnavailable
from intent.model.message import Message
from tests.unit.classify.llm.asking import TAXONOMY, answerer, message


class Unsure:
    """A local model that takes everything for chatter and is unsure of questions."""

    versions = Versions(TAXONOMY.version, "none", "test", "test")

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        chatter = {name: float(name == "chatter") for name in TAXONOMY.names}
        return [
            Decision(
                chatter,
                ("chatter",),
                0.4 if "?" in one.text else 0.0,
                is_lead=False,
                decided_by=DecidedBy.LOCAL,
                versions=self.versions,
            )
            for one in messages
        ]


def cascade(url: str) -> Cascade:
    books = NoBooks()
    return Cascade(
        Unsure(),
        answerer(url, replies=books, deadline=2.0),
        lambda decision: decision.lead_probability > 0.1,
    )


MESSAGES = [
    message(text, number, room_id=f"r{number % 2}")
    for number, text in enumerate(["hi", "how much?", "do you ship?", "love it", "fake?"])
]


def test_only_what_is_unsure_is_asked_room_by_room_and_all_come_back_in_order() -> None:
    with FakeLlmServer(TAXONOMY) as server:
        decisions = cascade(server.url).classify(MESSAGES)
        assert [one.labels[0] for one in decisions] == [
            "chatter",
            "price_inquiry",
            "shipping_inquiry",
            "chatter",
            "objection",
        ]
        assert [one.decided_by.value for one in decisions] == [
            "local",
            "llm",
            "llm",
            "local",
            "llm",
        ]
        assert len(server.seen) == 2


def test_an_outage_leaves_the_local_decisions_and_says_so() -> None:
    with FakeLlmServer(TAXONOMY, always=FAULTS["rate limited, an hour"]) as server:
        decisions = cascade(server.url).classify(MESSAGES)
    assert [one.degraded for one in decisions] == [False, True, True, False, True]
    assert {one.labels for one in decisions} == {("chatter",)}


def test_whoever_insists_on_the_llm_is_told_of_an_outage() -> None:
    with FakeLlmServer(TAXONOMY, always=FAULTS["rate limited, an hour"]) as server:
        insisting = Cascade(
            Unsure(), answerer(server.url, deadline=2.0), lambda decision: True, insists=True
        )
        with pytest.raises(LlmUnavailable):
            insisting.classify(MESSAGES)


def test_a_refused_key_is_the_operators_and_no_outage() -> None:
    with FakeLlmServer(TAXONOMY, always=FAULTS["bad key"]) as server, pytest.raises(LlmForbidden):
        cascade(server.url).classify(MESSAGES)
