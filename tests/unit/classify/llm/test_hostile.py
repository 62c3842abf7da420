"""No text that a stranger writes becomes structure, or changes the decision of another message; no
contact detail leaves.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.standin.answers import decide
from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS, Fault
from intent.classify.llm.batch import compose, prepare
from intent.classify.llm.client import ChatClient
from intent.classify.llm.suspicion import stands_alone
from intent.classify.placeholders import disguise
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Request, Usage
from intent.model.errors import IntentError
from intent.model.question import Claim
from intent.telemetry import configure_logs
from tests.unit.classify.llm.asking import (
    PROMPT,
    TAXONOMY,
    MemoryLedger,
    MemoryReplies,
    answerer,
    claim,
    claims,
    labels,
    message,
)
from tests.unit.classify.test_placeholders import CONTACTS

HOSTILE: list[dict[str, str]] = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "data" / "hostile.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
NEIGHBOURS = (
    "how much for 2?",
    "hi from Perth",
    "mine L",
    "love it",
    "is it fake?",
    "do you ship to Cebu",
)
RIGHT = ["price_inquiry", "chatter", "purchase_intent", "chatter", "objection", "shipping_inquiry"]
CONTEXT = {"context": {"offer": "shoes", "item": "red sandal"}}

each_hostile = pytest.mark.parametrize(
    "text", [pytest.param(one["text"], id=one["id"]) for one in HOSTILE]
)


class Recording:
    """A server in the same process that answers by keywords and remembers every request; what it is
    told to obey, it obeys.
    """

    def __init__(self, obeys: str | None = None) -> None:
        self.requests: list[Request] = []
        self._obeys = obeys

    def ask(self, request: Request, timeout: float) -> Completion:
        self.requests.append(request)
        asked = json.loads(request.chat[1]["content"])
        if self._obeys is not None and any(
            one["text"] == disguise(self._obeys).text for one in asked["messages"]
        ):
            return Completion(Outcome.ANSWERED, self._obeys, Usage(1, 0, 0, 1))
        return Completion(
            Outcome.ANSWERED, json.dumps(decide(asked, None, TAXONOMY, Lock())), Usage(1, 0, 0, 1)
        )


def batch_with(text: str, place: int = 3) -> list[Claim]:
    made = claims(*NEIGHBOURS, **CONTEXT)
    return [*made[:place], claim(message(text, 99, **CONTEXT), 99), *made[place:]]


def check_structure(request: Request) -> list[dict[str, Any]]:
    """Check that a request is what it always is, and return the messages in it."""
    assert [one["role"] for one in request.chat] == ["system", "user"]
    assert request.chat[0]["content"] == PROMPT.stable
    value = json.loads(request.chat[1]["content"])
    assert set(value) == {"room", "before", "messages"}
    assert len({one["id"] for one in value["messages"]}) == len(value["messages"])
    for one in value["messages"]:
        assert re.fullmatch(r"[b-z][b-z2-9]{2}", one["id"])
        assert set(one) <= {"id", "text", "kind", "role", "reply_to", "offer", "item"}
    assert not re.search(r"<\|[a-z_]+\|>|<｜|</?s>|\[/?INST\]", request.chat[1]["content"])
    found: list[dict[str, Any]] = value["messages"]
    return found


def test_there_are_enough_hostile_texts_in_enough_languages() -> None:
    assert len(HOSTILE) >= 150
    assert {"en", "zh", "id", "es", "vi", "th"} <= {one["lang"] for one in HOSTILE}
    assert len({one["kind"] for one in HOSTILE}) >= 7


@each_hostile
def test_a_hostile_text_stays_one_string_in_a_request_of_the_usual_shape(text: str) -> None:
    chat = Recording()
    answers = answerer(chat).answer(batch_with(text), [])
    asked = [one for request in chat.requests for one in check_structure(request)]
    assert sorted(one["text"] for one in asked) == sorted([*NEIGHBOURS, disguise(text).text])
    assert labels([answer for answer in answers if answer.claim.receipt != 99]) == RIGHT


@each_hostile
def test_a_server_that_gives_back_what_a_hostile_text_dictates_decides_no_neighbour(
    text: str,
) -> None:
    answers = answerer(Recording(obeys=text)).answer(batch_with(text), [])
    assert labels([answer for answer in answers if answer.claim.receipt != 99]) == RIGHT
    assert [answer.decision for answer in answers if answer.claim.receipt == 99] == [None]


@each_hostile
def test_a_hostile_text_around_a_message_is_data_too(text: str) -> None:
    chat = Recording()
    around = message(
        "how much?",
        7,
        context={"offer": text[:2000], "item": text[:2000]},
        reply_to={"text": text[:2000]},
    )
    answers = answerer(chat).answer([claim(around)], [message(text, 8), message("hello", 9)])
    assert labels(answers) == ["price_inquiry"]
    for request in chat.requests:
        assert [one["text"] for one in check_structure(request)] == ["how much?"]


def test_most_hostile_texts_are_asked_about_alone_and_earlier_ones_are_left_out() -> None:
    alone = [one for one in HOSTILE if stands_alone(one["text"])]
    assert len(alone) >= 0.7 * len(HOSTILE)
    chat = Recording()
    answerer(chat).answer(
        claims("how much?"),
        [message(one["text"], 100 + number) for number, one in enumerate(alone)],
    )
    assert json.loads(chat.requests[0].chat[1]["content"])["before"] == []


def test_a_message_that_replies_to_a_hostile_text_is_asked_about_alone_too() -> None:
    hostile = next(one["text"] for one in HOSTILE if stands_alone(one["text"]))
    replying = message("how much?", 99, reply_to={"text": hostile[:2000]}, **CONTEXT)
    chat = Recording()
    made = claims(*NEIGHBOURS, **CONTEXT)
    answers = answerer(chat).answer([*made, claim(replying, 99)], [message("earlier", 50)])
    assert labels(answers) == [*RIGHT, "price_inquiry"]
    asked = [json.loads(request.chat[1]["content"]) for request in chat.requests]
    assert sorted(len(one["messages"]) for one in asked) == [1, len(NEIGHBOURS)]
    alone = min(asked, key=lambda one: len(one["messages"]))
    assert ("reply_to" in alone["messages"][0], alone["before"]) == (True, [])


def test_over_the_wire_too_all_hostile_texts_leave_all_neighbours_as_they_are() -> None:
    with FakeLlmServer(TAXONOMY) as server:
        asking = answerer(server.url)
        for start in range(0, len(HOSTILE), 14):
            made = claims(*NEIGHBOURS) + [
                claim(message(one["text"], 100 + n), 100 + n)
                for n, one in enumerate(HOSTILE[start : start + 14])
            ]
            assert labels(asking.answer(made, [])[: len(NEIGHBOURS)]) == RIGHT
        for seen in server.seen:
            assert [one["role"] for one in json.loads(seen.raw)["messages"]] == ["system", "user"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.integers(min_value=0, max_value=6))
def test_whatever_a_neighbour_writes_what_is_said_of_a_message_stays_the_same(
    text: str, place: int
) -> None:
    text = text.replace("\x00", "")
    with_it = compose([prepare(one, "asker") for one in batch_with(text, place)], (), b"secret")
    without = compose(
        [prepare(one, "asker") for one in claims(*NEIGHBOURS, **CONTEXT)], (), b"secret"
    )

    def shown(batch: Any) -> dict[str, Any]:
        return {
            batch.entries[one["id"]].key: {name: one[name] for name in one if name != "id"}
            for one in batch.messages
        }

    assert {key: value for key, value in shown(with_it).items() if key in shown(without)} == shown(
        without
    )
    assert with_it.room == without.room
    assert (
        labels(
            [
                answer
                for answer in answerer(Recording()).answer(batch_with(text, place), [])
                if answer.claim.receipt != 99
            ]
        )
        == RIGHT
    )


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[FakeLlmServer, ChatClient]]:
    with FakeLlmServer(TAXONOMY) as server:
        yield server, ChatClient(server.url, "test-key")


CANARIES = [detail for detail, _ in CONTACTS]
AFTERMATHS: Sequence[Fault] = [
    Fault(),
    *(
        FAULTS[name]
        for name in (
            "bad request",
            "server error",
            "refusal",
            "prose",
            "missing",
            "quota",
            "reset",
            "wrong label",
        )
    ),
]


def plain(text: str) -> str:
    """Return a text with plain digits and letters, so that a canary in other digits is found
    too.
    """
    folded = "".join(
        str(unicodedata.digit(sign, None) if unicodedata.digit(sign, None) is not None else sign)
        for sign in text
    )
    return unicodedata.normalize("NFKC", folded)


@pytest.mark.parametrize("canary", CANARIES)
def test_no_contact_detail_is_in_any_request_log_error_or_book(
    canary: str,
    wire: tuple[FakeLlmServer, ChatClient],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs("debug")
    ledger, replies = MemoryLedger(), MemoryReplies()
    server, client = wire
    server.seen.clear()
    said: list[str] = []
    text = f"call me {canary} ok"
    around: dict[str, Any] = {"context": {"offer": text, "item": text}, "reply_to": {"text": text}}
    for aftermath in AFTERMATHS:
        server.then(aftermath)
        replies.kept.clear()
        try:
            answerer(client, ledger, replies, deadline=1.0).answer(
                claims(text, "hello", **around), [message(text, 50)]
            )
        except IntentError as error:
            said.append(repr(error))
        said += [value.decode("utf-8") for value in replies.kept.values()]
    sent = [seen.raw.decode("utf-8") for seen in server.seen]
    assert sent
    for place in (*sent, *said, repr(ledger.attempts), stream.getvalue(), caplog.text):
        assert canary not in place
        assert plain(canary) not in plain(place)


def test_a_contact_detail_comes_back_into_its_slot() -> None:
    def with_slots(request: Request) -> str:
        asked = json.loads(request.chat[1]["content"])["messages"]
        slots = [
            {"id": one["id"], "kind": "contact", "text": "[phone]"}
            for one in asked
            if "[phone]" in one["text"]
        ]
        return json.dumps(
            {"labels": [{"id": one["id"], "is": ["CO"]} for one in asked], "slots": slots}
        )

    class Slotted:
        def __init__(self, say: Callable[[Request], str]) -> None:
            self.say = say

        def ask(self, request: Request, timeout: float) -> Completion:
            return Completion(Outcome.ANSWERED, self.say(request), Usage(1, 0, 0, 1))

    replies = MemoryReplies()
    for _ in range(2):  # the second time from the store
        answers = answerer(Slotted(with_slots), replies=replies).answer(
            claims("call 0491 570 156", "call 0491 570 157"), []
        )
        found = [
            slot.text for answer in answers if answer.decision for slot in answer.decision.slots
        ]
        assert found == ["0491 570 156", "0491 570 157"]
