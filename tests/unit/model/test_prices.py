"""Prices are read as people write them, in whatever currency and scale."""

from __future__ import annotations

import pytest

from intent.model.prices import OCTAVE, NamedPrice, gap_between, price_in, price_of


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("RM 29.90", 29.9, "MYR"),
        ("1.500.000đ", 1_500_000, "VND"),
        ("1,299.00", 1_299, ""),
        ("12,50", 12.5, ""),
        ("S$29", 29, "$"),
        ("under 200k", 200_000, ""),
        ("2tr5", 2_500_000, ""),
        ("500 บาท", 500, "THB"),
        ("99元", 99, "CNY"),
        ("rm50/box", 50, "MYR"),
    ],
)
def test_an_amount_is_read_with_its_scale_and_currency(
    written: str, amount: float, currency: str
) -> None:
    assert price_of(written) == NamedPrice(round(amount * 100), currency)


@pytest.mark.parametrize("written", ["20%", "half price", "0", "", "81234567", "9" * 400])
def test_what_names_no_amount_is_no_price(written: str) -> None:
    assert price_of(written) is None


def test_words_on_screen_name_a_price_only_with_a_currency_or_a_scale() -> None:
    assert price_in("serum 30ml, $29") == NamedPrice(2900, "$")
    assert price_in("set RM 120, now RM 89") == NamedPrice(8900, "MYR")
    assert price_in("phone 15, 128gb, size 40") is None
    assert price_in("farm 5 eggs") is None


def test_a_gap_is_counted_in_doublings() -> None:
    item = price_in("RM 40")
    assert item is not None
    assert gap_between(NamedPrice(2000, ""), item) == -OCTAVE
    assert gap_between(NamedPrice(8000, "MYR"), item) == OCTAVE
    assert gap_between(NamedPrice(4000, "THB"), item) is None, "another currency"
    assert gap_between(NamedPrice(1, ""), item) is None, "a thousand times less was misread"


def test_thousands_that_are_left_out_are_meant() -> None:
    item = price_in("85rb")
    assert item is not None
    assert gap_between(NamedPrice(8500, ""), item) == 0
    assert gap_between(NamedPrice(8500, "IDR"), item) is None
