"""Brings contact details into the one form that equal ones share, however they were written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import phonenumbers

from intent.classify.contacts import REGIONS
from intent.classify.placeholders import disguise
from intent.model.disguised import Disguised
from intent.model.message import MAX_TEXT_BYTES

_DIALLED = re.compile(r"(?:wa\.me/|phone=)\+?(\d{8,15})")
_PHONES = ("phone", "number")


class ContactFinder:
    """Finds contact details in texts, and compares them; implements ``Details``."""

    def hide(self, text: str) -> Disguised:
        """Return a whole text without its contact details."""
        return disguise(text, MAX_TEXT_BYTES)

    def forms(self, kind: str, detail: str) -> frozenset[str]:
        """Return what a detail may be, as ``phone:+6281234567890`` (E.164) or
        ``email:name@example.com``.

        A number in national form is one of every country where it would be valid, for nobody can
        say which; a text that is no number of any country has none.
        """
        plain = unicodedata.normalize("NFKC", detail).strip()
        if kind in _PHONES:
            return frozenset(f"phone:{number}" for number in _numbers(plain))
        if kind == "link" and (dialled := _DIALLED.search(plain)):
            return frozenset(f"phone:{number}" for number in _numbers(f"+{dialled[1]}"))
        return frozenset({f"{kind}:{plain.lower().lstrip('@')}"})


def _numbers(text: str) -> Iterator[str]:
    for region in (None,) if text.startswith(("+", "(+")) else REGIONS:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
