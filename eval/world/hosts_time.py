"""Says whom a host has time for: the first few of a queue."""

from __future__ import annotations

import numpy as np

from eval.world.population import Flags, Floats, Integers


def served(queue: Integers, waiting: Flags, turn: Floats, most: int) -> Flags:
    """Return who is among the first ``most`` that wait in their queue, in the order of ``turn``;
    all that wait if ``most`` is 0.
    """
    if not most:
        return waiting
    rows = np.flatnonzero(waiting)
    rows = rows[np.lexsort((turn[rows], queue[rows]))]
    _, first, many = np.unique(queue[rows], return_index=True, return_counts=True)
    found = np.zeros(len(queue), dtype=bool)
    found[rows] = np.arange(len(rows)) - np.repeat(first, many) < most
    return found
