"""Counters that fade: a count with its newest event, and decayed counts as of an instant."""

from __future__ import annotations

from typing import Any

from intent.features.online.packed import NEVER

SECOND = 1_000_000

HALF_LIVES = (1800, 86_400, 2_592_000)
"""Seconds after which an event counts half: 30 minutes, 1 day, 30 days."""

_SHORT, _MIDDLE, _LONG = HALF_LIVES


def plus(counter: list[Any] | None, delta: int, at: int) -> list[Any]:
    """Return a counter with ``delta`` events more at ``at`` microseconds, before or after what it
    holds.
    """
    if counter is None:
        return [delta, at if delta > 0 else NEVER, at, float(delta), float(delta), float(delta)]
    count, last, as_of, short, middle, long = counter
    if at > as_of:
        gap = (at - as_of) / SECOND
        decayed = [
            short * 0.5 ** (gap / _SHORT) + delta,
            middle * 0.5 ** (gap / _MIDDLE) + delta,
            long * 0.5 ** (gap / _LONG) + delta,
        ]
    else:
        gap = (as_of - at) / SECOND
        decayed = [
            short + delta * 0.5 ** (gap / _SHORT),
            middle + delta * 0.5 ** (gap / _MIDDLE),
            long + delta * 0.5 ** (gap / _LONG),
        ]
    return [count + delta, at if delta > 0 and at > last else last, max(at, as_of), *decayed]
