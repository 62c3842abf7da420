"""Writes numbers and times as pages show them."""

from __future__ import annotations

from datetime import datetime


def age(seconds: float) -> str:
    """Return a length of time in one unit, as the script of the pages goes on writing it."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def count(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}"


def clock(at: datetime | None) -> str:
    """Return an instant in UTC; of none, that there is none."""
    return "never" if at is None else f"{at:%m-%d %H:%M:%S} UTC"


def dollars(amount: float) -> str:
    """Return money as it is booked: asking costs fractions of a cent."""
    return f"${amount:,.4f}"


FILTERS = {"age": age, "clock": clock, "count": count, "dollars": dollars}
"""What templates write them by."""
