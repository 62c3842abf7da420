"""What a message tells beside its intents, as bits of its mask: that a lead names a price, how far
that is from the price on screen, and that a host answered, how soon.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from intent.store.schema import MILLION

TOLD_COLUMNS = ("stated_price", "price_gap", "answer_seconds")
"""Columns of decisions, and of facts, that say so; empty where a message tells nothing of it."""

TOLD_STATISTICS = frozenset({"priced_share", "price_gap", "answered_share", "answer_seconds"})
"""Statistics made of them; facts without these columns know nothing of it."""

PRICED_CODE, GAP_CODE = 58, 59
"""Codes of a lead that names a price, and of one whose item shows a price too."""

ANSWER_EDGES = (15, 30, 60, 120, 300, 900, 3600, 86_400)
"""Seconds up to which an answer is of a class, and of the one before no more; what comes later is
no answer.
"""

ANSWER_CODES = tuple(range(50, 50 + len(ANSWER_EDGES)))
"""Code of each class of answers."""

SOON_CODES = ANSWER_CODES[: ANSWER_EDGES.index(300) + 1]
"""Classes of the answers within five minutes."""

TOLD_CODES = (*ANSWER_CODES, PRICED_CODE, GAP_CODE)
"""Codes that tiles count, and counters do not: nobody asks when they were last, or of whom."""


def told_mask(
    mask: int,
    lead: int,
    stated_price: int | None,
    price_gap: int | None,
    answer_seconds: int | None,
) -> int:
    """Return a mask with what its message tells beside; nothing of a message that was taken back.

    Args:
        lead: the bit of leads: a price that no lead names is no demand.
    """
    if not mask:
        return mask
    if stated_price is not None and mask & lead:
        mask |= 1 << PRICED_CODE | (price_gap is not None) << GAP_CODE
    if answer_seconds is not None and answer_seconds <= ANSWER_EDGES[-1]:
        mask |= 1 << ANSWER_CODES[bisect_left(ANSWER_EDGES, answer_seconds)]
    return mask


def gap_in(mask: int, price_gap: int | None) -> int:
    """Return what a message adds to the sum of gaps, in millionths of a doubling."""
    return price_gap if price_gap is not None and mask >> GAP_CODE & 1 else 0


def lanes(probabilities: Collection[int], many: int, gap: int) -> tuple[int, ...]:
    """Return what a message adds to sums: the probabilities of ``many`` topics, or zeros where
    there are none, and then its gap.
    """
    return (*(probabilities or (0,) * many), gap)


def spread(added: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return p(1-p) in 10**-12 of each probability in the last axis; the gap in the last place has
    none.
    """
    made = added * (MILLION - added)
    made[..., -1] = 0
    return made


def median_seconds(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of answers from how many are in each class, shape (rows, classes): their
    times are taken as even within a class. NaN where there is none.
    """
    all_answers = counts.sum(axis=1)
    before, found = np.zeros(len(counts)), np.full(len(counts), np.nan)
    for place, (low, high) in enumerate(zip((0, *ANSWER_EDGES), ANSWER_EDGES, strict=False)):
        here = counts[:, place]
        half = np.isnan(found) & (here > 0) & (2 * (before + here) >= all_answers)
        found[half] = low + (high - low) * (all_answers - 2 * before)[half] / (2 * here[half])
        before = before + here
    return found
