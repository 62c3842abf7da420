"""Fits regularised linear heads: one logistic regression for each label, or one softmax over labels
that exclude each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

_TOLERANCE = 1e-3
_SOFTMAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits are ``x @ weights + bias``: weights of shape (columns, outputs), bias of shape
    (outputs,).
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, matrix: scipy.sparse.csr_matrix) -> NDArray[np.float64]:
        """Return logits of shape (rows, outputs)."""
        return np.asarray(matrix @ self.weights.astype(np.float64) + self.bias, dtype=np.float64)


def fit(
    matrix: scipy.sparse.csr_matrix,
    targets: NDArray[np.float64],
    *,
    strength: float,
    exclusive: bool,
) -> Linear:
    """Minimise the summed log-loss plus ``|w|² / (2 · strength)``; the result depends on nothing
    but the arguments.

    Args:
        matrix: shape (rows, columns).
        targets: shape (rows, outputs), zeros and ones; for ``exclusive`` one of them in each row.
        strength: inverse of the regularisation, scikit-learn's ``C``.
    """
    if exclusive:
        return _softmax(matrix, targets.argmax(axis=1), targets.shape[1], strength)
    heads = [_binary(matrix, targets[:, column], strength) for column in range(targets.shape[1])]
    return Linear(
        np.column_stack([weights for weights, _ in heads]),
        np.array([bias for _, bias in heads], dtype=np.float32),
    )


def _binary(
    matrix: scipy.sparse.csr_matrix, truth: NDArray[np.float64], strength: float
) -> tuple[NDArray[np.float32], float]:
    if truth.min() == truth.max():
        # Never or always seen: there is nothing to fit, and the bias says so in calibrated-looking
        # log-odds.
        return np.zeros(matrix.shape[1], dtype=np.float32), float(
            np.log((truth.sum() + 0.5) / (len(truth) - truth.sum() + 0.5))
        )
    # liblinear's trust-region Newton method: many times quicker than L-BFGS on this shape, and free
    # of random numbers.
    found = LogisticRegression(C=strength, solver="liblinear", tol=_TOLERANCE).fit(matrix, truth)
    return found.coef_[0].astype(np.float32), float(found.intercept_[0])


def _softmax(
    matrix: scipy.sparse.csr_matrix, truth: NDArray[np.int64], outputs: int, strength: float
) -> Linear:
    found = LogisticRegression(
        C=strength, solver="lbfgs", tol=_TOLERANCE, max_iter=_SOFTMAX_STEPS
    ).fit(matrix, truth)
    # A label that no row of this part carries still needs its column; it stays far below the
    # others.
    weights, bias = (
        np.zeros((matrix.shape[1], outputs), dtype=np.float32),
        np.full(outputs, -20.0, dtype=np.float32),
    )
    if len(found.classes_) == 2:
        weights[:, found.classes_[1]], bias[found.classes_] = (
            found.coef_[0],
            [0.0, found.intercept_[0]],
        )
    else:
        weights[:, found.classes_], bias[found.classes_] = found.coef_.T, found.intercept_
    return Linear(weights, bias)
