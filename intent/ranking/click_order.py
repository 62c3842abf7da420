"""Says how likely a room is clicked, ordered from after a click, and both, by whatever learnt it,
and makes probabilities of what that says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.definitions import FeatureSet
from intent.model.errors import OperatorError
from intent.ranking.calibration_curves import CalibrationCurve
from intent.ranking.impression_log import ShownRows
from intent.ranking.maturity import Maturity
from intent.ranking.ranking_rows import RankingRows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CALIBRATED = 0.2
"""Share of the impressions, the last ones, that calibrate and say when to learn no more."""

CLICKS, ORDERS, NETWORK = "clicks.txt", "orders.txt", "network.safetensors"
"""Files that a ranker is kept in."""


@dataclass(frozen=True, slots=True)
class RankingScores:
    """Probabilities, one for each row."""

    click: Floats
    order_after_click: Floats

    @property
    def order(self) -> Floats:
        """Of a click with an order behind it."""
        return self.click * self.order_after_click


class ClickOrderHeads(Protocol):
    """What was learnt: trees, or a network."""

    def said(self, rows: RankingRows, positions: NDArray[np.int64] | None = None) -> RankingScores:
        """Return what it says of rows, not calibrated, as if each stood first unless positions are
        given.
        """
        ...

    def gains(self) -> dict[str, float]:
        """Return what each column is worth to it; empty where it does not know."""
        ...

    def files(self) -> dict[str, bytes]:
        """Return what it is kept as: the content of each file, by name."""
        ...


@dataclass(frozen=True, slots=True)
class ClickOrderModel:
    """A ranker, pinned to the feature set whose rows it reads.

    Attributes:
        maturity: of the orders that it learnt from.
        learnt: rows, clicks and orders, and the days of them, first and last.
    """

    feature_set: FeatureSet
    heads: ClickOrderHeads
    click_curve: CalibrationCurve
    order_curve: CalibrationCurve
    maturity: Maturity
    learnt: tuple[int, int, int]
    days: tuple[date, date]

    def score(self, rows: RankingRows, positions: NDArray[np.int64] | None = None) -> RankingScores:
        """Return probabilities as if each row stood first, unless positions are given.

        Raises:
            OperatorError: the rows have another number of features, or no sequence where one is
                read.
        """
        said = self.heads.said(rows, positions)
        return RankingScores(
            self.click_curve.apply(said.click), self.order_curve.apply(said.order_after_click)
        )


def earliest(shown: ShownRows, share: float) -> Flags:
    """Return which rows were shown first, so many of all as the share says; what was shown at one
    instant stays together.
    """
    return np.asarray(shown.served <= np.quantile(shown.served, share))


def early_rows(shown: ShownRows) -> Flags:
    """Return which rows are learnt from; the others calibrate.

    Raises:
        OperatorError: there are no clicks among the first or the last ones.
    """
    early = earliest(shown, 1 - CALIBRATED)
    if not shown.clicked[early].any() or not shown.clicked[~early].any():
        raise OperatorError(
            f"of {len(shown):,} impressions {int(shown.clicked.sum()):,} were clicked, and of the "
            f"first or the last of them none; a ranker learns from the first {1 - CALIBRATED:.0%} "
            "and is calibrated on the rest, so take a longer history"
        )
    return early


def learnt_from(shown: ShownRows) -> tuple[tuple[int, int, int], tuple[date, date]]:
    """Return how many rows, clicks and orders there are, and their first and last day."""
    days = (_date(shown.days.min()), _date(shown.days.max()))
    return (len(shown), int(shown.clicked.sum()), int(shown.ordered.sum())), days


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
