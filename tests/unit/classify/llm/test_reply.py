"""Ids out are ids in; codes become labels; nothing else is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.llm.reply import Asked, Reading, is_reply, read_reply
from intent.classify.llm.shape import find_reply
from intent.classify.placeholders import disguise
from intent.model.decision import Slot
from tests.unit.classify.llm.asking import TAXONOMY


def asked(text: str) -> Asked:
    return Asked(text, disguise(text))


ASKED = {"k7w": asked("how much is the red one?"), "b2x": asked("call me 0491 570 156")}

REPLY = '{"labels":[{"id":"k7w","is":["PR"]},{"id":"b2x","is":["CO"]}],"slots":[]}'


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
        ([label("k7w", "price"), label("b2x", "CO")], "invalid"),
        ([label("k7w", "PR", "XX"), label("b2x", "CO")], "invalid"),
        ([label("k7w"), label("b2x", "CO")], "invalid"),
        ([label("k7w", "CH", "PR"), label("b2x", "CO")], "invalid"),
        ([label("k7w", "SP", "CS"), label("b2x", "CO")], "invalid"),
        ([{"id": "k7w", "is": "PR or PU"}, label("b2x", "CO")], "invalid"),
        ([{"id": "k7w", "is": {"PR": 1}}, label("b2x", "CO")], "invalid"),
        ([{"id": "k7w", "is": None}, label("b2x", "CO")], "invalid"),
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
        '{"labels":null,"slots":[]}',
        '{"labels":[],"slots":[]} {"labels":[],"slots":[]}',
        '```json\n{"labels":[]}\n```\nor\n```json\n{"labels":[]}\n```',
        '<think>{"labels":[],"slots":[]}',
        '<think>{"labels":[]}</think>',
        REPLY[:-7],
        REPLY[:-2],
        "{" * 100_000,
        "[" * 99_999 + "{",
        '{"a":' * 30_000,
        '{"labels":[],"labels":[],"slots":[]}',
        '{"slots":[]}',
        '{"labels":[],"slots":[]}' + " " * 300_000,
        "[" * 100_000,
    ],
)
def test_what_has_another_shape_is_no_reply(text: str) -> None:
    assert not is_reply(text)
    assert read_reply(text, ASKED, TAXONOMY) is None


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{REPLY}\n```",
        f"```JSON\n{REPLY}\n```",
        f"```\n{REPLY}```",
        f"~~~json\n{REPLY}\n~~~",
        f"Sure! Here it is:\n```json\n{REPLY}\n```\nLet me know if {{you}} need more.",
        f"Here are the labels: {REPLY} Hope that helps!",
        f"<think>They ask {{the price}}. Maybe {REPLY}?</think>\n\n{REPLY}",
        f"They ask for the price.</think>{REPLY}",
        f"<THINK>hm</THINK> <think>so</think> {REPLY}",
        f"{REPLY}<|im_end|>",
        f"{REPLY}\n</s>",
        f"{REPLY} <|eot_id|><|end_of_text|>",
        f"{REPLY}<end_of_turn>\n",
        f"\ufeff{REPLY}",
        f"  \n{REPLY}\n\n",
        f"[{REPLY}]",
        REPLY.replace('"slots":[]', '"slots":null'),
        REPLY.replace('"slots":[]', '"slots":[],"why":"clear","confidence":0.9'),
        REPLY.replace('"is":["PR"]', '"is":["PR"],"sure":true'),
        REPLY.replace(',"slots":[]', ""),
        REPLY.removeprefix('{"labels":').removesuffix(',"slots":[]}'),
        "The list:\n```\n"
        + REPLY.removeprefix('{"labels":').removesuffix(',"slots":[]}')
        + "\n```",
        REPLY.replace('["PR"]', '"PR"'),
        REPLY.replace('["PR"]', '["pr"]'),
        REPLY.replace('["PR"]', '["price_inquiry"]'),
        REPLY.replace('["PR"]', '["Price inquiry"]'),
        REPLY.replace('["PR"]', '"PRICE-INQUIRY"'),
    ],
)
def test_what_a_model_writes_around_a_reply_is_read_where_it_means_one_thing(text: str) -> None:
    reading = read_reply(text, ASKED, TAXONOMY)
    assert reading is not None
    assert {one: verdict.labels for one, verdict in reading.verdicts.items()} == {
        "k7w": ("price_inquiry",),
        "b2x": ("contact_request",),
    }


def test_labels_in_one_string_are_a_list() -> None:
    assert read([{"id": "k7w", "is": "PR, pu"}]).verdicts["k7w"].labels == (
        "purchase_intent",
        "price_inquiry",
    )


def test_a_slot_may_quote_the_end_of_a_thought() -> None:
    quoting = asked("hi </think> there")
    text = json.dumps(
        {
            "labels": [label("k7w", "PR")],
            "slots": [{"id": "k7w", "kind": "product", "text": "hi </think> there"}],
        }
    )
    reading = read_reply(text, {"k7w": quoting}, TAXONOMY)
    assert reading is not None
    assert reading.verdicts["k7w"].slots == (Slot("product", "hi </think> there"),)


@pytest.mark.parametrize("sign", ['x {"a": ', "<think>", "<|im_end|>", " ", "</s> x ", "["])
def test_a_long_text_of_one_sign_is_given_up_soon(sign: str) -> None:
    assert find_reply("x" + sign * (190_000 // len(sign)) + "x") is None


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
