"""A ranker that is the network of :mod:`intent.ranking.entire_space`, calibrated as trees are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from intent.features.definitions.definitions import FeatureSet
from intent.model.errors import OperatorError
from intent.ranking.calibration_curves import CalibrationCurve, fitted_curve
from intent.ranking.click_order import ClickOrderModel, early_rows, learnt_from
from intent.ranking.entire_space import EntireSpaceHeads
from intent.ranking.entire_space_training import NetworkKnobs, NetworkRows, fit_entire_space
from intent.ranking.impression_log import ShownRows
from intent.ranking.maturity import measured_maturity
from intent.ranking.ranking_rows import RankingRows, sequence_name

TRUST = 100.0
"""The network is taken to be off by a tenth in log-odds: the orders of the last days alone are too
few to say more.
"""


def fit_network_ranker(
    feature_set: FeatureSet,
    rows: RankingRows,
    shown: ShownRows,
    *,
    knobs: NetworkKnobs | None = None,
    seed: int = 0,
    kept: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> ClickOrderModel:
    """Learn from impressions; the last ones say how many passes pay, and calibrate.

    Args:
        shown: the same impressions, with what was known when it is trained.
        kept: file in which what was learnt is kept after each pass, to go on with.

    Raises:
        OperatorError: the feature set has no sequence, or there are no clicks among the first or
            the last impressions.
    """
    if sequence_name(feature_set) is None:
        raise OperatorError(
            f"the network reads what was asked before, and {feature_set.name} has no sequence; "
            "take a feature set that has one, such as ranking_sequence_v1"
        )
    early = early_rows(shown)
    maturity = measured_maturity(shown)
    weights = maturity.weights(shown)
    given = NetworkRows(rows, shown, weights)
    late = given.chosen(~early)
    heads = fit_entire_space(given.chosen(early), late, knobs=knobs, seed=seed, kept=kept, say=say)
    learnt, days = learnt_from(shown)
    return ClickOrderModel(feature_set, heads, *_curves(heads, late), maturity, learnt, days)


def _curves(
    heads: EntireSpaceHeads, late: NetworkRows
) -> tuple[CalibrationCurve, CalibrationCurve]:
    said, bought = heads.said(late.rows, late.shown.position), late.shown.clicked
    return fitted_curve(said.click, late.shown.clicked), fitted_curve(
        said.order_after_click[bought],
        late.shown.ordered[bought],
        late.weights[bought],
        trust=TRUST,
    )
