"""Reads the values of conversion files: instants with their zones, money, and what it is linked
by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Protocol
from zoneinfo import ZoneInfo

from intent.model.errors import Malformed, WrongUse
from intent.model.outcomes import ConversionKind
from intent.outcomes.contact_keys import ContactKeys

_WRITTEN = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%b %d,%Y %I:%M:%S %p",
    "%b %d, %Y %I:%M:%S %p",
)
"""How Google lets times be written; with dates in its order."""

_OFFSET = re.compile(r"\s*([+-])(\d\d):?(\d\d)$")
_NAMED = re.compile(r"\s+([A-Za-z]+(?:/[A-Za-z_+-]+){1,2}|UTC|GMT)$")
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?")
_MILLISECONDS = re.compile(r"\d{12,13}")
_CURRENCY = re.compile("[A-Z]{3}")
MOST_MICROS = 2**62
_CUT = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")

FUTURE = timedelta(days=1)
"""What is dated later than so long after now is refused."""


class ToldTimes(Protocol):
    """What is said of the times of a file: when it is read, and the zone of those without one."""

    @property
    def now(self) -> datetime:
        """When it is read."""

    @property
    def zone(self) -> tzinfo | None:
        """Of times that do not say theirs."""


@dataclass(frozen=True, slots=True)
class TimesOnly:
    """What is said of a file whose times alone need it."""

    now: datetime
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class FileTold:
    """What is said about a file beside what stands in it.

    Attributes:
        contacts: makes keys of contact details; nothing else of these is kept.
        now: when it is read.
        zone: of times that do not say theirs.
        currency: of values that do not say theirs.
        kind: of conversions that do not say theirs.
        regions: countries whose national phone numbers are understood.
        platform: where the user ids are from.
    """

    contacts: ContactKeys
    now: datetime
    zone: tzinfo | None = None
    currency: str | None = None
    kind: ConversionKind | None = None
    regions: Sequence[str] = ()
    platform: str | None = None


class PassedOver(Exception):
    """A record that is fine and no conversion, such as a test lead; the text says why."""


def read_zone(name: str) -> tzinfo:
    """Return a zone by its IANA name, or an offset such as ``+0800``.

    Raises:
        WrongUse: it is neither.
    """
    if (offset := _OFFSET.fullmatch(name)) is not None:
        return _offset(offset)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise WrongUse(f"{name!r} is no time zone; write it like Asia/Singapore") from None


def instant_of(
    written: str, told: ToldTimes, zone: tzinfo | None = None, form: str | None = None
) -> datetime:
    """Return the instant that a text means, in UTC.

    Args:
        zone: of the file, where it says one; else that of ``told``.
        form: how it is written (``strptime``); else every form that platforms use is understood.

    Raises:
        Malformed: it is none, nobody says its zone, its clock shows it twice or never, or it lies
            in the future.
    """
    found = _read_instant(written.strip(), zone or told.zone, form)
    if found > told.now + FUTURE:
        raise Malformed("a time that lies in the future")
    return found


def micros_of(written: str, decimal: str = ".") -> int:
    """Return an amount in millionths of its currency's unit, exactly.

    Raises:
        Malformed: it is no amount, negative, or too large.
    """
    grouping = "," if decimal == "." else "."
    signs = re.sub(r"[^\d.,+-]", "", written)
    whole, mark, fraction = signs.partition(decimal)
    grouped = whole.split(grouping)
    if len(grouped) > 1 and any(len(part) != 3 for part in grouped[1:]):
        raise Malformed(f"an amount that may mean two; its decimal sign is said to be {decimal!r}")
    try:
        amount = Decimal(f"{''.join(grouped)}.{fraction}" if mark else "".join(grouped))
    except InvalidOperation:
        raise Malformed("an amount that is no number") from None
    micros = int((amount * 1_000_000).to_integral_value())
    if not 0 <= micros < MOST_MICROS:
        raise Malformed("a negative amount" if micros < 0 else "an amount that is too large")
    return micros


def currency_of(written: str | None, told: FileTold) -> str:
    """Return the ISO 4217 code of an amount's currency.

    Raises:
        Malformed: there is none, or it is no such code.
    """
    code = (written or told.currency or "").strip().upper()
    if not code:
        raise Malformed("an amount without a currency; give one with --currency")
    if not _CURRENCY.fullmatch(code):
        raise Malformed("a currency that is no code of ISO 4217, such as SGD")
    return code


def id_of(written: str, what: str) -> str:
    """Return an id as it was written.

    Raises:
        Malformed: a spreadsheet has cut its digits, or it is longer than 150 characters.
    """
    if _CUT.fullmatch(written):
        raise Malformed(f"{what} was cut by a spreadsheet; format its column as text")
    if len(written) > 150:
        raise Malformed(f"{what} is longer than 150 characters")
    return written


def contact_keys_of(
    told: FileTold, *, phone: str | None = None, mail: str | None = None
) -> Mapping[str, str]:
    """Return the keys of contact details; what is none is left out."""
    keys = {
        "phone": told.contacts.phone(phone, told.regions) if phone else None,
        "mail": told.contacts.mail(mail) if mail else None,
    }
    return {name: key for name, key in keys.items() if key is not None}


def _read_instant(text: str, zone: tzinfo | None, form: str | None) -> datetime:
    if form is None and (_SECONDS.fullmatch(text) or _MILLISECONDS.fullmatch(text)):
        seconds = float(text) if _SECONDS.fullmatch(text) else int(text) / 1000
        return datetime.fromtimestamp(seconds, UTC)
    if form is not None:
        return _placed(_parsed(text, (form,)), zone)
    try:
        return _placed(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    if (offset := _OFFSET.search(text)) is not None and ":" in text[: offset.start()]:
        return _placed(_parsed(text[: offset.start()], _WRITTEN), _offset(offset))
    if (named := _NAMED.search(text)) is not None:
        try:
            own = read_zone(named[1])
        except WrongUse:
            raise Malformed("a time in a zone that nobody knows") from None
        return _placed(_parsed(text[: named.start()], _WRITTEN), own)
    return _placed(_parsed(text, _WRITTEN), zone)


def _parsed(text: str, forms: Sequence[str]) -> datetime:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise Malformed("a time that cannot be read")


def _placed(read: datetime, zone: tzinfo | None) -> datetime:
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    if zone is None:
        raise Malformed("a time that does not say its zone; give one with --timezone")
    first, second = (read.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        # The clock was put forward over it, or back behind it (PEP 495).
        missing = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != read
        when = "never" if missing else "twice"
        raise Malformed(f"a time that the clock of its zone shows {when}; write its offset")
    return first.astimezone(UTC)


def _offset(found: re.Match[str]) -> tzinfo:
    sign = -1 if found[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3])))
