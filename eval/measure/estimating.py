"""Metrics with intervals that respect rooms: of one run, and of the difference between two.

Only rooms that hold what a metric counts tell anything about it: a label that stands in one room of
a hundred is known from one room, and of that nothing is claimed.
"""

from __future__ import annotations

import numpy as np

from eval.measure.registry import Metric, value_of
from eval.measure.scored import Floats, Integers, Scored
from intent.statistics.rooms import DRAWS, Estimate, bootstrap, mean, room_sums, untold

SLOW_DRAWS = 500
"""Draws where every draw has to look at every row again."""

FEW_ROOMS = 5
"""Below so many rooms that hold what a metric counts, it has no interval."""


def estimate(
    metric: Metric,
    scored: Scored,
    *,
    clustered: bool = True,
    level: float = 0.95,
    weights: Floats | None = None,
    draws: int = DRAWS,
) -> Estimate:
    """Estimate a metric of one run; ``weights`` of shape (rows,) correct for prevalence. Without an
    interval where fewer than :data:`FEW_ROOMS` rooms hold what it counts.
    """
    rooms = units(scored, clustered=clustered)
    holding = rooms_holding(metric, scored, rooms)
    fixed = np.ones(len(scored)) if weights is None else weights
    if holding < FEW_ROOMS:
        return untold(value_of(metric, scored, fixed), holding)
    if metric.rows is not None:
        return mean(metric.rows(scored), rooms, level=level, weights=fixed)
    if metric.cells is not None:
        sums = room_sums(fixed[:, None] * metric.cells(scored), rooms)
        return bootstrap(
            lambda times: metric.combine(times @ sums)[:, 0],
            np.arange(len(sums)),
            level=level,
            draws=draws,
            share=True,
            rows=len(scored),
            holding=holding,
        )
    weighted = metric.weighted
    assert weighted is not None
    return bootstrap(
        lambda drawn: weighted(scored, drawn * fixed),
        rooms,
        level=level,
        draws=min(draws, SLOW_DRAWS),
        share=True,
        holding=holding,
    )


def difference(
    metric: Metric,
    before: Scored,
    after: Scored,
    *,
    clustered: bool = True,
    level: float = 0.95,
    draws: int = DRAWS,
) -> Estimate:
    """Estimate ``after - before`` over the same messages in the same order: the same rooms are
    drawn for both.

    Without an interval where fewer than :data:`FEW_ROOMS` rooms hold what the metric counts, unless
    the two say the same of every message: that is no difference, however few there are.
    """
    rooms = units(before, clustered=clustered)
    holding = rooms_holding(metric, before, rooms)
    if holding < FEW_ROOMS:
        if _unchanged(metric, before, after):
            return Estimate(0.0, 0.0, 0.0, 0.0, 1.0, holding, max(holding - 1, 0))
        return untold(value_of(metric, after) - value_of(metric, before), holding)
    if metric.rows is not None:
        return mean(metric.rows(after) - metric.rows(before), rooms, level=level)
    if metric.cells is not None:
        old, new = (room_sums(metric.cells(scored), rooms) for scored in (before, after))
        combine = metric.combine
        return bootstrap(
            lambda times: (combine(times @ new) - combine(times @ old))[:, 0],
            np.arange(len(old)),
            level=level,
            draws=draws,
            rows=len(before),
            holding=holding,
        )
    weighted = metric.weighted
    assert weighted is not None
    return bootstrap(
        lambda drawn: weighted(after, drawn) - weighted(before, drawn),
        rooms,
        level=level,
        draws=min(draws, SLOW_DRAWS),
        holding=holding,
    )


def units(scored: Scored, *, clustered: bool) -> Integers:
    """Return what is drawn as one, numbered from 0, shape (rows,): rooms, or messages where those
    are independent. The repeats of a message are never independent of each other.
    """
    if clustered:
        return scored.rooms
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in scored.ids], dtype=np.int64)


def rooms_holding(metric: Metric, scored: Scored, rooms: Integers) -> int:
    """Return in how many of the rooms what the metric counts stands by the truth."""
    return len(np.unique(rooms if metric.held is None else rooms[metric.held(scored)]))


def _unchanged(metric: Metric, before: Scored, after: Scored) -> bool:
    looked_at = metric.rows or metric.cells
    if looked_at is not None:
        return np.array_equal(looked_at(before), looked_at(after))
    return np.array_equal(before.probabilities, after.probabilities) and np.array_equal(
        before.lead_probability, after.lead_probability
    )
