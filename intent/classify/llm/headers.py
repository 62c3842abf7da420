"""Reads what servers say about waiting and limits in their response headers; what cannot be read is
as if it had not been said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from intent.model.completion import Allowance

LONGEST_WAIT = 3600.0
"""Seconds; a longer wait is cut to it, so that a wrong header cannot stop asking for good."""

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks us to wait: ``retry-after-ms``, or ``Retry-After`` in
    seconds or as a date (RFC 9110, 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000.0)
    said = headers.get("retry-after")
    seconds = _number(said)
    if seconds is not None or said is None:
        return None if seconds is None else _bounded(seconds)
    try:
        instant = parsedate_to_datetime(said)
    except ValueError:
        return None
    return _bounded((instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds())


def allowance(headers: Mapping[str, str], what: str) -> Allowance | None:
    """Return what the ``x-ratelimit-…`` headers say of ``requests`` or ``tokens``; None where a
    server says nothing.
    """
    limit, remaining = (
        _count(headers.get(f"x-ratelimit-limit-{what}")),
        _count(headers.get(f"x-ratelimit-remaining-{what}")),
    )
    if limit is None and remaining is None:
        return None
    return Allowance(limit, remaining, duration(headers.get(f"x-ratelimit-reset-{what}")))


def duration(text: str | None) -> float | None:
    """Return seconds from ``6m0s``, ``12ms``, ``1h2m3.5s`` or a bare number of seconds."""
    if text is None:
        return None
    plain = _number(text)
    if plain is not None:
        return _bounded(plain)
    stripped = text.strip()
    if not stripped or _PART.sub("", stripped):
        return None
    return _bounded(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(stripped)))


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _count(text: str | None) -> int | None:
    value = _number(text)
    return int(value) if value is not None and value >= 0 else None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)
