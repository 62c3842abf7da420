"""Finds contact details in a text: e-mail addresses, links, handles, phone numbers and
postal addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from intent.classify.postal_addresses import find_addresses


class ContactKind(StrEnum):
    """What a contact detail is."""

    EMAIL = "email"
    LINK = "link"
    HANDLE = "handle"
    PHONE = "phone"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact detail at ``text[start:end]``, in characters."""

    kind: ContactKind
    start: int
    end: int


# The part before the sign is bounded, so that a long run of letters costs no more than a short one.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s，。！\"<>]+|\b(?:wa|t|bit|line)\.(?:me|ly)/[^\s，。！\"<>]+",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@.])@[A-Za-z0-9_][A-Za-z0-9_.-]{1,39}(?<![.-])")
# An account name stands behind the name of a messenger: "line: noi88", "微信 bella_0101", "zalo em:
# 09…" (numbers are left to the phones).
_NAMED = re.compile(
    r"(?:微信号?|薇信|加[微薇威]|[微薇]|vx|wechat|weixin|(?<![a-z])line(?: "
    r"?id)?|ไลน์|ไอดี|วีแชท|telegram|(?<![a-z])(?:tele|zalo|ig)"
    r"|(?<![a-z])v(?![a-z])|加v|[➕+]\s?[vⓥ]|insta(?:gram)?|加賴|賴)"
    r"(?: ?(?:id|me|is|คือ|是|我|搜|"
    r"一下))?\s*[,，:：=]?\s?[\"']?((?=[a-z0-9_.-]{0,30}[\d_])[a-z][a-z0-9_.-]{3,29})",
    re.IGNORECASE,
)
# Behind weaker words a name must not look like a product's: "加我 suki0101", "我是bella_01", "➕
# mao0100", but not "我的 Mate60".
_INTRODUCED = re.compile(
    r"(?:[加搜](?:我|一下)?|我(?:的是|的|是)|➕|👉|(?<![a-z])(?:id|dm)|確認地址|"
    r"确认地址)\s?[:：]?\s?((?=[a-z0-9.-]{0,30}(?:_|\d{3}))[a-z][a-z0-9_.-]{3,29})",
    re.IGNORECASE,
)
_ACCOUNT_SIGN = re.compile(r"[\d_]")
_DIGIT = re.compile(r"\d")
# A digit that ends a word ("panjang2 012-…") begins no number.
_MANY_DIGITS = re.compile(r"(?:(?<![a-zA-Z])\d|(?<=[a-zA-Z])\d(?! ))(?:[^\d\n]{0,2}\d){7,}")
# Numbers that are drawn out, or have the letter O for zero: "0900 - 000 - 149", "081-OOO-O171".
_DRAWN_OUT = re.compile(r"(?<![\w.,])[0oO](?:[ .~-]{0,3}[\doO]){8,10}(?!\w)")
_SHORT = re.compile(r"(?<![\w-])\d{3}-\d{4}(?![\w-])")
_REACH = re.compile(r"\b(?:text|call|msg|message|ring|reach|whatsapp|phone|cell)\b", re.IGNORECASE)
_LONGEST_NUMBER = 60
"""Longest stretch of digits and signs between them that is looked into, in characters."""

_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SPAN = re.compile(
    r"(?:19|20)\d\d\s?[-–/]\s?(?:19|20)\d\d|\d{1,2}[.:]\d\d\s?[-–]\s?\d{1,2}[.:]\d\d|\d+/\d{1,2}"
)
"""Years, hours and marks: "2006-2017", "18.00-18.30", "1000000/10"."""
_NO_NUMBER = re.compile(f"{_THOUSANDS.pattern}|{_SPAN.pattern}")
# Home countries of the languages that come first; a number in national form is taken if it is
# possible in any of them.
REGIONS = ("CN", "US", "ID", "TH", "MY", "VN", "MX", "ES", "AU", "SG", "TW")


def find_contacts(text: str) -> tuple[Contact, ...]:
    """Return contact details in order of position, without overlaps."""
    found: list[Contact] = []
    if "@" in text:
        found += [Contact(ContactKind.EMAIL, *match.span()) for match in _EMAIL.finditer(text)]
        found += [Contact(ContactKind.HANDLE, *match.span()) for match in _HANDLE.finditer(text)]
    if "." in text or "/" in text:
        found += [Contact(ContactKind.LINK, *match.span()) for match in _LINK.finditer(text)]
    if _ACCOUNT_SIGN.search(text):
        found += [
            Contact(ContactKind.HANDLE, *match.span(1))
            for pattern in (_NAMED, _INTRODUCED)
            for match in pattern.finditer(text)
        ]
    if _DIGIT.search(text):
        phones = list(_phones(text))
        found += [*phones, *_addresses(text, phones)]
    return tuple(_without_overlaps(found))


def _addresses(text: str, phones: Sequence[Contact]) -> Iterator[Contact]:
    for start, end in find_addresses(text):
        # A number to call that follows an address is no postcode.
        stop = min((one.start for one in phones if start < one.start < end), default=end)
        yield Contact(ContactKind.ADDRESS, start, start + len(text[start:stop].rstrip(" ,.-")))


def _phones(text: str) -> Iterator[Contact]:
    for digits in _MANY_DIGITS.finditer(text):
        # A plus sign or a bracket may stand before the first digit.
        start, end = max(0, digits.start() - 2), digits.end()
        if end - start <= _LONGEST_NUMBER:
            yield from _phones_in(text[start:end], start)
    for match in _DRAWN_OUT.finditer(text):
        if sum(sign.isdigit() for sign in match.group()) >= 4 and not _THOUSANDS.fullmatch(
            match.group()
        ):
            yield Contact(ContactKind.PHONE, *match.span())
    if _SHORT.search(text) and _REACH.search(text):
        yield from (Contact(ContactKind.PHONE, *match.span()) for match in _SHORT.finditer(text))


def _phones_in(piece: str, start: int) -> Iterator[Contact]:
    for region in REGIONS:
        matches = list(
            phonenumbers.PhoneNumberMatcher(piece, region, leniency=phonenumbers.Leniency.POSSIBLE)
        )
        numbers = [
            match
            for match in matches
            if sum(sign.isdigit() for sign in match.raw_string) >= 8
            and not _NO_NUMBER.fullmatch(match.raw_string)
        ]
        if numbers:
            yield from (
                Contact(ContactKind.PHONE, start + match.start, start + match.end)
                for match in numbers
            )
            return


def _without_overlaps(found: list[Contact]) -> Iterator[Contact]:
    end = 0
    for contact in sorted(found, key=lambda one: (one.start, -one.end)):
        if contact.start >= end:
            yield contact
            end = contact.end
