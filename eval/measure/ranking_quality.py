"""How well a ranker orders rows, and whether its probabilities are what they say."""

from __future__ import annotations

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from eval.measure.classification import log_loss
from eval.measure.scored import Booleans, Floats

BINS = 20
"""Rows of similar probability are compared so many at a time, of equal size."""

TOP = 10
"""Places of a list that count."""


def area_under_roc(truth: Booleans, score: Floats) -> float:
    """Return how often a positive row scores above a negative one, ties one half; NaN without both
    (H. B. Mann and D. R. Whitney, 1947).
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    above = scipy.stats.rankdata(score)[truth].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def mean_log_loss(truth: Booleans, probability: Floats) -> float:
    """Return the mean log-loss in nats."""
    return float(log_loss(truth, probability).mean())


def calibration_error(truth: Booleans, probability: Floats) -> float:
    """Return the expected calibration error over bins of equal size: the mean distance of what is
    said from the share that is true. It is biased upward, by about 0.4 · sqrt(p · bins / rows).
    """
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    far = [abs(float(probability[part].mean() - truth[part].mean())) * len(part) for part in parts]
    return sum(far) / len(order)


def gain_of_lists(request: NDArray[np.int64], gain: Floats, score: Floats, top: int = TOP) -> float:
    """Return the mean normalised discounted cumulative gain of lists ordered by score (K. Järvelin
    and J. Kekäläinen, 2002), over lists with any gain; NaN without one.
    """
    best, found = _discounted(request, gain, gain, top), _discounted(request, gain, score, top)
    worth = best > 0
    return float((found[worth] / best[worth]).mean()) if worth.any() else float("nan")


def _discounted(request: NDArray[np.int64], gain: Floats, score: Floats, top: int) -> Floats:
    order = np.lexsort((-score, request))
    lists = request[order]
    first = np.searchsorted(lists, lists, side="left")
    place = np.arange(len(order)) - first
    worth = np.where(place < top, gain[order] / np.log2(place + 2), 0.0)
    return np.asarray(np.bincount(lists, worth), dtype=np.float64)
