"""What to label next: a sample of the uncertain, the disagreeing, the rare and the random, each
with its probability of being drawn.

Systematic sampling with unequal probabilities (W. G. Madow, 1949): because every probability is
known, what is learned from the labels can be weighted back to all messages (D. G. Horvitz and D. J.
Thompson, 1952) instead of describing only the odd ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eval.measure.scored import Booleans, Floats, Integers

SHARES = {"uncertain": 0.4, "disagreeing": 0.2, "rare": 0.2, "random": 0.2}
"""How much of a sample each reason gets."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message to label: its place, its probability of being drawn in (0, 1], and how much each
    reason adds to it.
    """

    row: int
    probability: float
    reasons: dict[str, float]


def reasons(chosen: Booleans, lead_probability: Floats, disagrees: Booleans) -> dict[str, Floats]:
    """Return for each reason how much it speaks for each message, shape (rows,), at least 0.

    Args:
        chosen: labels that a decider chose, shape (rows, labels).
        lead_probability: in [0, 1], shape (rows,).
        disagrees: whether two deciders differ, shape (rows,).
    """
    frequency = chosen.mean(axis=0)
    rarest = np.where(chosen, frequency, 1.0).min(axis=1)
    return {
        "uncertain": 1 - np.abs(2 * lead_probability - 1),
        "disagreeing": disagrees.astype(np.float64),
        "rare": 1 / np.maximum(rarest, 1 / len(chosen)) - 1,
        "random": np.ones(len(chosen)),
    }


def draw(speaking: Mapping[str, Floats], count: int, *, seed: int) -> list[Drawn]:
    """Draw ``count`` messages (all, if there are no more); what no reason speaks for passes its
    share on to the random part, or, without one, to the others.
    """
    size = len(next(iter(speaking.values())))
    known = {name: values / values.sum() for name, values in speaking.items() if values.sum() > 0}
    spare = sum(SHARES[name] for name in SHARES if name not in known)
    parts = {
        name: (SHARES[name] + spare * (name == "random")) * values for name, values in known.items()
    }
    mixed = np.sum(list(parts.values()), axis=0)
    probability = inclusion(mixed, min(count, size))
    rows = systematic(probability, np.random.default_rng(seed))
    return [
        Drawn(
            int(row),
            float(probability[row]),
            {name: float(part[row] / mixed[row]) for name, part in parts.items()},
        )
        for row in rows
    ]


def inclusion(sizes: Floats, count: int) -> Floats:
    """Return probabilities of being drawn, proportional to size, at most 1, that add up to
    ``count``; shape (rows,).
    """
    probability = np.zeros(len(sizes))
    sure = np.zeros(len(sizes), dtype=bool)
    while True:
        left = count - sure.sum()
        probability = np.where(sure, 1.0, left * sizes / max(float(sizes[~sure].sum()), 1e-300))
        over = (probability > 1) & ~sure
        if not over.any():
            return np.minimum(probability, 1.0)
        sure |= over


def systematic(probability: Floats, random: np.random.Generator) -> Integers:
    """Draw rows so that each comes with exactly its probability, in random order first so that
    neighbours are independent.
    """
    order = random.permutation(len(probability))
    ends = np.cumsum(probability[order])
    points = np.arange(round(float(ends[-1]))) + random.random()
    places = np.searchsorted(ends, np.minimum(points, ends[-1] - 1e-9), side="right")
    return np.sort(order[places]).astype(np.int64)
