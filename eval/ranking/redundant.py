"""Which features say what others say already, and what each of the rest is worth to a ranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.measure.ranking_quality import mean_log_loss
from eval.measure.scored import Floats
from intent.ranking.click_order import ClickOrderModel
from intent.ranking.impression_log import ShownRows
from intent.ranking.ranking_rows import RankingRows

LIMIT = 0.98
"""Correlation from which on two features say the same."""

ROWS = 50_000
"""Rows that correlations are taken over, drawn evenly."""


@dataclass(frozen=True, slots=True)
class CorrelatedPair:
    """Two features that say the same, the first of them named first."""

    one: str
    other: str
    correlation: float


@dataclass(frozen=True, slots=True)
class FeatureWorth:
    """By how much the log-loss grows when a feature's values are dealt out anew among the rows, in
    millionths of a nat (L. Breiman, 2001): of clicks and of orders after a click.
    """

    name: str
    click: float
    order: float


def correlated_pairs(
    matrix: Floats, names: Sequence[str], limit: float = LIMIT, seed: int = 0
) -> list[CorrelatedPair]:
    """Return the pairs whose correlation, over rows that have both, is beyond the limit."""
    if len(matrix) > ROWS:
        matrix = matrix[np.random.default_rng(seed).choice(len(matrix), ROWS, replace=False)]
    found = _correlations(matrix)
    return [
        CorrelatedPair(names[one], names[other], float(found[one, other]))
        for one in range(len(names))
        for other in range(one + 1, len(names))
        if abs(found[one, other]) > limit
    ]


def kept_by_rule(names: Sequence[str], pairs: Sequence[CorrelatedPair]) -> list[str]:
    """Return the features that stay: in their order, each that says not the same as one before it
    that stays.
    """
    same = {(pair.one, pair.other) for pair in pairs}
    kept: list[str] = []
    for name in names:
        if not any((before, name) in same for before in kept):
            kept.append(name)
    return kept


def feature_worth(
    model: ClickOrderModel, names: Sequence[str], rows: RankingRows, shown: ShownRows, seed: int = 0
) -> list[FeatureWorth]:
    """Return what each feature is worth to a ranker, on rows that it did not learn from."""
    chance = np.random.default_rng(seed)
    matrix, before = rows.matrix, _losses(model, rows, shown)
    worth = []
    for place, name in enumerate(names):
        dealt = matrix.copy()
        dealt[:, place] = matrix[chance.permutation(len(matrix)), place]
        after = _losses(model, replace(rows, matrix=dealt), shown)
        more = [1e6 * (late - early) for late, early in zip(after, before, strict=True)]
        worth.append(FeatureWorth(name, more[0], more[1]))
    return worth


def _losses(model: ClickOrderModel, rows: RankingRows, shown: ShownRows) -> tuple[float, float]:
    said, bought = model.score(rows, shown.position), shown.clicked
    return (
        mean_log_loss(shown.clicked, said.click),
        mean_log_loss(shown.ordered[bought], said.order_after_click[bought]),
    )


def _correlations(matrix: Floats) -> Floats:
    """Return the correlation of each pair over the rows that have both; 0 where one is constant."""
    there = ~np.isnan(matrix)
    center = np.nanmean(np.where(there.any(axis=0), matrix, 0.0), axis=0)
    filled = np.where(there, matrix - center, 0.0)
    mask = there.astype(np.float64)
    rows = np.maximum(mask.T @ mask, 1.0)
    mean, other = filled.T @ mask / rows, mask.T @ filled / rows
    together = filled.T @ filled / rows - mean * other
    spread = (filled**2).T @ mask / rows - mean**2
    both = np.sqrt(np.maximum(spread * spread.T, 0.0))
    return np.divide(together, both, out=np.zeros_like(both), where=both > 1e-12)
