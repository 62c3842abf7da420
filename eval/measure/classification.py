"""Precision, recall, F1, average precision, log-loss and Brier score over many weightings of the
rows at once.

scikit-learn has each of them for one weighting; a bootstrap needs them for thousands. Tests hold
both equal.
"""

from __future__ import annotations

import numpy as np

from eval.measure.scored import Booleans, Floats

_CLIP = 1e-6
"""Probabilities are kept this far from 0 and 1 in log-loss: predictions are stored with six digits.
"""


def cells(truth: Booleans, chosen: Booleans) -> Floats:
    """Return each row's true positives, false positives and false negatives, shape (rows, 3 ·
    labels); they add up over rows.
    """
    parts = (truth & chosen, ~truth & chosen, truth & ~chosen)
    return np.concatenate([part.reshape(len(truth), -1) for part in parts], axis=1).astype(
        np.float64
    )


def precision(summed: Floats) -> Floats:
    """Return the share of the chosen that is right; NaN where nothing is chosen.

    Args:
        summed: sums of :func:`cells`, shape (draws, 3 · labels).

    Returns:
        Shape (draws, labels).
    """
    hit, false, _ = np.split(summed, 3, axis=1)
    return ratio(hit, hit + false)


def recall(summed: Floats) -> Floats:
    """Return the share of the right that is chosen; NaN where nothing is right; shapes as
    :func:`precision`.
    """
    hit, _, missed = np.split(summed, 3, axis=1)
    return ratio(hit, hit + missed)


def f1(summed: Floats) -> Floats:
    """Return the harmonic mean of precision and recall; NaN where nothing is right and nothing
    chosen; shapes as :func:`precision`.
    """
    hit, false, missed = np.split(summed, 3, axis=1)
    return ratio(2 * hit, 2 * hit + false + missed)


def macro_f1(summed: Floats) -> Floats:
    """Return the mean of the labels' F1, over the labels that occur; shape (draws, 1)."""
    each = f1(summed)
    known = ~np.isnan(each)
    return ratio(
        np.where(known, each, 0.0).sum(axis=1, keepdims=True),
        known.sum(axis=1, keepdims=True).astype(np.float64),
    )


def average_precision(truth: Booleans, score: Floats, weights: Floats) -> Floats:
    """Return the area under the precision-recall steps, rows of equal score taken together; shape
    (draws,); NaN where nothing is right.
    """
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    weighted = weights[:, order]
    everything = np.cumsum(weighted, axis=1)[:, ends]
    hits = np.cumsum(weighted * truth[order], axis=1)[:, ends]
    steps = np.diff(hits, axis=1, prepend=0.0)
    return ratio(
        (
            steps * np.where(everything > 0, hits / np.where(everything > 0, everything, 1.0), 0.0)
        ).sum(axis=1),
        hits[:, -1],
    )


def log_loss(truth: Booleans, probability: Floats) -> Floats:
    """Return each row's log-loss in nats, the mean over labels where there are several; shape
    (rows,).
    """
    bounded = np.clip(probability, _CLIP, 1 - _CLIP)
    loss = -np.where(truth, np.log(bounded), np.log1p(-bounded))
    return loss if loss.ndim == 1 else loss.mean(axis=1)


def brier(truth: Booleans, probability: Floats) -> Floats:
    """Return each row's squared error of the probability, the mean over labels where there are
    several; shape (rows,).
    """
    loss = (probability - truth) ** 2
    return loss if loss.ndim == 1 else loss.mean(axis=1)


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, NaN where there is no whole."""
    found: Floats = np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
    return found
