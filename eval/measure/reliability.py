"""Are probabilities what they say? Reliability bins, and the bands in which a perfectly calibrated
decider's loss, bias and error would lie.

Loss alone misleads: probabilities that are all too high by the same step can cost exactly what they
say they cost. Expected calibration error alone misleads too: it is biased upward, the more the
fewer the rows, so that even a perfect decider shows some. All three are therefore held against
their null bands: outcomes drawn from the probabilities themselves (J. Bröcker and L. A. Smith,
Increasing the reliability of reliability diagrams, 2007). What is wrong is told by how much of the
loss a shift of the logits mends, of all that a shift and a scale do (D. R. Cox, 1958).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize
import scipy.special

from eval.measure.classification import log_loss
from eval.measure.scored import Booleans, Floats
from intent.statistics.rooms import SEED

NULL_DRAWS = 1000
_BINS = 10
_SHARED = 0.05 / 3
"""Level of each of the three bands: a perfect decider stays in all of them 95 times in 100."""

_FARTHEST = 20.0
_CLIP = 1e-6


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
        log_loss: mean over rows, in nats; ``low`` and ``high`` are its null band.
        base_rate_log_loss: that of always saying the base rate.
        bias: mean probability less the share that was true; ``bias_low`` and ``bias_high`` are its
            null band.
        shift: what has to be added to every logit for that share; negative where probabilities are
            too high.
        error: expected calibration error over bins of equal size; ``error_high`` is the most of a
            perfect decider.
        verdict: ``calibrated``; ``too high`` or ``too low`` where a shift explains most of what is
            wrong; ``overconfident`` or ``underconfident`` where the loss is above or below its
            band; ``uneven`` where only the error is too large.
    """

    rows: int
    log_loss: float
    low: float
    high: float
    base_rate_log_loss: float
    bias: float
    bias_low: float
    bias_high: float
    shift: float
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
    base = truth.mean()
    null = log_loss_of_draws(imagined, probability)
    low, high = (float(one) for one in np.quantile(null, (_SHARED / 2, 1 - _SHARED / 2)))
    edges = np.linspace(0, len(truth), min(_BINS, len(truth)) + 1).astype(np.int64)
    said, seen = (
        _means(probability[None, :], edges)[0],
        _means(truth[None, :].astype(np.float64), edges)[0],
    )
    drawn = _means(imagined.astype(np.float64), edges)
    sizes = np.diff(edges) / len(truth)
    bands = np.quantile(drawn, (0.025, 0.975), axis=0)
    bins = zip(np.diff(edges), said, seen, bands[0], bands[1], strict=True)
    biases = np.quantile((said - drawn) @ sizes, (_SHARED / 2, 1 - _SHARED / 2))
    found = Reliability(
        rows=len(truth),
        log_loss=float(log_loss(truth, probability).mean()),
        low=low,
        high=high,
        base_rate_log_loss=float(log_loss(truth, np.full(len(truth), base)).mean()),
        bias=float((said - seen) @ sizes),
        bias_low=float(biases[0]),
        bias_high=float(biases[1]),
        shift=_shift(truth, probability),
        error=float(np.abs(said - seen) @ sizes),
        error_high=float(np.quantile(np.abs(drawn - said) @ sizes, 1 - _SHARED)),
        verdict="calibrated",
        bins=tuple(Bin(int(rows), *(float(one) for one in rest)) for rows, *rest in bins),
    )
    return replace(found, verdict=_verdict(found, truth, _logits(probability)))


def _verdict(found: Reliability, truth: Booleans, logits: Floats) -> str:
    """Judge by all three bands."""
    biased = not found.bias_low <= found.bias <= found.bias_high
    beyond = not found.low <= found.log_loss <= found.high
    if biased and (not beyond or _mended_by_shift(truth, logits, found.shift) > 1 / 2):
        return "too high" if found.bias > 0 else "too low"
    if beyond:
        return "overconfident" if found.log_loss > found.high else "underconfident"
    return "uneven" if found.error > found.error_high else "calibrated"


def _mended_by_shift(truth: Booleans, logits: Floats, shift: float) -> float:
    """Return how much of the loss that a shift and a scale of the logits mend, the shift does."""

    def loss(line: Floats) -> float:
        return float(log_loss(truth, scipy.special.expit(line[0] + line[1] * logits)).mean())

    start, bounds = np.array([shift, 1.0]), [(-_FARTHEST, _FARTHEST), (0.0, _FARTHEST)]
    best = float(scipy.optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds).fun)
    as_said, shifted = loss(np.array([0.0, 1.0])), loss(start)
    return (as_said - shifted) / max(as_said - best, 1e-12)


def _shift(truth: Booleans, probability: Floats) -> float:
    """Return what to add to every logit so that the mean probability is the share that was true; a
    share of none or all counts as half a row less.
    """
    share = float((truth.sum() + 0.5) / (len(truth) + 1)) if truth.all() or not truth.any() else 0.0
    share, logits = share or float(truth.mean()), _logits(probability)
    return float(
        scipy.optimize.brentq(
            lambda step: float(scipy.special.expit(logits + step).mean()) - share,
            -_FARTHEST,
            _FARTHEST,
        )
    )


def _logits(probability: Floats) -> Floats:
    logits: Floats = scipy.special.logit(np.clip(probability, _CLIP, 1 - _CLIP))
    return logits


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
