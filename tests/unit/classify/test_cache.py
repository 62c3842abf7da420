"""The cache answers what was asked before, and never merges two different asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.cache import CachedClassifier, is_bare_detail, normalised, remembered_as
from intent.classify.folding import fold
from intent.classify.local.styling import styling_features
from intent.model.decision import DecidedBy, Decision, Slot, Versions
from intent.model.message import AuthorRole, Context, Kind, Message, Reply


class Figures:
    """Finds whatever has a digit in it, with the word behind it."""

    def find(
        self, messages: Sequence[Message], labels: Sequence[Sequence[str]]
    ) -> list[tuple[Slot, ...]]:
        return [figures(message.text) for message, _ in zip(messages, labels, strict=True)]


def figures(text: str) -> tuple[Slot, ...]:
    return tuple(Slot("price", found) for found in re.findall(r"\d+\s*\w*", text))


class Echo:
    """Decides by the text alone and remembers what it was asked."""

    def __init__(self, *, degraded: bool = False) -> None:
        self.asked: list[str] = []
        self._degraded = degraded

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        self.asked += [message.text for message in messages]
        return [
            Decision(
                probabilities={"chatter": 1.0},
                labels=("chatter",),
                lead_probability=0.0,
                is_lead=False,
                decided_by=DecidedBy.LOCAL,
                versions=Versions("t", "none", "m", "c"),
                slots=figures(message.text),
                degraded=self._degraded,
            )
            for message in messages
        ]


def said(text: str, **changes: object) -> Message:
    message = Message(
        platform="p",
        room_id="r",
        message_id="1",
        user_id="u",
        kind=Kind.COMMENT,
        text=text,
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return message.model_copy(update=changes)


def cached(inner: Echo, capacity: int = 100) -> CachedClassifier:
    return CachedClassifier(inner, Figures(), capacity=capacity)


def test_a_repeated_text_is_decided_once_and_says_so() -> None:
    inner = Echo()
    classifier = cached(inner)
    first, second = (
        classifier.classify([said("do you ship to Perth")])[0],
        classifier.classify([said("do you  ship to Perth")])[0],
    )
    assert inner.asked == ["do you ship to Perth"]
    assert (first.from_cache, second.from_cache) == (False, True)
    assert replace(second, from_cache=False) == first


def test_repetitions_inside_one_batch_are_decided_once_and_keep_their_order() -> None:
    inner = Echo()
    decisions = cached(inner).classify(
        [said("hello everyone"), said("what a stream"), said("hello everyone")]
    )
    assert inner.asked == ["hello everyone", "what a stream"]
    assert [decision.from_cache for decision in decisions] == [False, False, True]


def test_a_flood_of_one_text_is_decided_once_by_each_worker() -> None:
    model = Echo()
    workers = [CachedClassifier(model, Figures(), capacity=10) for _ in range(2)]
    answers = [
        answer
        for turn in range(6)
        for answer in workers[turn % 2].classify([said("how much?")] * 9)
    ]
    assert model.asked == ["how much?"] * 2
    assert sum(not answer.from_cache for answer in answers) == 2


@pytest.mark.parametrize("text", ["M", "call me 0412 345 678", "so much spam " * 30])
def test_in_one_batch_what_is_never_remembered_is_decided_once_too(text: str) -> None:
    model = Echo()
    worker = cached(model)
    asked = [said(text), said("hello everyone"), said(text), said(text, kind=Kind.CHAT)]
    answers = [*worker.classify(asked), *worker.classify([said(text)])]
    assert model.asked == [text, "hello everyone", text, text]
    assert [answer.from_cache for answer in answers] == [False] * 5
    assert [slot.text for slot in answers[2].slots] == [slot.text for slot in answers[0].slots]


def test_slots_are_found_again_in_the_actual_text() -> None:
    classifier = cached(Echo())
    classifier.classify([said("is the red one around $20 ❤❤❤❤")])
    decision = classifier.classify([said("is the red one around $20 ❤❤❤❤❤❤")])[0]
    assert decision.from_cache
    assert [slot.text for slot in decision.slots] == ["20 "]


def test_no_slot_is_taken_over_from_a_text_with_other_spaces() -> None:
    narrow, wide = (
        "is the navy blue one around 20 dollars",
        "is the navy  blue one around 20  dollars",
    )
    for first, second in ((narrow, wide), (wide, narrow)):
        classifier = cached(Echo())
        classifier.classify([said(first)])
        decision = classifier.classify([said(second)])[0]
        assert (decision.from_cache, decision.slots) == (True, figures(second))
        assert all(slot.text in second for slot in decision.slots)
    assert figures(narrow) != figures(wide)


@pytest.mark.parametrize(
    "text",
    [
        "M",
        "A12",
        "2",
        "xl",
        "+1",
        "M black",
        "38?",
        "红 L",
        "call me 0412 345 678",
        "mail me at ann@example.com",
        "add @ann.shop please",
    ],
)
def test_bare_details_and_contact_details_are_never_remembered(text: str) -> None:
    inner = Echo()
    classifier = cached(inner)
    classifier.classify([said(text)])
    classifier.classify([said(text), said(text)])
    classifier.classify([said(text)])
    assert inner.asked == [text] * 3


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Kind.CHAT},
        {"author_role": AuthorRole.HOST},
        {"context": Context(offer="a sale of soaps")},
        {"context": Context(item="rose soap")},
        {"reply_to": Reply(text="is the green one gone?")},
    ],
)
def test_another_situation_is_another_question(changes: dict[str, object]) -> None:
    inner = Echo()
    classifier = cached(inner)
    classifier.classify([said("me too please")])
    assert not classifier.classify([said("me too please", **changes)])[0].from_cache


def test_the_least_recently_used_goes_first() -> None:
    inner = Echo()
    classifier = cached(inner, capacity=2)
    for text in ("first one", "second one", "first one", "third one", "first one", "second one"):
        classifier.classify([said(text)])
    assert inner.asked == ["first one", "second one", "third one", "second one"]


def test_a_degraded_decision_is_not_remembered() -> None:
    inner = Echo(degraded=True)
    classifier = cached(inner)
    classifier.classify([said("do you ship to Perth")])
    classifier.classify([said("do you ship to Perth")])
    assert len(inner.asked) == 2


_SIGNS = st.sampled_from("aAbß1２²5$٣k?!.,'❤️👍 \t\u3000\u200b\u00ade\u0301é，？ก็你号Ⅷ½#+-/\u202e")


@given(st.text(_SIGNS, max_size=12), st.text(_SIGNS, max_size=12))
def test_texts_under_one_key_differ_in_no_letter_and_no_digit(one: str, other: str) -> None:
    key = remembered_as(said(one))
    if key is not None and key == remembered_as(said(other)):
        assert fold(one) == fold(other)
        assert [sign for sign in normalised(one) if sign.isalnum()] == [
            sign for sign in normalised(other) if sign.isalnum()
        ]


@given(st.text(max_size=40), st.sampled_from(["\u200b", "\u00ad", "\ufeff"]), st.integers(0, 40))
def test_normalising_is_stable_and_blind_to_what_cannot_be_seen(
    text: str, invisible: str, place: int
) -> None:
    assert normalised(normalised(text)) == normalised(text)
    assert normalised(text[:place] + invisible + text[place:]) == normalised(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ship to US?", "ship to us?"),
        ("is it 5555", "is it 55555"),
        ("need 10² m", "need 102 m"),
        ("sooo good", "so good"),
        ("can?", "can"),
    ],
)
def test_small_differences_that_matter_are_kept(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_chatter_is_no_bare_detail() -> None:
    assert not is_bare_detail("hello")
    assert not is_bare_detail("❤❤❤")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M O O N S gacor tonight", "M  O  O  N  S gacor tonight"),
        ("thanks to M\u200bO\u200bO\u200bN88 today", "thanks to MOON88 today"),
    ],
)
def test_texts_that_differ_in_what_the_model_reads_of_their_dress_are_two(
    one: str, other: str
) -> None:
    assert list(styling_features(one)) != list(styling_features(other))
    assert remembered_as(said(one)) != remembered_as(said(other))
