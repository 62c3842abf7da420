"""Finds contact details in a text: e-mail addresses, links, handles and phone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers


class ContactKind(StrEnum):
    """What a contact detail is."""

    EMAIL = "email"
    LINK = "link"
    HANDLE = "handle"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact detail at ``text[start:end]``, in characters."""

    kind: ContactKind
    start: int
    end: int


# The part before the sign is bounded, so that a long run of letters costs no more than a short one.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
_LINK = re.compile(r"(?:https?://|www\.)[^\s，。！]+|\b(?:wa|t|bit|line)\.(?:me|ly)/[^\s，。！]+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@.])@[A-Za-z0-9_][A-Za-z0-9_.-]{1,39}(?<![.-])")
# An account name stands behind the name of a messenger: "line: noi88", "微信 bella_0101", "zalo em: 09…" (numbers are left to the phones).
_NAMED = re.compile(
    r"(?:微信号?|薇信|加v|vx|wechat|weixin|line ?id|line|ไลน์|ไอดี|telegram|tele|zalo|ig|insta(?:gram)?|加賴|賴)"
    r"(?: ?(?:id|me|is|คือ|是))?\s*[:：=]?\s*((?=[A-Za-z0-9_.-]*[\d_])[A-Za-z][A-Za-z0-9_.-]{3,29})",
    re.IGNORECASE,
)
_MANY_DIGITS = re.compile(r"\d(?:[^\d\n]{0,2}\d){7,}")
_LONGEST_NUMBER = 60
"""Longest stretch of digits and signs between them that is looked into, in characters."""

_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
# Home countries of the languages that come first; a number in national form is taken if it is possible in any of them.
_REGIONS = ("CN", "US", "ID", "TH", "MY", "VN", "MX", "ES", "AU", "SG", "TW")


def find_contacts(text: str) -> tuple[Contact, ...]:
    """Return contact details in order of position, without overlaps."""
    found: list[Contact] = []
    if "@" in text:
        found += [Contact(ContactKind.EMAIL, *match.span()) for match in _EMAIL.finditer(text)]
        found += [Contact(ContactKind.HANDLE, *match.span()) for match in _HANDLE.finditer(text)]
    if "." in text or "/" in text:
        found += [Contact(ContactKind.LINK, *match.span()) for match in _LINK.finditer(text)]
    found += [Contact(ContactKind.HANDLE, *match.span(1)) for match in _NAMED.finditer(text)]
    if _MANY_DIGITS.search(text):
        found += _phones(text)
    return tuple(_without_overlaps(found))


def _phones(text: str) -> Iterator[Contact]:
    for digits in _MANY_DIGITS.finditer(text):
        # A plus sign or a bracket may stand before the first digit.
        start, end = max(0, digits.start() - 2), digits.end()
        if end - start <= _LONGEST_NUMBER:
            yield from _phones_in(text[start:end], start)


def _phones_in(piece: str, start: int) -> Iterator[Contact]:
    for region in _REGIONS:
        matches = list(phonenumbers.PhoneNumberMatcher(piece, region, leniency=phonenumbers.Leniency.POSSIBLE))
        numbers = [match for match in matches if sum(sign.isdigit() for sign in match.raw_string) >= 8 and not _THOUSANDS.fullmatch(match.raw_string)]
        if numbers:
            yield from (Contact(ContactKind.PHONE, start + match.start, start + match.end) for match in numbers)
            return


def _without_overlaps(found: list[Contact]) -> Iterator[Contact]:
    end = 0
    for contact in sorted(found, key=lambda one: (one.start, -one.end)):
        if contact.start >= end:
            yield contact
            end = contact.end
