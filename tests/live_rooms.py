"""Draws rooms of very different sizes whose truth is known, many experiments at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEED = 20261127
VIEWERS, SPREAD = 60, 1.2
"""Viewers of a room in the middle, and the spread of their logarithm."""

CONVERT, MOOD = 0.02, 0.5
"""The share of viewers that order, and the spread of its logarithm over rooms."""


@dataclass(frozen=True, slots=True)
class DrawnRooms:
    """Viewers and orders of rooms and of their creators' earlier rooms, shape (runs, rooms)."""

    viewers: np.ndarray
    orders: np.ndarray
    treated: np.ndarray
    earlier_viewers: np.ndarray
    earlier_orders: np.ndarray

    @property
    def earlier(self) -> np.ndarray:
        """The rate of the creator's earlier rooms."""
        return self.earlier_orders / self.earlier_viewers


def draw_rooms(
    runs: int,
    rooms: int,
    *,
    effect: float = 0.0,
    convert: float = CONVERT,
    mood: float = MOOD,
    viewers: float = VIEWERS,
    day: float = 0.0,
    seed: int = SEED,
) -> DrawnRooms:
    """Draw experiments with half of the rooms treated.

    Args:
        effect: relative, on the rate.
        day: spread of the logarithm of the rate between two rooms of one creator.
    """
    random = np.random.default_rng([seed, rooms])
    shape = (runs, rooms)

    def lognormal(spread: float) -> np.ndarray:
        return np.exp(spread * random.standard_normal(shape) - spread**2 / 2)

    def people() -> np.ndarray:
        return np.maximum(np.round(viewers * np.exp(SPREAD * random.standard_normal(shape))), 1)

    treated = random.permuted(np.tile(np.arange(rooms) % 2, (runs, 1)), axis=1).astype(float)
    creator, here, before = convert * lognormal(mood), people(), people()
    now = np.minimum(creator * lognormal(day) * (1 + effect * treated), 1)
    then = np.minimum(creator * lognormal(day), 1)
    orders, earlier = (
        random.binomial(one.astype(int), rate).astype(float)
        for one, rate in ((here, now), (before, then))
    )
    return DrawnRooms(here, orders, treated, before, earlier)
