"""Calibrates out-of-fold logits, and chooses thresholds by what mistakes cost."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import scipy.optimize
import scipy.special
from numpy.typing import NDArray

FOLDS = 5

_PULL = 1.0
"""Strength with which a slope is held near one, in rows: a rare label must not be calibrated by
three examples.
"""


_BLEND_PULL = 20.0
"""Likewise for the two slopes of a blend."""


def folds(groups: Sequence[str], count: int = FOLDS) -> NDArray[np.int64]:
    """Return a fold number in [0, count) for each row; the same group always goes to the same fold,
    also in a larger data set.
    """
    return np.array(
        [
            int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % count
            for group in groups
        ],
        dtype=np.int64,
    )


def platt(logits: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Fit slope and offset of one output (Platt 1999, with his smoothed targets), from out-of-fold
    logits of shape (rows,).
    """
    positives = truth.sum()
    high, low = (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2)
    target = np.where(truth > 0.5, high, low)

    def loss(pair: NDArray[np.float64]) -> float:
        scaled = pair[0] * logits + pair[1]
        return float(
            (np.logaddexp(0.0, scaled) - target * scaled).sum()
            + _PULL * np.log(max(pair[0], 1e-3)) ** 2
        )

    found = scipy.optimize.minimize(
        loss,
        np.array([1.0, 0.0]),
        method="Nelder-Mead",
        options={"xatol": 1e-5, "fatol": 1e-6, "maxiter": 500},
    )
    return float(max(found.x[0], 1e-3)), float(found.x[1])


def blend(
    first: NDArray[np.float64], second: NDArray[np.float64], truth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit ``a · first + b · second + c`` for each output by logistic regression on out-of-fold
    logits (stacking, Wolpert 1992).

    The slopes of each output are held near those that fit all outputs best together. Returns (a, b,
    c) for each output, shape (outputs, 3).
    """

    def fitted(
        left: NDArray[np.float64],
        right: NDArray[np.float64],
        target: NDArray[np.float64],
        centre: NDArray[np.float64],
        pull: float,
    ) -> NDArray[np.float64]:
        design = np.column_stack([left, right, np.ones(len(left))])

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            scaled = design @ weights
            apart = weights - centre
            apart[2] = 0.0
            value = float(
                (np.logaddexp(0.0, scaled) - target * scaled).sum() + pull * (apart**2).sum()
            )
            return value, design.T @ (scipy.special.expit(scaled) - target) + 2 * pull * apart

        return np.asarray(scipy.optimize.minimize(loss, centre, jac=True, method="L-BFGS-B").x)

    shared = fitted(first.ravel(), second.ravel(), truth.ravel(), np.array([0.5, 0.5, 0.0]), 0.0)
    columns = range(truth.shape[1])
    return np.array(
        [
            fitted(first[:, column], second[:, column], truth[:, column], shared, _BLEND_PULL)
            for column in columns
        ]
    )


def temperature(logits: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Fit one slope for exclusive labels (Guo et al. 2017), from out-of-fold logits of shape (rows,
    labels).
    """

    def loss(log_slope: float) -> float:
        scaled = logits * np.exp(log_slope)
        return float((scipy.special.logsumexp(scaled, axis=1) - (scaled * truth).sum(axis=1)).sum())

    return float(
        np.exp(scipy.optimize.minimize_scalar(loss, bounds=(-3.0, 4.0), method="bounded").x)
    )


STREAM_LEAD_SHARE = 0.05
"""Share of leads in a stream. Labelled data were chosen to show leads, and hold many more; the
suites under ``eval/`` assume the same.
"""


def cheapest_threshold(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.float64],
    *,
    missed: float,
    false: float,
    share: float = STREAM_LEAD_SHARE,
) -> float:
    """Return the highest threshold on a grid of hundredths whose cost in a stream is within one
    standard error of the least.

    Args:
        share: of leads in a stream; where the rows hold more, they are weighted so that this share
            of them are leads.

    Around its minimum the cost is flat and its position noisy, so among thresholds that cannot be
    told apart the one with fewer false alarms is taken (the one-standard-error rule of Breiman et
    al. 1984).
    """
    # Never above one half: a text that is more likely a lead than not must not be let go where that
    # is the dearer mistake.
    grid = np.arange(5, 51 if missed >= false else 96) / 100
    wrong = np.where(
        truth[:, None] > 0.5,
        missed * (probabilities[:, None] < grid),
        false * (probabilities[:, None] >= grid),
    )
    held = truth.mean()
    if share < held < 1:
        wrong = wrong * np.where(truth > 0.5, share / held, (1 - share) / (1 - held))[:, None]
    total = wrong.sum(axis=0)
    best = int(total.argmin())
    # Paired with the best: what matters is the spread of the difference, not that of the cost.
    spread = np.sqrt(len(truth)) * (wrong - wrong[:, [best]]).std(axis=0)
    within = np.flatnonzero(total - total[best] <= spread)
    return float(grid[within.max()])


def best_f1_threshold(probabilities: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Return the threshold on a grid of hundredths in [0.2, 0.6] with the best F1, shrunk halfway
    to 0.4 because labels are rare.
    """
    grid = np.arange(20, 61) / 100
    chosen = probabilities[:, None] >= grid
    hits = (chosen & (truth[:, None] > 0.5)).sum(axis=0)
    scores = 2 * hits / np.maximum(chosen.sum(axis=0) + truth.sum(), 1)
    return round(float(grid[int(scores.argmax())] + 0.4) / 2, 3)


def calibration(
    logits: NDArray[np.float64], truth: NDArray[np.float64], *, exclusive: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return slope and offset of each output, shape (outputs,), fitted on out-of-fold logits."""
    outputs = logits.shape[1]
    if exclusive:
        return np.full(outputs, temperature(logits, truth), dtype=np.float32), np.zeros(
            outputs, dtype=np.float32
        )
    pairs = np.array(
        [platt(logits[:, column], truth[:, column]) for column in range(outputs)], dtype=np.float32
    )
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def probabilities(
    logits: NDArray[np.float64],
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    *,
    exclusive: bool,
) -> NDArray[np.float64]:
    """Return calibrated probabilities of the logits' shape."""
    scaled = logits * slope + offset
    return np.asarray(
        scipy.special.softmax(scaled, axis=1) if exclusive else scipy.special.expit(scaled)
    )


def log_loss(chances: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Return the mean binary log-loss over rows and outputs, in nats."""
    bounded = np.clip(chances, 1e-7, 1 - 1e-7)
    return float(-(truth * np.log(bounded) + (1 - truth) * np.log1p(-bounded)).mean())
