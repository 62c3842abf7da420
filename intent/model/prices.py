"""Reads the amount of a price as people write it: "RM 29.90", "1.500.000đ", "200k", "2tr5"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from intent.model.decision import Slot

OCTAVE = 1_000_000
"""Steps in a doubling of a price."""

FURTHEST = 4 * OCTAVE
"""Sixteen times as much or as little: further off, one of two amounts was read wrongly."""

_THOUSANDS = 1000
"""People leave them out where all prices have them: 85 for 85rb."""

_SCALES = {
    **dict.fromkeys(("k", "rb", "ribu", "ngàn", "ngan", "nghìn", "nghin", "mil", "lucas"), 1e3),
    **dict.fromkeys(("千", "พัน", "thousand", "grand"), 1e3),
    **dict.fromkeys(("万", "หมื่น"), 1e4),
    **dict.fromkeys(("jt", "juta", "jutaan", "tr", "triệu", "trieu", "củ", "million", "ล้าน"), 1e6),
    **dict.fromkeys(("tỷ", "tỉ", "ty"), 1e9),
}
_SPLIT = frozenset({"jt", "juta", "tr", "triệu", "trieu", "củ", "tỷ", "tỉ", "ty"})
"""Scales after which one more digit is a tenth of it: 2tr5."""

_CURRENCIES = {
    "$": "$",
    "usd": "$",
    "£": "GBP",
    "gbp": "GBP",
    "€": "EUR",
    "eur": "EUR",
    "¥": "CNY",
    "元": "CNY",
    "块": "CNY",
    "rmb": "CNY",
    "rm": "MYR",
    "myr": "MYR",
    "ringgit": "MYR",
    "rp": "IDR",
    "idr": "IDR",
    "rupiah": "IDR",
    "฿": "THB",
    "thb": "THB",
    "baht": "THB",
    "บาท": "THB",
    "₫": "VND",
    "đ": "VND",
    "vnd": "VND",
    "đồng": "VND",
    "₱": "PHP",
    "php": "PHP",
    "s/": "PEN",
    "₹": "INR",
    "rs": "INR",
    "inr": "INR",
}


_LATIN = "[a-z\\u00c0-\\u024f\\u1ea0-\\u1ef9]"


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# Numbers are bounded: a flood of digits costs no more than its length.
_AMOUNT = re.compile(
    rf"(?:(?P<before>(?:{_any_of(one for one in _CURRENCIES if not one[0].isalpha())})"
    rf"|(?<!{_LATIN})(?:{_any_of(one for one in _CURRENCIES if one[0].isalpha())}))\s?)?"
    r"(?<![\d.,])(?P<number>\d{1,9}(?:[.,]\d{1,9}){0,4})(?!\d)"
    rf"(?:\s?(?P<scale>{_any_of(_SCALES)})(?P<tenth>\d(?!\d))?(?!{_LATIN}))?"
    rf"(?:\s?(?P<after>{_any_of(_CURRENCIES)})(?!{_LATIN}))?",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_LARGEST = 10**15
_BARE = 7
"""Digits in a row that may be a price without a currency; more are rather somebody's number."""


@dataclass(frozen=True, slots=True)
class NamedPrice:
    """An amount above zero, in hundredths; the currency is empty where none is written."""

    hundredths: int
    currency: str


def price_of(slot: str) -> NamedPrice | None:
    """Return the price that a price slot names; None for words without digits, shares in percent,
    and what no price can be.
    """
    if "%" in slot:
        return None
    return next((price for price, _ in _prices(slot)), None)


def price_in(words: str) -> NamedPrice | None:
    """Return the last price with a currency or a scale in words such as those of an item on screen;
    bare numbers there are sizes and counts.
    """
    found = [price for price, marked in _prices(words) if marked]
    return found[-1] if found else None


def named_price(slots: Iterable[Slot], on_screen: str | None) -> tuple[int | None, int | None]:
    """Return the price that slots name, in hundredths, and how far it is above the one that the
    words on screen name, in millionths of a doubling; None where there is none.
    """
    named = (price_of(slot.text) for slot in slots if slot.kind == "price")
    stated = next((price for price in named if price is not None), None)
    if stated is None:
        return None, None
    item = price_in(on_screen) if on_screen else None
    return stated.hundredths, None if item is None else gap_between(stated, item)


def gap_between(stated: NamedPrice, item: NamedPrice) -> int | None:
    """Return how far a price is above another, in millionths of a doubling; None where they are of
    different currencies, or too far apart to be prices of one thing.
    """
    if stated.currency and item.currency and stated.currency != item.currency:
        return None
    large = not stated.currency and item.hundredths >= _THOUSANDS * 100
    for times in (1, _THOUSANDS) if large else (1,):
        gap = round(math.log2(stated.hundredths * times / item.hundredths) * OCTAVE)
        if abs(gap) <= FURTHEST:
            return gap
    return None


def _prices(text: str) -> Iterator[tuple[NamedPrice, bool]]:
    """Yield prices in their order, each with whether a currency or a scale says that it is one."""
    for found in _AMOUNT.finditer(text):
        scale = (found["scale"] or "").lower()
        amount = _number(found["number"]) * _SCALES.get(scale, 1.0)
        if found["tenth"] and scale in _SPLIT:
            amount += int(found["tenth"]) * _SCALES[scale] / 10
        hundredths = round(amount * 100)
        currency = _CURRENCIES.get((found["before"] or found["after"] or "").lower(), "")
        bare = not (currency or scale) and len(found["number"]) > _BARE
        if 0 < hundredths < _LARGEST and not (bare and found["number"].isdecimal()):
            yield NamedPrice(hundredths, currency), bool(currency or scale)


def _number(written: str) -> float:
    """Return a number: a sign before three digits parts thousands, the last other one decimals."""
    if _GROUPED.fullmatch(written):
        return float(written.replace(".", "").replace(",", ""))
    whole, _, rest = written.replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '')}.{rest}" if whole else rest)
