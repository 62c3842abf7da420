"""Makes probabilities of what a ranker says: curves that are fitted on later days than its trees.

With many positives an isotonic curve, which takes any growing form; with few a logistic one of two
numbers (J. Platt, 1999), because an isotonic one would learn their noise (A. Niculescu-Mizil and
R. Caruana, Predicting good probabilities, 2005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.special
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MANY = 2_000
"""Positives from which on a curve is isotonic."""

EDGE = 1e-7
"""Probabilities are kept so far from 0 and 1."""


@dataclass(frozen=True, slots=True)
class LogisticCurve:
    """``1 / (1 + exp(-(slope · logit(p) + intercept)))``."""

    slope: float
    intercept: float

    def apply(self, p: Floats) -> Floats:
        """Return calibrated probabilities."""
        return np.asarray(scipy.special.expit(self.slope * logit(p) + self.intercept))

    def data(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {"kind": "logistic", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True, slots=True)
class IsotonicCurve:
    """Straight lines between points that grow; beyond the ends it stays level."""

    given: tuple[float, ...]
    meant: tuple[float, ...]

    def apply(self, p: Floats) -> Floats:
        """Return calibrated probabilities."""
        return np.asarray(np.interp(p, self.given, self.meant))

    def data(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {"kind": "isotonic", "given": list(self.given), "meant": list(self.meant)}


CalibrationCurve = LogisticCurve | IsotonicCurve


@dataclass(frozen=True, slots=True)
class GroupShift:
    """Log-odds that are added in a group, and those that are added outside of it.

    Trees shrink what few rows say, and one curve for all rows leaves it so: a rare group that is
    positive more often stays too low (Ú. Hébert-Johnson and others, Multicalibration, 2018).
    """

    inside: float
    outside: float

    def apply(self, p: Floats, group: NDArray[np.bool_]) -> Floats:
        """Return probabilities that are right on average in the group and outside of it."""
        return np.asarray(
            scipy.special.expit(logit(p) + np.where(group, self.inside, self.outside))
        )


def curve_from_data(data: Mapping[str, Any]) -> CalibrationCurve:
    """Read what ``data()`` of a curve wrote."""
    if data["kind"] == "logistic":
        return LogisticCurve(float(data["slope"]), float(data["intercept"]))
    return IsotonicCurve(tuple(data["given"]), tuple(data["meant"]))


def fitted_curve(
    p: Floats, labels: NDArray[Any], weights: Floats | None = None, trust: float = 1.0
) -> CalibrationCurve:
    """Fit the curve that fits the number of positives; without a label of each kind none is needed.

    Args:
        p: what a model said of rows that it was not fitted on, in (0, 1).
        labels: 0 or 1.
        weights: how much each row counts.
        trust: by how much a logistic curve stays as it was: the inverse of the variance, in
            log-odds, by which the model may be off, before anything is seen.
    """
    count = np.ones(len(p)) if weights is None else weights
    positives = int(np.sum(labels))
    if positives in (0, len(p)):
        return LogisticCurve(1.0, 0.0)
    if positives >= MANY:
        return _isotonic(p, np.asarray(labels, dtype=np.float64), count)
    return _logistic(p, np.asarray(labels, dtype=np.float64), count, trust)


def fitted_shift(
    p: Floats, labels: NDArray[Any], group: NDArray[np.bool_], trust: float = 1.0
) -> GroupShift:
    """Fit the shift of a group on rows that nothing was fitted on.

    Args:
        p: calibrated probabilities, in (0, 1).
        labels: 0 or 1.
        group: which rows are in it.
        trust: by how much all stays as it was: the inverse of the variance, in log-odds, by which a
            group may be off, before anything is seen.
    """
    right = np.asarray(labels, dtype=np.float64)
    return GroupShift(
        _shifted(p[group], right[group], trust), _shifted(p[~group], right[~group], trust)
    )


def _shifted(p: Floats, labels: Floats, trust: float) -> float:
    """Return the log-odds at which as many are expected as came, but for the pull towards none."""
    at = logit(p)

    def missing(shift: float) -> float:
        return float(labels.sum() - scipy.special.expit(at + shift).sum()) - trust * shift

    most = float(len(p)) / trust + 1
    return float(scipy.optimize.brentq(missing, -most, most))


def logit(p: Floats) -> Floats:
    """Return the log-odds, of probabilities kept away from 0 and 1."""
    inside = np.clip(p, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def _isotonic(p: Floats, labels: Floats, weights: Floats) -> IsotonicCurve:
    order = np.argsort(p, kind="stable")
    given, weight = p[order], weights[order]
    fitted = scipy.optimize.isotonic_regression(labels[order], weights=weight)
    # One point a level, in its middle: between them the curve grows, so that no order is lost.
    edges = fitted.blocks
    total = np.add.reduceat(weight, edges[:-1])
    middle = np.add.reduceat(given * weight, edges[:-1]) / total
    meant = np.add.reduceat(fitted.x * weight, edges[:-1]) / total
    return IsotonicCurve(tuple(middle.tolist()), tuple(meant.tolist()))


def _logistic(p: Floats, labels: Floats, weights: Floats, trust: float) -> LogisticCurve:
    """Fit the likeliest slope and intercept, with a pull towards leaving all as it is."""
    columns, asis = np.column_stack([logit(p), np.ones(len(p))]), np.array([1.0, 0.0])

    def loss(chosen: Floats) -> tuple[float, Floats]:
        scores = columns @ chosen
        surprise = float(np.sum(weights * (np.logaddexp(0, scores) - labels * scores)))
        slope = columns.T @ (weights * (scipy.special.expit(scores) - labels))
        pull = chosen - asis
        return surprise + trust * float(pull @ pull) / 2, slope + trust * pull

    slope, intercept = scipy.optimize.minimize(loss, asis, jac=True, method="L-BFGS-B").x
    return LogisticCurve(float(slope), float(intercept))
