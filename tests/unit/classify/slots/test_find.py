"""Slots are verbatim substrings: contact details by rules, the rest by the tagger."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.classify.slots.find import SlotFinder, find_contact_slots
from intent.classify.slots.tagger import SHIPPED, load_slot_tagger
from intent.model.decision import Slot
from tests.unit.classify.slots.offered import said

WORDS = [
    "size",
    "M",
    "XL",
    "a12",
    "dark",
    "green",
    "la",
    "7",
    "half",
    "dozen",
    "rm",
    "20",
    "/",
    "x2",
    "2tr5",
    "màu",
    "1.5",
    "'²",
    "٣",
    "黑色",
    "三百",
    "สีดำ",
    "ตัว",
    "@ann",
    "0412",
    "e\u0301",
]


@pytest.fixture(scope="module")
def finder() -> SlotFinder:
    tagger = load_slot_tagger(SHIPPED)
    return SlotFinder(tagger, frozenset({"chatter", "spam"}))


def found(finder: SlotFinder, text: str, *labels: str) -> list[tuple[str, str]]:
    # Longer than a message may be, too: what finds slots does not rely on the door.
    message = said("x").model_copy(update={"text": text})
    (slots,) = finder.find([message], [labels or ("purchase_intent",)])
    return [(slot.kind, slot.text) for slot in slots]


@pytest.mark.parametrize(
    ("text", "contacts"),
    [
        ("call me 0412 345 678", ["0412 345 678"]),
        ("WA +62 812-0000-0111 ya", ["+62 812-0000-0111"]),
        ("加我微信 bella_0101", ["bella_0101"]),
        ("加我 tea_house_01 谢谢", ["tea_house_01"]),
        ("add me on wechat, panda_2020", ["panda_2020"]),
        ("text me 555-0118", ["555-0118"]),
        ("gọi 0900 - 000 - 149 nha", ["0900 - 000 - 149"]),
        ("081-OOO-O171 ค่ะ", ["081-OOO-O171"]),
        ("mail ann.lee@example.com or insta @annlee", ["ann.lee@example.com", "@annlee"]),
    ],
)
def test_a_detail_to_reach_somebody_is_a_contact_whatever_the_labels_say(
    finder: SlotFinder, text: str, contacts: list[str]
) -> None:
    assert [slot.text for slot in find_contact_slots(text)] == contacts
    for label in ("contact_request", "spam"):
        kinds = found(finder, text, label)
        assert [one for kind, one in kinds if kind == "contact"] == contacts


@pytest.mark.parametrize(
    "text",
    [
        "@ann.lee look at this one",
        "@ann.lee @bob_k",
        "you are funny @ann.lee",
        "see https://shop.example/sale",
        "open from 2006-2017",
        "tonight 18.00-18.30",
        "score 1000000/10",
        "我的 Mate60 能用吗",
    ],
)
def test_a_friend_a_web_page_and_a_span_of_years_are_no_contact(text: str) -> None:
    assert find_contact_slots(text) == ()


def test_on_what_nobody_acts_only_contacts_are_found(finder: SlotFinder) -> None:
    assert found(finder, "2 boxes to Perth tomorrow for $20", "chatter") == []
    assert found(finder, "hello everyone", "chatter") == []


def test_without_a_tagger_contacts_are_found_all_the_same() -> None:
    (slots,) = SlotFinder(None, frozenset()).find(
        [said("2 boxes, call 0412 345 678")], [("purchase_intent",)]
    )
    assert slots == (Slot("contact", "0412 345 678"),)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12),
    st.sampled_from([" ", "", ", "]),
)
def test_every_slot_stands_in_the_text_in_order_and_none_inside_another(
    finder: SlotFinder, words: list[str], between: str
) -> None:
    text = between.join(words)
    end = 0
    for _, slot in found(finder, text):
        assert slot.strip() == slot != ""
        if slot in text[end:]:  # a text that is found twice is said once
            end = text.index(slot, end) + len(slot)
        assert slot in text


def test_messages_found_together_and_alone_have_the_same_slots(finder: SlotFinder) -> None:
    messages = [
        said("2 boxes to Perth tomorrow"),
        said(""),
        said("size M in black pls", "linen dress, S-XL"),
        said("mau 3 pcs warna hitam, RM 45 boleh?"),
    ]
    labels = [("purchase_intent",)] * 4
    together = finder.find(messages, labels)
    assert together == [finder.find([one], labels[:1])[0] for one in messages]
    assert together[1] == ()
    assert all(together[row] for row in (0, 2, 3))


@pytest.mark.parametrize(
    "piece",
    [
        "a@",
        "1 ",
        "@a.",
        "line ",
        "0-",
        "wechat id ",
        "٣٣",
        "十",
        "黑",
        "สิบ",
        "สี",
        "\u200b",
        "+",
        "e\u0301",
    ],
)
def test_eight_times_the_text_costs_about_eight_times_the_work(
    finder: SlotFinder, piece: str
) -> None:
    def work(length: int) -> float:
        text = (piece * length)[:length]
        costs = []
        for _ in range(3):
            began = time.process_time()
            found(finder, text)
            costs.append(time.process_time() - began)
        return min(costs)

    small, large = work(4_000), work(32_000)
    # Work that grew with the square would be 64 times as much; below two milliseconds a clock tells
    # little.
    assert large < 24 * max(small, 0.002)
