"""Reads days and times as people's phones and spreadsheets write them, in their own languages."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time

from intent.model.errors import Malformed
from intent.sources.files.date_order import DateOrder, WrittenDate

MARKS = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Signs without width that turn the direction of writing; they stand anywhere in dates."""

_UNSEEN = dict.fromkeys(map(ord, MARKS))
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " ")

BEFORE_NOON = frozenset(
    {
        "am",
        "a",
        "上午",
        "早上",
        "清晨",
        "凌晨",
        "오전",
        "午前",
        "sa",
        "pg",
        "ص",
        "ก่อนเที่ยง",
        "fm",
        "öö",
        "πμ",
        "de",
        "vorm",
        "पूर्वाह्न",
    }
)
AFTER_NOON = frozenset(
    {
        "pm",
        "p",
        "下午",
        "中午",
        "晚上",
        "오후",
        "午後",
        "ch",
        "ptg",
        "petang",
        "م",
        "หลังเที่ยง",
        "em",
        "ös",
        "μμ",
        "du",
        "nachm",
        "अपराह्न",
    }
)
NO_MARKER = frozenset(
    {
        "klo",
        "às",
        "as",
        "um",
        "kl",
        "uhr",
        "à",
        "alle",
        "น",
    }
)
"""Words that stand beside a time and say nothing about it."""

_MARKER = r"[^\W\d_](?:[^\d\n:/\[\],-]{0,14}[^\s\d:/\[\],-])?"
_DATE = r"(?P<a>\d{1,4}) ?(?P<sep>\. |[./-]) ?(?P<b>\d{1,2}) ?[./-] ?(?P<c>\d{1,4})\.?"
_TIME = (
    rf"(?:(?P<before>{_MARKER}) ?)?(?P<hour>\d{{1,2}}) ?[:.h] ?(?P<minute>\d{{2}})"
    rf"(?:[:.](?P<second>\d{{2}})(?:\.\d+)?)?(?: ?(?P<after>{_MARKER}))?"
)
_SHAPES = (
    re.compile(rf"{_DATE}[,،]? ?{_TIME}"),
    re.compile(rf"{_TIME}[,،]? {_DATE}"),  # Vietnamese: the time comes first
)


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A day and a time of day as they are written."""

    date: WrittenDate
    hour: int
    minute: int
    second: int
    marker: str

    def local(self, order: DateOrder) -> datetime:
        """Return what a clock on the wall showed: a time without a zone.

        Raises:
            Malformed: there is no such day or time, or the word beside the time is not known.
        """
        hour = self.hour
        if self.marker in AFTER_NOON and hour < 12:
            hour += 12
        elif self.marker in BEFORE_NOON and hour == 12:
            hour = 0
        elif self.marker and self.marker not in BEFORE_NOON | AFTER_NOON:
            raise Malformed(f"the word {self.marker!r} beside the time is not known")
        try:
            clock = time(hour, self.minute, self.second)
        except ValueError:
            raise Malformed(
                f"there is no time {self.hour}:{self.minute:02}:{self.second:02}"
            ) from None
        return datetime.combine(self.date.in_order(order), clock)


def read_written_time(text: str) -> WrittenTime | None:
    """Return the day and time that a text is; None if it is none."""
    plain = plainly(text)
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(plain))), None)
    if found is None:
        return None
    words = [found["before"], found["after"]]
    markers = [word for word in map(_as_marker, words) if word and word not in NO_MARKER]
    return WrittenTime(
        WrittenDate(found["a"], found["b"], found["c"], found["sep"]),
        int(found["hour"]),
        int(found["minute"]),
        int(found["second"] or 0),
        "".join(markers),
    )


def plainly(text: str) -> str:
    """Return a text with plain blanks, the digits 0 to 9, and nothing that cannot be seen."""
    shown = text.translate(_UNSEEN).translate(_BLANKS)
    if not shown.isascii():
        shown = "".join(
            str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in shown
        )
    return " ".join(shown.split())


def _as_marker(word: str | None) -> str:
    """Return a word such as ``p. m.`` in its one spelling: ``pm``."""
    return re.sub(r"[.\s]", "", word or "").casefold()
