"""Are probabilities what they say? Reliability bins, and the band in which a perfectly calibrated
decider's loss would lie.

Expected calibration error alone misleads: it is biased upward, the more the fewer the rows, so that
even a perfect decider shows some. Loss and error are therefore held against their null band:
outcomes drawn from the probabilities themselves (J. Bröcker and L. A. Smith, Increasing the
reliability of reliability diagrams, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.measure.classification import log_loss
from eval.measure.scored import Booleans, Floats
from intent.statistics.rooms import SEED

NULL_DRAWS = 400
_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of similar probability.

    Attributes:
        said, seen: mean probability, and share that was true.
        low, high: where the share lies in 95 % of cases when the probabilities are right.
    """

    rows: int
    said: float
    seen: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far probabilities can be trusted.

    Attributes:
        log_loss: mean over rows, in nats; ``low`` and ``high`` are its null band at 95 %.
        base_rate_log_loss: that of always saying the base rate.
        error: expected calibration error over bins of equal size; ``error_high`` is the 95th
            percentile under perfect calibration.
        verdict: ``calibrated``, ``overconfident`` (loss above its band) or ``underconfident``
            (below).
    """

    rows: int
    log_loss: float
    low: float
    high: float
    base_rate_log_loss: float
    error: float
    error_high: float
    verdict: str
    bins: tuple[Bin, ...]


def calibration(
    truth: Booleans, probability: Floats, *, draws: int = NULL_DRAWS, seed: int = SEED
) -> Reliability:
    """Hold probabilities in [0, 1], shape (rows,), against what was true."""
    random = np.random.default_rng(seed)
    order = np.argsort(probability, kind="stable")
    truth, probability = truth[order], probability[order]
    imagined = random.random((draws, len(truth))) < probability
    loss, base = float(log_loss(truth, probability).mean()), truth.mean()
    null = log_loss_of_draws(imagined, probability)
    low, high = (float(one) for one in np.quantile(null, (0.025, 0.975)))
    edges = np.linspace(0, len(truth), min(_BINS, len(truth)) + 1).astype(np.int64)
    said, seen = (
        _means(probability[None, :], edges)[0],
        _means(truth[None, :].astype(np.float64), edges)[0],
    )
    drawn = _means(imagined.astype(np.float64), edges)
    sizes = np.diff(edges) / len(truth)
    bands = np.quantile(drawn, (0.025, 0.975), axis=0)
    bins = zip(np.diff(edges), said, seen, bands[0], bands[1], strict=True)
    return Reliability(
        rows=len(truth),
        log_loss=loss,
        low=low,
        high=high,
        base_rate_log_loss=float(log_loss(truth, np.full(len(truth), base)).mean()),
        error=float(np.abs(said - seen) @ sizes),
        error_high=float(np.quantile(np.abs(drawn - said) @ sizes, 0.95)),
        verdict="overconfident"
        if loss > high
        else "underconfident"
        if loss < low
        else "calibrated",
        bins=tuple(Bin(int(rows), *(float(one) for one in rest)) for rows, *rest in bins),
    )


def log_loss_of_draws(outcomes: Booleans, probability: Floats) -> Floats:
    """Return the mean log-loss of each draw of outcomes, shape (draws, rows) to (draws,)."""
    yes, no = (
        log_loss(np.ones(len(probability), dtype=bool), probability),
        log_loss(np.zeros(len(probability), dtype=bool), probability),
    )
    losses: Floats = (no.sum() + outcomes @ (yes - no)) / len(probability)
    return losses


def _means(values: Floats, edges: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    sums: Floats = np.add.reduceat(values, edges[:-1], axis=1)
    return sums / np.diff(edges)
