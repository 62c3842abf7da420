"""Asks of an experiment what other assignments would have shown: units are dealt to the arms anew,
and the difference, over its error, is compared with the one that was found.

Exact where no unit is touched by its arm, whatever the units are like; the error below keeps it
right where arms differ in spread. Sources: R. A. Fisher, The design of experiments, 1935;
A. Janssen, Studentized permutation tests for non-i.i.d. hypotheses, 1997; I. Bojinov, D.
Simchi-Levi and J. Zhao, Design and analysis of switchback experiments, 2023 (blocks of time).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intent.statistics.rooms import SEED, Floats, Integers

DEALT = 1999
"""Assignments that are tried."""

_SAME = 1e-9
_CELLS = 2_000_000


def randomisation_p(
    numerators: Floats,
    denominators: Floats,
    treated: Floats,
    *,
    strata: Integers | None = None,
    draws: int = DEALT,
    seed: int = SEED,
) -> float:
    """Return the two-sided p-value of *no unit is touched by its arm*.

    Args:
        numerators, denominators, treated: of each unit, shape (units,).
        strata: units are dealt anew within these alone, such as blocks within their room, shape
            (units,); None for one.
        draws: assignments beside the one that there was.
    """
    kept = denominators > 0
    over, arms = denominators[kept], treated[kept].astype(np.float64)
    if not 0 < arms.sum() < len(arms):
        return float("nan")
    # About the common ratio, so that large numbers do not cancel.
    above = numerators[kept] - over * numerators[kept].sum() / over.sum()
    groups = np.zeros(len(arms), np.int64) if strata is None else strata[kept]
    found = np.abs(_studentised(above, over, arms[None]))[0]
    if np.isnan(found):
        return float("nan")
    as_far, chunk = 0, max(_CELLS // len(arms), 1)
    for place in range(0, draws, chunk):
        others = dealt(arms, groups, min(chunk, draws - place), [seed, place])
        tried = np.abs(_studentised(above, over, others))
        as_far += int((np.nan_to_num(tried, nan=np.inf) >= found * (1 - _SAME)).sum())
    return (1 + as_far) / (1 + draws)


def dealt(arms: Floats, strata: Integers, draws: int, seed: Sequence[int]) -> Floats:
    """Return assignments with as many treated units in each stratum, shape (draws, units)."""
    random = np.random.default_rng(seed)
    keys = random.random((draws, len(arms))) + strata
    places = np.argsort(strata, kind="stable")
    result = np.empty((draws, len(arms)))
    result[np.arange(draws)[:, None], np.argsort(keys, axis=1)] = arms[places]
    return result


def _studentised(above: Floats, over: Floats, arms: Floats) -> Floats:
    """Return the difference over its error for each assignment, shape (draws,)."""
    parts = np.stack([above, over, above**2, above * over, over**2], axis=1)
    mine = arms @ parts
    sides = (parts.sum(axis=0) - mine, mine)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [side[:, 0] / side[:, 1] for side in sides]
        spread = [
            (side[:, 2] - 2 * ratio * side[:, 3] + ratio**2 * side[:, 4]) / side[:, 1] ** 2
            for side, ratio in zip(sides, ratios, strict=True)
        ]
        return np.asarray((ratios[1] - ratios[0]) / np.sqrt(np.maximum(sum(spread), 0.0)))
