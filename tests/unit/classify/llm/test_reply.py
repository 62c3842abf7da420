"""Ids out are ids in; codes become labels; nothing else is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.llm.placeholders import disguise
from intent.classify.llm.reply import Asked, Reading, is_reply, read_reply
from intent.model.decision import Slot
from tests.unit.classify.llm.asking import TAXONOMY


def asked(text: str) -> Asked:
    return Asked(text, disguise(text))


ASKED = {"k7w": asked("how much is the red one?"), "b2x": asked("call me 0491 570 156")}


def read(labels: list[Any], slots: list[Any] | None = None) -> Reading:
    reading = read_reply(json.dumps({"labels": labels, "slots": slots or []}), ASKED, TAXONOMY)
    assert reading is not None
    return reading


def label(one: str, *codes: str) -> dict[str, Any]:
    return {"id": one, "is": list(codes)}


def test_codes_become_labels_in_the_taxonomys_order() -> None:
    reading = read([label("b2x", "CO"), label("k7w", "PR", "PU")])
    assert {one: verdict.labels for one, verdict in reading.verdicts.items()} == {
        "k7w": ("purchase_intent", "price_inquiry"),
        "b2x": ("contact_request",),
    }
    assert reading.faults == {}


@pytest.mark.parametrize(
    ("labels", "fault"),
    [
        ([label("b2x", "CO")], "missing"),
        ([label("k7w", "PR"), label("k7w", "PR"), label("b2x", "CO")], "duplicate"),
        ([label("k7w", "price_inquiry"), label("b2x", "CO")], "invalid"),
        ([label("k7w"), label("b2x", "CO")], "invalid"),
        ([label("k7w", "CH", "PR"), label("b2x", "CO")], "invalid"),
        ([label("k7w", "SP", "CS"), label("b2x", "CO")], "invalid"),
        ([{"id": "k7w", "is": "PR"}, label("b2x", "CO")], "invalid"),
        ([{"id": "k7w", "is": ["PR"], "sure": True}, label("b2x", "CO")], "invalid"),
        ([{"id": "k7w", "is": [{"PR": 1}]}, label("b2x", "CO")], "invalid"),
    ],
)
def test_what_is_wrong_with_one_is_said_of_that_one(labels: list[Any], fault: str) -> None:
    reading = read(labels)
    assert reading.faults == {"k7w": fault}
    assert list(reading.verdicts) == ["b2x"]


def test_ids_that_nobody_asked_about_decide_nothing() -> None:
    reading = read(
        [label("k7w", "PR"), label("b2x", "CO"), label("zzz", "PU"), None, 5, {"id": None}]
    )
    assert reading.unknown == 4
    assert set(reading.verdicts) == {"k7w", "b2x"}


def test_slots_are_verbatim_and_of_their_own_message() -> None:
    good = [
        {"id": "k7w", "kind": "variant", "text": "red"},
        {"id": "b2x", "kind": "contact", "text": "[phone]"},
    ]
    bad = [
        {"id": "k7w", "kind": "variant", "text": "Red"},
        {"id": "k7w", "kind": "colour", "text": "red"},
        {"id": "k7w", "kind": "contact", "text": "0491 570 156"},
        {"id": "b2x", "kind": "variant", "text": "red"},
        {"id": "b2x", "kind": "contact", "text": "0491 570 156"},
        {"id": "zzz", "kind": "variant", "text": "red"},
        {"id": "k7w", "kind": "variant", "text": " "},
        {"id": "k7w", "kind": ["variant"], "text": "red"},
        {"id": "k7w", "kind": "variant", "text": 5},
        "red",
    ]
    reading = read([label("k7w", "PR"), label("b2x", "CO")], [*good, good[0], *bad])
    assert reading.verdicts["k7w"].slots == (Slot("variant", "red"),)
    assert reading.verdicts["b2x"].slots == (Slot("contact", "[phone]"),)
    assert reading.lost_slots == len(bad)


def test_chatter_and_spam_have_no_slots() -> None:
    reading = read(
        [label("k7w", "CH"), label("b2x", "CO")], [{"id": "k7w", "kind": "variant", "text": "red"}]
    )
    assert reading.verdicts["k7w"].slots == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "null",
        "5",
        '{"labels":[]',
        '{"labels":{},"slots":[]}',
        '{"labels":[],"slots":{}}',
        '{"labels":[],"slots":[],"more":1}',
        '{"labels":[],"labels":[],"slots":[]}',
        '{"slots":[]}',
        '{"labels":[],"slots":[]}' + " " * 300_000,
        "[" * 100_000,
    ],
)
def test_what_has_another_shape_is_no_reply(text: str) -> None:
    assert not is_reply(text)
    assert read_reply(text, ASKED, TAXONOMY) is None


def test_a_fence_around_a_reply_and_a_missing_empty_list_are_forgiven() -> None:
    assert is_reply('```json\n{"labels":[]}\n```')


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["k7w", "b2x", "PU", "CH", "id", "is"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "is", "kind", "text", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=5), st.lists(json_values, max_size=5))
def test_whatever_comes_every_id_has_a_verdict_or_a_fault(
    labels: list[Any], slots: list[Any]
) -> None:
    reading = read(labels, slots)
    assert set(reading.verdicts) | set(reading.faults) == set(ASKED)
    assert not set(reading.verdicts) & set(reading.faults)
    for one, verdict in reading.verdicts.items():
        assert set(verdict.labels) <= set(TAXONOMY.names)
        assert all(slot.text in ASKED[one].sent.text for slot in verdict.slots)
