"""Contact details of any script leave as placeholders, come back as they were, and prices, sizes
and dates stay.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.classify.placeholders import disguise

CONTACTS = [
    ("0491 570 156", "phone"),
    ("+61 491 570 156", "phone"),
    ("(02) 5550 0123", "phone"),
    ("+1 (212) 555-0123", "phone"),
    ("0491-570-156", "phone"),
    ("0491.570.156", "phone"),
    ("0 4 9 1 5 7 0 1 5 6", "phone"),
    ("𝟎𝟒𝟗𝟏 𝟓𝟕𝟎 𝟏𝟓𝟔", "phone"),
    ("０４９１５７０１５６", "phone"),
    ("٠٤٩١٥٧٠١٥٦", "phone"),
    ("๐๘๐-๐๐๐-๐๑๒๓", "phone"),
    ("०४९१५७०१५६", "phone"),
    ("零四九一五七零一五六", "phone"),
    ("壹叁捌零零壹叁捌零零零", "phone"),
    ("①③⑧⓪⓪①③⑧⓪⓪⓪", "phone"),
    ("0️⃣4️⃣9️⃣1️⃣5️⃣7️⃣0️⃣1️⃣5️⃣6️⃣", "phone"),
    ("04\u200b91\u200b570\u200b156", "phone"),
    ("O491 57O I56", "number"),
    ("zero four nine one five seven zero one five six", "number"),
    ("không bốn chín một năm bảy không một", "number"),
    ("cero cuatro nueve uno cinco siete cero uno", "number"),
    ("kosong empat sembilan satu lima tujuh kosong satu", "number"),
    ("anna.lee@example.com", "email"),
    ("anna.lee ＠ example．com", "email"),
    ("anna at example dot com", "email"),
    ("anna(at)example(dot)com", "email"),
    ("@anna_shop", "handle"),
    ("https://wa.me/61491570156", "link"),
    ("shop.example.com/p?id=99123", "link"),
    ("t.me/anna_shop", "link"),
]


@pytest.mark.parametrize(("detail", "kind"), CONTACTS)
def test_a_contact_detail_becomes_a_placeholder_and_comes_back(detail: str, kind: str) -> None:
    disguised = disguise(f"pm {detail} , thanks")
    assert disguised.text == f"pm [{kind}] , thanks"
    assert disguised.restored(f"[{kind}]") == detail


@pytest.mark.parametrize(
    "account",
    [
        "IG: annashop",
        "wx:lily88",
        "微信：bella_01",
        "zalo: lan.nguyen",
        "ไลน์: noi88",
        "WhatsApp: annaann",
    ],
)
def test_an_account_behind_a_messengers_name_is_a_handle(account: str) -> None:
    assert disguise(account).text.endswith("[handle]")


@pytest.mark.parametrize(
    "text",
    [
        "size 36 37 38 39 40?",
        "1.500.000 or 2.000.000",
        "Rp 1.250.000,00",
        "is it $1,200,000?",
        "2026-11-20 20:15 ok?",
        "20/11/2026",
        "open 10.00-18.30?",
        "2017-2024 model",
        "5555555",
        "got 2 for 10?",
        "A12 M",
        "look at the dot on it",
        "500ml x 24",
        "一个两个三个",
        "one two three",
    ],
)
def test_what_is_no_contact_detail_stays(text: str) -> None:
    assert disguise(text).text == text


def test_a_placeholder_that_the_author_wrote_is_not_taken_for_ours() -> None:
    disguised = disguise("[phone] is a word, 0491 570 156 and 0491 570 157 are numbers")
    assert disguised.text == "[phone] is a word, [phone 2] and [phone 3] are numbers"
    assert (
        disguised.restored(disguised.text)
        == "[phone] is a word, 0491 570 156 and 0491 570 157 are numbers"
    )


@pytest.mark.parametrize("most", range(20, 60))
def test_a_cut_never_leaves_half_a_detail(most: int) -> None:
    sent = disguise("a number: 0491 570 156 and anna.lee@example.com then", most).text
    assert "049" not in sent
    assert "anna" not in sent
    assert len(sent) <= most


@given(st.text())
def test_every_text_can_be_put_together_again(text: str) -> None:
    disguised = disguise(text)
    assert disguised.restored(disguised.text) == text


@given(st.text(alphabet="0123456789٠١๐๑零一 -.()", max_size=40), st.text(max_size=20))
def test_no_ten_digits_in_a_row_ever_leave(noise: str, words: str) -> None:
    disguised = disguise(f"{words} 0491570156 {noise}")
    assert "0491570156" not in disguised.text


@pytest.mark.parametrize(
    "flood",
    ["0", "1 ", "a@", "one ", "@", "a.", "(1", "1.234", "o0l", "at ", "wa:", "零", "+", "0-"],
)
def test_a_flood_takes_no_long_time(flood: str) -> None:
    started = time.perf_counter()
    disguise((flood * 8192)[: 8192 // len(flood.encode())])
    assert time.perf_counter() - started < 3.0
