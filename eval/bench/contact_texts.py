"""Writes phone numbers of 25 countries as people write them, inside what people say; and numbers
that are none.

The numbers are those that ``phonenumbers`` gives as examples, with other last digits: nobody's on
purpose.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

COUNTRIES = (
    *("ID", "MY", "TH", "VN", "CN", "TW", "HK", "SG", "PH", "JP", "KR", "IN", "US"),
    *("GB", "AU", "MX", "ES", "BR", "AR", "CO", "PE", "CL", "AE", "DE", "FR"),
)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SAID = (
    "{}",
    "call me {} please",
    "is this still there? {}",
    "whatsapp {} ya kak",
    "hubungi saya di {} untuk order 2 pcs",
    "โทร {} ได้เลยค่ะ",
    "gọi em {} nhé",
    "联系我{}谢谢",
    "mi número es {}, precio?",
    "tel:{}",
)


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A text with one phone number.

    Attributes:
        spelling: how it is written.
        common: whether that is a way in which numbers are commonly written.
        digits: its last six, by which it would be known.
    """

    country: str
    spelling: str
    common: bool
    text: str
    digits: str


def _spaced(digits: str, sizes: tuple[int, ...], sign: str) -> str:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(digits[at : at + size])
        at += size
    return sign.join([one for one in [*pieces, digits[at:]] if one])


def _mapped(digits: str, first: int) -> str:
    return "".join(chr(first + int(sign)) for sign in digits)


_COMMON: dict[str, Callable[[PhoneNumber, str], str]] = {
    "national": lambda number, _: phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
    "international": lambda number, _: phonenumbers.format_number(
        number, PhoneNumberFormat.INTERNATIONAL
    ),
    "E.164": lambda number, _: phonenumbers.format_number(number, PhoneNumberFormat.E164),
    "digits alone": lambda _, plain: plain,
    "by spaces": lambda _, plain: _spaced(plain, (4, 3), " "),
    "by dots": lambda _, plain: _spaced(plain, (4, 3), "."),
    "by dashes": lambda _, plain: _spaced(plain, (4, 4), "-"),
    "in brackets": lambda _, plain: f"({plain[:3]}) {_spaced(plain[3:], (4,), ' ')}",
    "plus in brackets": lambda number, _: f"(+{number.country_code}) {number.national_number}",
    "code, no plus": lambda number, _: f"{number.country_code}{number.national_number}",
    "wa.me": lambda number, _: f"wa.me/{number.country_code}{number.national_number}",
    "wa, no space": lambda _, plain: f"wa{plain}",
}
_DISGUISED: dict[str, Callable[[PhoneNumber, str], str]] = {
    "full width": lambda _, plain: _mapped(plain, 0xFF10),
    "zero width": lambda _, plain: "\u200b".join(plain),
    "thai digits": lambda _, plain: _mapped(plain, 0x0E50),
    "keycaps": lambda _, plain: "".join(f"{sign}\ufe0f\u20e3" for sign in plain),
    "O for 0": lambda _, plain: plain.replace("0", "O"),
    "each by a space": lambda _, plain: " ".join(plain),
    "each by a dot": lambda _, plain: ".".join(plain),
    "slashes": lambda _, plain: _spaced(plain, (3, 3), "/"),
    "in english words": lambda _, plain: " ".join(_WORDS[int(sign)] for sign in plain),
    "in chinese signs": lambda _, plain: "".join(
        "零一二三四五六七八九"[int(sign)] for sign in plain
    ),
}


def written_numbers(count: int, seed: int) -> Iterator[WrittenNumber]:
    """Yield texts with one number each: ``count`` of every country and spelling."""
    drawn = random.Random(seed)  # noqa: S311 – texts, no secrets
    for country in COUNTRIES:
        for common, spellings in ((True, _COMMON), (False, _DISGUISED)):
            for name, write in spellings.items():
                for _ in range(count):
                    number, plain = _number(country, drawn)
                    text = drawn.choice(SAID).format(write(number, plain))
                    yield WrittenNumber(country, name, common, text, plain[-6:])


def _number(country: str, drawn: random.Random) -> tuple[PhoneNumber, str]:
    """Return a valid mobile number, and its digits as they are dialled at home."""
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    assert example is not None, "every country of ours has an example"
    while True:
        last = f"{drawn.randrange(10**6):06}"
        national = str(example.national_number)[:-6] + last
        number = PhoneNumber(country_code=example.country_code, national_number=int(national))
        if phonenumbers.is_valid_number_for_region(number, country) and len(set(last)) > 2:
            home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            return number, "".join(sign for sign in home if sign.isdigit())


NO_NUMBERS = {
    "prices": (
        "Rp{m}.500.000", "{m},299,000 VND", "{m}.250.000đ", "can you do {h}k?", "IDR {h}.000 nett",
        "$1,{h}.50", "฿{m},{h}", "{h}.000-{h}.500", "harga {h}rb 3pcs {h}rb", "{m}00000 rupiah",
    ),
    "quantities": (
        "{m} pcs x 3", "{m}0 box, {h} pcs", "size 36-38 70kg", "10 20 30 40", "2x {h} gram",
        "{h}ml {h}ml", "beli {m} gratis 1", "36/37/38/39 ada?", "1 2 3 4 5 6 7 8", "55555555",
    ),
    "times and days": (
        "2026-11-{m}", "11/1{m}/2026 19.00-21.00", "jam 18.00-18.30", "2006-2017", "20:15:30",
        "tgl 1{m}-12-2026 jam 19:30", "24/7", "1{m}.11.2026 20:00", "1000000/10",
    ),
}  # fmt: skip


def plain_numbers(seed: int) -> Iterator[tuple[str, str]]:
    """Yield texts with numbers that reach nobody, each with what they are."""
    drawn = random.Random(seed)  # noqa: S311 – texts, no secrets
    for kind, shapes in NO_NUMBERS.items():
        for shape in shapes:
            for _ in range(10):
                values = {"m": drawn.randrange(1, 10), "h": drawn.randrange(100, 1000)}
                yield kind, shape.format(**values)
