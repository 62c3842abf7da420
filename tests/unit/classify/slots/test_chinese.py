"""Chinese numerals, measure words and colours are slots where they stand for an ask."""

from __future__ import annotations

import pytest

from tests.unit.classify.slots.finding import found


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("20 刀可以吗", "20 刀"),
        ("三百行吗", "三百"),
        ("要一万二这么贵", "一万二"),
        ("五毛钱就够", "五毛钱"),
        ("35一斤", "35一斤"),
        ("2.5万太贵", "2.5万"),
        ("说230我就签", "230"),
        ("88拿走", "88"),
        ("1280含運嗎", "1280"),
        ("首单198怎么拍", "198"),
    ],
)
def test_a_price_may_be_in_digits_or_in_characters(text: str, price: str) -> None:
    assert found("price", text) == [price]


@pytest.mark.parametrize(
    "text",
    [
        "几百",
        "千万别去",
        "万达几楼",
        "十二点开始",
        "二十个工位",
        "2018年买的",
        "3号我要",
        "666这波",
    ],
)
def test_a_floor_a_date_and_a_crowd_are_no_price(text: str) -> None:
    assert found("price", text) == []


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("两件", "两件"),
        ("来5斤", "5斤"),
        ("42个人拍照", "42个人"),
        ("要一罐", "一罐"),
        ("来半斤", "半斤"),
        ("拍俩", "俩"),
        ("我也+1", "+1"),
        ("2大1小", "2大1小"),
        ("十册", "十册"),
    ],
)
def test_a_measure_word_makes_a_quantity(text: str, quantity: str) -> None:
    assert found("quantity", text) == [quantity]


@pytest.mark.parametrize("text", ["一个月没洗", "第三条", "一个颜色", "三个月了", "每个都好"])
def test_months_and_ordinals_are_no_quantity(text: str) -> None:
    assert found("quantity", text) == []


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("黑色", "黑色"),
        ("深蓝还有吗", "深蓝"),
        ("黑的还有吗", "黑的"),
        ("M码还有吗", "M码"),
        ("38码", "38码"),
        ("6寸的", "6寸"),
        ("38还有吗", "38"),
        ("3号我要", "3号"),
        ("500毫升", "500毫升"),
    ],
)
def test_a_colour_a_size_and_a_number_of_a_claim_are_variants(text: str, variant: str) -> None:
    assert found("variant", text) == [variant]


@pytest.mark.parametrize(
    "text", ["小红书上看到的", "红包雨", "脸都白了", "12号早上到", "黑龙江能发吗"]
)
def test_a_colour_inside_a_word_is_no_variant(text: str) -> None:
    assert found("variant", text) == []
