"""Slots are verbatim substrings, found without a model."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.slots.find import find_slots
from tests.unit.classify.slots.finding import found

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
    "two",
    "hundred",
    "rm",
    "20",
    "k",
    "/",
    "box",
    "x2",
    "+1",
    "2",
    "boxes",
    "for",
    "pay",
    "350",
    "final",
    "2tr5",
    "màu",
    "xanh",
    "than",
    "1.5",
    "'²",
    "٣",
    "黑色",
    "三百",
    "两件",
    "สีดำ",
    "2",
    "ตัว",
    "@ann",
    "0412",
]


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("can do $20 for 3 boxes?", [("price", "$20"), ("quantity", "3 boxes")]),
        ("A12 M, x2", [("variant", "A12 M"), ("quantity", "x2")]),
        ("黑色 XL 两件", [("variant", "黑色"), ("variant", "XL"), ("quantity", "两件")]),
        ("สีดำ 2 ตัว 590 บาท", [("variant", "สีดำ"), ("quantity", "2 ตัว"), ("price", "590 บาท")]),
        ("lấy em 2 hộp, 150k được không", [("quantity", "2 hộp"), ("price", "150k")]),
        (
            "mau 3 pcs warna hitam, RM 45 boleh?",
            [("quantity", "3 pcs"), ("variant", "hitam"), ("price", "RM 45")],
        ),
        ("la roja talla M por 20 euros", [("variant", "roja talla M"), ("price", "20 euros")]),
        ("hello everyone", []),
    ],
)
def test_slots_come_in_the_order_of_the_text(text: str, slots: list[tuple[str, str]]) -> None:
    assert [(slot.kind, slot.text) for slot in find_slots(text)] == slots


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
def test_a_detail_to_reach_somebody_is_a_contact(text: str, contacts: list[str]) -> None:
    assert found("contact", text) == contacts


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
    assert found("contact", text) == []


@given(
    st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12),
    st.sampled_from([" ", "", ", "]),
)
def test_every_slot_stands_in_the_text_and_none_inside_another(
    words: list[str], between: str
) -> None:
    text = between.join(words)
    end = 0
    for slot in find_slots(text):
        assert slot.text.strip() == slot.text != ""
        end = text.index(slot.text, end) + len(slot.text)


@pytest.mark.parametrize(
    "piece",
    [
        "a@",
        "1 ",
        "@a.",
        "line ",
        "telegram",
        "0-",
        "o0",
        "wechat id ",
        "$1,",
        "٣٣",
        "a.b@c-d.",
        "size ",
        "red ",
        "la ",
        "1x",
        "half a ",
        "十",
        "三百",
        "黑",
        "สิบ",
        "รสก",
        "สี",
        " ",
        "\u200b",
        "+",
        "5",
    ],
)
def test_eight_times_the_text_costs_about_eight_times_the_work(piece: str) -> None:
    def work(length: int) -> float:
        text = (piece * length)[:length]
        costs = []
        for _ in range(3):
            began = time.process_time()
            find_slots(text)
            costs.append(time.process_time() - began)
        return min(costs)

    small, large = work(4_000), work(32_000)
    # Work that grew with the square would be 64 times as much; below two milliseconds a clock tells
    # little.
    assert large < 24 * max(small, 0.002)
