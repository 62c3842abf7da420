"""Intervals and tests that respect rooms: cluster bootstrap, cluster-robust means, exact McNemar,
multiplicity, detectable effects.

Messages of one stream share a host, an offer and a mood: a test that takes them as independent
raises false alarms. Everything here draws or sums whole rooms. Sources: A. C. Cameron and D. L.
Miller, A practitioner's guide to cluster-robust inference, 2015 (means that leave one room out,
CRV3); A. V. Carter, K. T. Schnepel and D. G. Steigerwald, Asymptotic behavior of a t-test robust to
cluster heterogeneity, 2017 (how many rooms of equal size unequal ones are worth); T. Hesterberg,
What teachers should know about the bootstrap, 2015 (the expanded percentile interval, for few
rooms); Q. McNemar, 1947, in its exact form; S. Holm, 1979.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.special
import scipy.stats
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DRAWS = 2000
"""Bootstrap draws behind an interval."""

SEED = 20261120
"""Seed of the draws: the same data give the same interval."""

REACHABLE = 10
"""So many times the messages at hand is the most that anybody would collect to settle a question.
"""

_CHUNK_CELLS = 4_000_000
_POWER = 0.8
_ENOUGH_ROOMS = 2
_NO_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; ``error`` is the standard error, ``p`` the two-sided p-value of
    *it is zero*; NaN where rooms are too few.

    Attributes:
        rooms: that hold what is counted.
        freedom: degrees of freedom of the t distribution behind the interval: rooms - 1 where rooms
            weigh the same, fewer where a few of them weigh most.
    """

    value: float
    low: float
    high: float
    error: float
    p: float
    rooms: int
    freedom: float


Statistic = Callable[[Floats], Floats]
"""Takes weights of shape (draws, rows) and returns one value for each draw."""


def drawn_weights(rooms: Integers, draws: int, seed: int) -> Iterator[Floats]:
    """Yield, a chunk at a time, how often each row is drawn when whole rooms are drawn with
    replacement: shape (chunk, rows).
    """
    count = int(rooms.max()) + 1
    random = np.random.default_rng(seed)
    chunk = max(1, min(draws, _CHUNK_CELLS // max(len(rooms), 1)))
    for start in range(0, draws, chunk):
        times = random.multinomial(count, np.full(count, 1 / count), size=min(chunk, draws - start))
        yield times.astype(np.float64)[:, rooms]


def bootstrap(
    statistic: Statistic,
    rooms: Integers,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
    share: bool = False,
    rows: int | None = None,
    holding: int | None = None,
) -> Estimate:
    """Estimate any statistic of weighted rows over draws of whole rooms.

    Args:
        level: coverage of the interval, in (0, 1).
        share: the statistic lies in [0, 1]: the interval is then Student's on the logit scale,
            since percentiles of such a statistic near its end cover too seldom (average precision
            92 % instead of 95 % in simulation); otherwise an expanded percentile interval.
        rows: how many rows there are, where the statistic is given weights of whole rooms instead
            of rows.
        holding: how many of the rooms hold what is counted; None for all. The others tell nothing.
    """
    value = float(statistic(np.ones((1, len(rooms))))[0])
    count = len(np.unique(rooms)) if holding is None else holding
    if count < _ENOUGH_ROOMS or np.isnan(value):
        return untold(value, count)
    drawn = np.concatenate([statistic(weights) for weights in drawn_weights(rooms, draws, seed)])
    drawn = drawn[~np.isnan(drawn)]
    low, high = (
        _share_interval(value, drawn, count, rows or len(rooms), level)
        if share
        else _percentiles(drawn, count, level)
    )
    error = float(drawn.std(ddof=1)) * _few(count)
    return Estimate(value, low, high, error, _p_value(value, error, count), count, count - 1)


def untold(value: float, rooms: int) -> Estimate:
    """Return a value of which too few rooms tell anything."""
    return Estimate(value, np.nan, np.nan, np.nan, np.nan, rooms, max(rooms - 1, 0))


def _few(rooms: int) -> float:
    """Return by how much draws with replacement from few rooms spread too little."""
    return float(np.sqrt(rooms / (rooms - 1)))


def _percentiles(drawn: Floats, rooms: int, level: float) -> tuple[float, float]:
    tail = scipy.stats.norm.cdf(_few(rooms) * scipy.stats.t.ppf((1 - level) / 2, rooms - 1))
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


def _share_interval(
    value: float, drawn: Floats, rooms: int, rows: int, level: float
) -> tuple[float, float]:
    if drawn.min() == drawn.max() and value in {0.0, 1.0}:
        # No draw shows any error: the exact bound of so many rooms without one (Clopper and
        # Pearson).
        bound = ((1 - level) / 2) ** (1 / rooms)
        return (bound, 1.0) if value == 1.0 else (0.0, 1 - bound)

    def logit(shares: Floats | float) -> Floats:
        inside = (np.asarray(shares) * rows + 0.5) / (rows + 1)
        return np.asarray(np.log(inside) - np.log1p(-inside))

    width = float(scipy.stats.t.ppf((1 + level) / 2, rooms - 1) * logit(drawn).std(ddof=1)) * _few(
        rooms
    )
    ends = scipy.special.expit(logit(value) + np.array([-width, width]))
    low, high = np.clip((ends * (rows + 1) - 0.5) / rows, 0.0, 1.0)
    return float(low), float(high)


def mean(
    values: Floats, rooms: Integers, *, level: float = 0.95, weights: Floats | None = None
) -> Estimate:
    """Estimate a weighted mean with an interval that respects rooms of very different sizes.

    Its error is seen by leaving one room out at a time (CRV3): sums of residuals alone look too
    small where one room weighs much, since it pulls the mean towards itself. The t distribution has
    one degree of freedom less than the number of equal rooms that these are worth.
    """
    weights = np.ones(len(values)) if weights is None else weights
    total = weights.sum()
    value = float((weights * values).sum() / total)
    rooms = np.unique(rooms, return_inverse=True)[1]
    heavy = np.bincount(rooms, weights=weights)
    heavy, sums = (
        heavy[heavy > 0],
        np.bincount(rooms, weights=weights * (values - value))[heavy > 0],
    )
    count = len(heavy)
    if count < _ENOUGH_ROOMS:
        return untold(value, count)
    without = -sums / (total - heavy)
    error = float(np.sqrt((count - 1) / count * (without**2).sum()))
    freedom = max(float(total**2 / (heavy**2).sum()) - 1, 1.0)
    width = float(scipy.stats.t.ppf((1 + level) / 2, freedom)) * error
    p = _p_value(value, error, count, freedom)
    return Estimate(value, value - width, value + width, error, p, count, freedom)


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the exact two-sided p-value that two deciders err equally often; for independent
    messages only.

    Args:
        first_only, second_only: how often one was right where the other was wrong.
    """
    discordant = first_only + second_only
    return float(scipy.stats.binomtest(first_only, discordant, 0.5).pvalue) if discordant else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of one family so that the chance of any false alarm in it stays at the level;
    NaN stays NaN.
    """
    given = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    adjusted = np.full(len(given), np.nan)
    largest = 0.0
    for place, row in enumerate(known[np.argsort(given[known], kind="stable")]):
        largest = max(largest, (len(known) - place) * given[row])
        adjusted[row] = min(1.0, largest)
    return [float(one) for one in adjusted]


def family_level(members: int, level: float = 0.95) -> float:
    """Return the coverage of each interval so that all of ``members`` hold together with the level
    (Bonferroni).
    """
    return 1 - (1 - level) / max(members, 1)


def detectable(found: Estimate, *, level: float = 0.95) -> float:
    """Return the smallest true difference that a test at this level finds four times in five; NaN
    where the rooms show no spread to tell it from.
    """
    if np.isnan(found.error) or found.error <= 0:
        return float("nan")
    quantile = scipy.stats.t(found.freedom).ppf
    return float((quantile((1 + level) / 2) + quantile(_POWER)) * found.error)


def messages_needed(rows: int, found: Estimate, effect: float) -> int | None:
    """Return how many messages, in rooms like these, would make ``effect`` detectable; None where
    that can't be said, or is more than :data:`REACHABLE` times the ``rows`` at hand.
    """
    smallest = detectable(found)
    if np.isnan(smallest) or effect <= 0:
        return None
    times = max(1.0, (smallest / effect) ** 2)
    return int(np.ceil(rows * times)) if times <= REACHABLE else None


def _p_value(value: float, error: float, rooms: int, freedom: float | None = None) -> float:
    if value == 0 or np.isnan(error):
        return 1.0 if value == 0 else float("nan")
    if error <= _NO_SPREAD * abs(value):
        # All rooms agree. The least that so many rooms can ever show is the chance that all signs
        # fall the same way.
        return float(2.0 ** (1 - rooms))
    return float(2 * scipy.stats.t.sf(abs(value) / error, freedom or rooms - 1))


def above_zero(found: Estimate, *, sign: float = 1.0) -> float:
    """Return the one-sided p-value of *sign · value is not above zero*."""
    half = found.p / 2
    return half if sign * found.value > 0 else 1 - half


def room_sums(cells: Floats, rooms: Integers) -> Floats:
    """Return the sum of the rows' cells in each room, shape (rows, cells) to (rooms, cells)."""
    sums = np.zeros((int(rooms.max()) + 1, cells.shape[1]))
    np.add.at(sums, rooms, cells)
    return sums
