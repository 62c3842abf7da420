"""Reads an instant from a cell: RFC 3339, a number since 1970, or a day and time as people write
them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from intent.model.errors import Malformed
from intent.sources.files.date_order import DateOrder
from intent.sources.files.written_times import WrittenTime, read_written_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"(\d{9,19})(?:\.(\d+))?")
_ISO_DATE = r"\d{4}-\d{2}-\d{2}"
_UTC = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_UNITS = ((11, 1), (14, 1_000), (17, 1_000_000), (19, 1_000_000_000))
"""Digits at most, and parts of a second: seconds have 9 to 11 digits, nanoseconds 18 or 19."""


def has_zone(text: str) -> bool | None:
    """Return whether a time says in which zone it is; None if it is no time at all."""
    plain = text.strip()
    if _NUMBER.fullmatch(plain):
        return True
    read = _iso(plain)
    if read is not None:
        return read.tzinfo is not None
    return None if in_words(plain) is None else _UTC.search(plain) is not None


def in_words(text: str) -> WrittenTime | None:
    """Return a time as people write it, whose date may be in any order; None for all other times,
    and for what is none.
    """
    plain = text.strip()
    if _NUMBER.fullmatch(plain) or re.match(_ISO_DATE + "T", plain) or _iso(plain) is not None:
        return None
    return read_written_time(_UTC.sub("", plain))


def read_moment(text: str, zone: tzinfo | None, order: DateOrder | None) -> datetime:
    """Return the instant that a cell says.

    Args:
        zone: of a time that does not say its own.
        order: how a date such as 03/04/26 is written.

    Raises:
        Malformed: it is no time, or its zone or order is not known.
    """
    plain = text.strip()
    number = _NUMBER.fullmatch(plain)
    if number is not None:
        return _since_epoch(number[1], number[2])
    read = _iso(plain)
    if read is None:
        written = in_words(plain)
        if written is None:
            raise Malformed("sent_at: is no time")
        if order is None:
            raise Malformed("sent_at: is a date whose order is not known; say --date-order")
        read = written.local(order)
        if _UTC.search(plain):
            read = read.replace(tzinfo=UTC)
    if read.tzinfo is not None:
        return read
    if zone is None:
        raise Malformed("sent_at: does not say in which time zone; say --timezone")
    return read.replace(tzinfo=zone)


def _since_epoch(whole: str, fraction: str | None) -> datetime:
    parts = next(parts for digits, parts in _UNITS if len(whole) <= digits)
    microseconds = int(whole) * 1_000_000 // parts
    if fraction and parts == 1:
        microseconds += int(fraction[:6].ljust(6, "0"))
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise Malformed("sent_at: lies outside the years 1 to 9999") from None


def _iso(text: str) -> datetime | None:
    if not re.match(_ISO_DATE + "[T ]", text):
        return None
    try:
        return datetime.fromisoformat(re.sub(r"\s*(?:UTC|GMT)$", "+00:00", text))
    except ValueError:
        return None
