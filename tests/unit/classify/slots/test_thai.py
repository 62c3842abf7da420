"""Thai numbers, classifiers and colours are slots where they stand for an ask."""

from __future__ import annotations

import pytest

from tests.unit.classify.slots.finding import found


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("150 ฿", "150 ฿"),
        ("590 บาท", "590 บาท"),
        ("คู่ละ 200", "200"),
        ("ลดอีก 20", "20"),
        ("สองร้อยได้ไหม", "สองร้อย"),
        ("พันห้าแพงไป", "พันห้า"),
        ("สิบห้าบาท", "สิบห้าบาท"),
        ("350 ได้ไหม", "350"),
    ],
)
def test_a_price_may_be_in_digits_or_in_words(text: str, price: str) -> None:
    assert found("price", text) == [price]


@pytest.mark.parametrize("text", ["555 ได้เลย", "กี่ร้อย", "แถวบางแสน", "เรียบร้อยดี", "กี่บาท", "ปี 2566"])
def test_laughter_a_place_and_a_question_are_no_price(text: str) -> None:
    assert found("price", text) == []


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("2 ชุด", "2 ชุด"),
        ("สองคู่ค่ะ", "สองคู่"),
        ("เอาตัวนึง", "ตัวนึง"),
        ("สี่คน", "สี่คน"),
        ("เอา 2 ค่ะ", "2"),
        ("เอา 1 ใบเลย", "1 ใบ"),
    ],
)
def test_a_classifier_makes_a_quantity(text: str, quantity: str) -> None:
    assert found("quantity", text) == [quantity]


@pytest.mark.parametrize("text", ["3 ปี", "สามีชอบ", "ใน 7 วัน", "คนเดียว"])
def test_spans_of_time_and_longer_words_are_no_quantity(text: str) -> None:
    assert found("quantity", text) == []


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("สีชมพู", "สีชมพู"),
        ("ไซส์ L มีไหม", "ไซส์ L"),
        ("เบอร์ 39 ค่ะ", "39"),
        ("เอาดำ 2", "ดำ"),
        ("500 กรัม", "500 กรัม"),
        ("38 ค่ะ", "38"),
        ("กระปุกใหญ่", "กระปุกใหญ่"),
    ],
)
def test_a_colour_a_size_and_a_measure_are_variants(text: str, variant: str) -> None:
    assert found("variant", text) == [variant]
