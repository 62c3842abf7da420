"""Finds the minutes in which unusually many leads came."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, lgamma, log

APART = 3
"""Minutes that lie between two moments, at least."""

FEWEST = 3
"""Leads of a moment, at least."""

_FALSE_ALARMS = 0.01
"""How many moments a room without any would show on average."""


def find_moments(leads_at: Mapping[int, int], minutes: int, most: int) -> list[int]:
    """Return the minutes that stand out, in order of time.

    A minute stands out when so many leads would come by chance in fewer than one of a hundred rooms
    of this length whose leads come evenly (Poisson, corrected for the number of minutes).

    Args:
        leads_at: leads by minute.
        minutes: minutes in which anything was said, at least 1.
        most: moments, at most; those with the most leads.
    """
    rate = sum(leads_at.values()) / max(minutes, 1)
    if rate == 0:
        return []
    level = _FALSE_ALARMS / max(minutes, 1)
    found = [
        minute
        for minute, count in leads_at.items()
        if count >= FEWEST and _poisson_tail(count, rate) < level
    ]
    chosen: list[int] = []
    for minute in sorted(found, key=lambda one: (-leads_at[one], one)):
        if len(chosen) < most and all(abs(minute - other) >= APART for other in chosen):
            chosen.append(minute)
    return sorted(chosen)


def _poisson_tail(count: int, rate: float) -> float:
    """Return the probability of at least ``count`` where ``rate`` is expected."""
    if rate >= count:
        return 1.0
    # Terms fall by more than rate / count each, so the sum ends soon.
    term = exp(count * log(rate) - rate - lgamma(count + 1))
    total, at = term, count
    while term > total * 1e-12:
        at += 1
        term *= rate / at
        total += term
    return min(total, 1.0)
