"""Reads what servers say about limits in their response headers; what cannot be read is as if it
had not been said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from intent.model.completion import Allowance
from intent.retry import bounded_wait, finite_number

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


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
    plain = finite_number(text)
    if plain is not None:
        return bounded_wait(plain)
    stripped = text.strip()
    if not stripped or _PART.sub("", stripped):
        return None
    return bounded_wait(
        sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(stripped))
    )


def _count(text: str | None) -> int | None:
    value = finite_number(text)
    return int(value) if value is not None and value >= 0 else None
