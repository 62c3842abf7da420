"""Trains a ranker on the first days of a log with what was known then, and measures it on the last
ones with all that is known by now.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.measure.giveaways import refuse_giveaways, refuse_impossible
from eval.measure.ranking_quality import (
    area_under_roc,
    calibration_error,
    gain_of_lists,
    mean_log_loss,
)
from eval.measure.scored import Booleans, Floats
from eval.ranking.ranked_log import RankedLog
from intent.features.check.feature_profile import FeatureProfile, profiled
from intent.model.errors import OperatorError
from intent.ranking.click_order import ClickOrderModel, RankingScores, earliest, early_rows
from intent.ranking.impression_log import ShownRows
from intent.ranking.ranking_rows import RankingRows
from intent.ranking.tree_ranker import OLD, fit_tree_ranker
from intent.statistics.rooms import mean

TESTED = 0.2
"""Share of the days, the last ones, that a ranker is measured on."""

NORMAL = 1.96
"""Standard errors that 95 % of a normal distribution lie within."""


class RankerKind(StrEnum):
    """What learns."""

    TREES = "lightgbm"
    NETWORK = "esmm"


@dataclass(frozen=True, slots=True)
class DayCalibration:
    """What is said over what is seen on one day.

    Attributes:
        low, high: 95 % interval of the ratio over lists; of few orders a day it is wide, and of few
            orders that the ranker learnt from, too. A ranker is off where it does not hold 1. None
            where so few were seen that there may be none.
    """

    ratio: float
    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class HeadQuality:
    """What one probability is worth, over impressions as they were shown.

    Attributes:
        rate: share of the rows that are positive; ``said`` is the mean probability.
        base_loss: log-loss of always saying the share.
        error: expected calibration error.
        by_day: mean probability over the share, by day, with what sampling allows.
    """

    rows: int
    rate: float
    said: float
    auc: float
    log_loss: float
    base_loss: float
    error: float
    by_day: dict[str, DayCalibration]


@dataclass(frozen=True, slots=True)
class RankerReport:
    """How good a ranker is on days after those that it learnt from.

    Attributes:
        first_place: mean click probability at position 1 over the true relevance; where the truth
            is not known, over the click rate of what stood first.
        ndcg: of lists of ten ordered by click probability at position 1, by true relevance, or by
            clicks where that is not known; ``shown_ndcg`` is that of the lists as they were shown.
        known_share: orders that were known when it was trained, of those that it reckons with.
        processor_seconds: that training took.
    """

    click: HeadQuality
    order: HeadQuality
    order_after_click: HeadQuality
    first_place: float
    of_truth: bool
    ndcg: float
    shown_ndcg: float
    known_share: float
    processor_seconds: float
    tested: tuple[str, ...]


def measured_ranker(
    log: RankedLog,
    *,
    kind: RankerKind = RankerKind.TREES,
    seed: int = 0,
    tested: float = TESTED,
    kept: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[ClickOrderModel, RankerReport, FeatureProfile]:
    """Train and measure; return also what the features looked like that it learnt from.

    Args:
        kept: file in which a network's training is kept, to go on with.

    Raises:
        OperatorError: the log has fewer than three days, nothing can be learned from the first, or
            a column gives the answer away.
    """
    last = late_rows(log, tested)
    cut = datetime.combine(_date(int(log.shown.days[last].min())), clock.min, UTC)
    known, rows = log.as_known(cut).chosen(~last), log.rows.chosen(~last)
    bought = known.clicked
    refuse_giveaways(log.names, rows.matrix, clicked=bought, ordered=known.told)
    begun = time.process_time()
    if kind is RankerKind.NETWORK:
        # Needs torch, which a ranker of trees does without.
        from intent.ranking.network_ranker import fit_network_ranker  # noqa: PLC0415

        model = fit_network_ranker(log.feature_set, rows, known, seed=seed, kept=kept, say=say)
    else:
        model = fit_tree_ranker(log.feature_set, log.names, rows, known, seed=seed)
    spent = time.process_time() - begun
    relevance = None if log.relevance is None else log.relevance[last]
    level = level_error(model, known, kind)
    report = _report(
        model, log.rows.chosen(last), log.shown.chosen(last), relevance, known, level, spent
    )
    for name, head in (("clicks", report.click), ("orders", report.order)):
        refuse_impossible(head.auc, name, model.heads.gains())
    return model, report, profiled(rows.matrix, log.feature_set)


def late_rows(log: RankedLog, tested: float = TESTED) -> Booleans:
    """Return which rows are of the last days, on which a ranker is measured.

    Raises:
        OperatorError: the log has fewer than three days.
    """
    days = np.unique(log.shown.days)
    if len(days) < 3:
        raise OperatorError(
            f"the log has {len(days)} days; a ranker is trained on some and measured on later "
            "ones, so it needs three at least"
        )
    return np.asarray(log.shown.days >= int(days[-max(round(len(days) * tested), 1)]))


def _report(
    model: ClickOrderModel,
    rows: RankingRows,
    shown: ShownRows,
    relevance: Floats | None,
    known: ShownRows,
    level: float,
    spent: float,
) -> RankerReport:
    as_shown, first = model.score(rows, shown.position), model.score(rows)
    gain = shown.clicked.astype(np.float64) if relevance is None else relevance
    bought = shown.clicked
    after = as_shown.order_after_click[bought]
    reckoned = model.maturity.rate * int(known.clicked.sum())
    return RankerReport(
        click=head_quality(shown.clicked, as_shown.click, shown),
        order=head_quality(shown.ordered, as_shown.order, shown, level),
        order_after_click=head_quality(shown.ordered[bought], after, shown.chosen(bought), level),
        first_place=_first_place(first, shown, relevance),
        of_truth=relevance is not None,
        ndcg=gain_of_lists(shown.request, gain, first.click),
        shown_ndcg=gain_of_lists(shown.request, gain, -shown.position.astype(np.float64)),
        known_share=float(known.ordered.sum() / reckoned) if reckoned else float("nan"),
        processor_seconds=spent,
        tested=tuple(str(_date(day)) for day in np.unique(shown.days).tolist()),
    )


def level_error(model: ClickOrderModel, known: ShownRows, kind: RankerKind) -> float:
    """Return the standard error of how often people order, relative to it: as many orders as the
    curve was fitted on say it no better.
    """
    early = earliest(known, OLD) if kind is RankerKind.TREES else early_rows(known)
    counted = (model.maturity.weights(known) * known.ordered)[~early]
    return float(np.sqrt(np.sum(counted**2)) / counted.sum()) if counted.any() else 1.0


def head_quality(
    truth: Booleans, said: Floats, shown: ShownRows, level: float = 0.0
) -> HeadQuality:
    """Measure one probability, row by row beside the truth.

    Args:
        level: relative standard error of how often it is meant, from what it was learnt of.
    """
    rate = float(truth.mean())
    by_day = {
        str(_date(day)): _of_day(
            truth[shown.days == day],
            said[shown.days == day],
            shown.request[shown.days == day],
            level,
        )
        for day in np.unique(shown.days).tolist()
    }
    return HeadQuality(
        rows=len(truth),
        rate=rate,
        said=float(said.mean()),
        auc=area_under_roc(truth, said),
        log_loss=mean_log_loss(truth, said),
        base_loss=mean_log_loss(truth, np.full(len(truth), rate)),
        error=calibration_error(truth, said),
        by_day=by_day,
    )


def _of_day(
    truth: Booleans, said: Floats, request: NDArray[np.int64], level: float
) -> DayCalibration:
    more, told = mean(truth - said, request), float(said.mean())
    spread = float(np.hypot((more.high - more.low) / 2, NORMAL * level * told))
    fewest = told + more.value - spread
    return DayCalibration(
        _ratio(told, float(truth.mean())),
        _ratio(told, told + more.value + spread),
        told / fewest if fewest > 0 else None,
    )


def _first_place(first: RankingScores, shown: ShownRows, relevance: Floats | None) -> float:
    if relevance is not None:
        return _ratio(first.click.mean(), relevance.mean())
    stood = shown.position == 1
    return _ratio(first.click[stood].mean(), shown.clicked[stood].mean())


def _ratio(one: float, other: float) -> float:
    return float(one / other) if other else float("nan")


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
