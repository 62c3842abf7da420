"""A ranker of boosted trees: two models, of which the second learns from clicks alone.

Where orders are few, the product of the two is better than one model of orders over impressions
(AUC 0.680 against 0.638 in a simulated world): what is clicked is learnt from many rows.

Orders are too few for the last days alone to say how often they are meant: a curve of two hundred
orders was off by 15 % from world to world. So all rows grow the trees, and the curve is fitted on
what trees say that were grown without the rows in question (M. Stone, Cross-validatory choice and
assessment of statistical predictions, 1974), of all but the oldest rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.definitions import FeatureSet
from intent.ranking.boosting import BoostedTrees, BoostingKnobs, LabelledRows, fit
from intent.ranking.calibration_curves import CalibrationCurve, fitted_curve
from intent.ranking.click_order import (
    CLICKS,
    ORDERS,
    ClickOrderModel,
    Flags,
    Floats,
    RankingScores,
    earliest,
    early_rows,
    learnt_from,
)
from intent.ranking.impression_log import ShownRows
from intent.ranking.maturity import measured_maturity
from intent.ranking.ranking_rows import RankingRows

ORDER_KNOBS = BoostingKnobs(leaves=8, learning_rate=0.03, least_rows=100)
"""Orders are rare: smaller trees."""

FOLDS = 5
"""Parts of the rows, one after the other in time, that are each left out once."""

OLD = 0.4
"""Share of the rows, the oldest, that say nothing of how often people order now."""


@dataclass(frozen=True, slots=True)
class TreeHeads:
    """Trees of clicks, and of orders after a click."""

    clicks: BoostedTrees
    orders: BoostedTrees

    def said(self, rows: RankingRows, positions: NDArray[np.int64] | None = None) -> RankingScores:
        """Return what the trees say."""
        return RankingScores(
            self.clicks.predict(rows.matrix, positions), self.orders.predict(rows.matrix)
        )

    def gains(self) -> dict[str, float]:
        """Return by how much the splits on each column lowered the loss of both."""
        total = self.clicks.gains()
        for name, gain in self.orders.gains().items():
            total[name] = total.get(name, 0.0) + gain
        return total

    def files(self) -> dict[str, bytes]:
        """Return the trees as LightGBM writes them."""
        return {CLICKS: self.clicks.text().encode(), ORDERS: self.orders.text().encode()}


def fit_tree_ranker(
    feature_set: FeatureSet,
    names: Sequence[str],
    rows: RankingRows,
    shown: ShownRows,
    *,
    knobs: BoostingKnobs | None = None,
    order_knobs: BoostingKnobs = ORDER_KNOBS,
    seed: int = 0,
) -> ClickOrderModel:
    """Learn from impressions; the last ones calibrate.

    Args:
        names: of the matrix' columns.
        rows: the impressions.
        shown: the same impressions, with what was known when it is trained.

    Raises:
        OperatorError: there are no clicks among the first or the last ones, or no orders among the
            first.
    """
    early = early_rows(shown)
    maturity = measured_maturity(shown)
    whole = LabelledRows(rows.matrix, shown.clicked.astype(np.int8), shown.position)
    clicks = fit(whole.chosen(early), names, held_out=whole.chosen(~early), knobs=knobs, seed=seed)
    later = whole.chosen(~early)
    click_curve = fitted_curve(clicks.predict(later.matrix, later.positions), later.labels)
    bought = shown.clicked
    after = LabelledRows(
        rows.matrix[bought],
        shown.ordered[bought].astype(np.int8),
        weights=maturity.weights(shown)[bought],
    )
    orders, order_curve = _orders(
        after, shown.chosen(bought), early[bought], names, order_knobs, seed
    )
    learnt, days = learnt_from(shown)
    heads = TreeHeads(clicks, orders)
    return ClickOrderModel(feature_set, heads, click_curve, order_curve, maturity, learnt, days)


def _orders(
    rows: LabelledRows,
    shown: ShownRows,
    early: Flags,
    names: Sequence[str],
    knobs: BoostingKnobs,
    seed: int,
) -> tuple[BoostedTrees, CalibrationCurve]:
    """Let the last rows say how many trees pay, grow as many on all, and fit the curve on what
    others like them say of rows that they did not see.
    """
    tried = fit(rows.chosen(early), names, held_out=rows.chosen(~early), knobs=knobs, seed=seed)
    paying = replace(knobs, trees=tried.count)
    said = _said_unseen(rows, shown, names, paying, seed)
    recent = ~earliest(shown, OLD)
    weights = None if rows.weights is None else rows.weights[recent]
    curve = fitted_curve(said[recent], rows.labels[recent], weights)
    return fit(rows, names, knobs=paying, seed=seed), curve


def _said_unseen(
    rows: LabelledRows, shown: ShownRows, names: Sequence[str], knobs: BoostingKnobs, seed: int
) -> Floats:
    edges = np.quantile(shown.served, np.arange(1, FOLDS) / FOLDS)
    fold = np.searchsorted(edges, shown.served, side="left")
    said = np.full(len(shown), float(np.average(rows.labels, weights=rows.weights)))
    for number in range(FOLDS):
        mine = fold == number
        if mine.any() and len(np.unique(rows.labels[~mine])) > 1:
            trees = fit(rows.chosen(~mine), names, knobs=knobs, seed=seed)
            said[mine] = trees.predict(rows.matrix[mine])
    return said
