"""Slots are verbatim substrings, found without a model."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.contacts import find_contacts
from intent.classify.slots.find import find_slots


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("mine size 8 please", [("variant", "size 8")]),
        ("A12 M x2", [("variant", "A12"), ("variant", "M"), ("quantity", "x2")]),
        ("can do $20 for 3 boxes?", [("price", "$20"), ("quantity", "3 boxes")]),
        ("RM 45 boleh?", [("price", "RM 45")]),
        ("150k ship luôn nha", [("price", "150k")]),
        ("黑色 XL 两件", [("variant", "黑色"), ("variant", "XL"), ("quantity", "两件")]),
        ("สีดำ 2 ตัว 590 บาท", [("variant", "สีดำ"), ("quantity", "2 ตัว"), ("price", "590 บาท")]),
        ("call me 0412 345 678", [("contact", "0412 345 678")]),
        ("WA +62 812-0000-0111 ya", [("contact", "+62 812-0000-0111")]),
        ("加我微信 bella_0101", [("contact", "bella_0101")]),
        ("mail ann.lee@example.com or @annlee", [("contact", "ann.lee@example.com"), ("contact", "@annlee")]),
        ("it was 1.290.000 last year", []),
        ("hello everyone", []),
    ],
)
def test_it_finds(text: str, slots: list[tuple[str, str]]) -> None:
    assert [(slot.kind, slot.text) for slot in find_slots(text)] == slots


@given(st.text(max_size=200))
def test_every_slot_stands_in_the_text(text: str) -> None:
    assert all(slot.text in text and slot.text for slot in find_slots(text))


@given(st.text(st.sampled_from("0123456789 -+().@a/:%x"), max_size=80))
def test_contacts_never_overlap(text: str) -> None:
    contacts = find_contacts(text)
    assert all(0 <= one.start < one.end <= len(text) for one in contacts)
    assert all(one.end <= other.start for one, other in pairwise(contacts))


@pytest.mark.parametrize("piece", ["a@", "1 ", "@a.", "line ", "0-", "wechat id ", "$1,", "٣٣", "a.b@c-d."])
def test_hostile_repetition_costs_no_more_than_its_length(piece: str) -> None:
    text = (piece * 8192)[:8192]
    began = time.perf_counter()
    find_slots(text)
    assert time.perf_counter() - began < 2.0
