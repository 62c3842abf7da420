"""Weighted least squares whose errors respect clusters, over many tables at once: rows are sums of
a room (a creator, a block of time), weights are what the sums are divided by.

A regression over viewers in rooms whose columns are the same within a room equals one over the sums
of the rooms, weighted by viewers. Sources: A. C. Cameron and D. L. Miller, A practitioner's guide
to cluster-robust inference, 2015 (CRV1); J. G. MacKinnon, M. Ø. Nielsen and M. D. Webb, Fast and
reliable jackknife and bootstrap methods for cluster-robust inference, 2023 (CRV3: leave one cluster
out at a time, about the estimate of all).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.stats

from intent.statistics.rooms import Floats, Integers

_NOTHING_LEFT = 1e-9
"""A cluster with this much of the last leverage or less to spare decides a coefficient alone."""


@dataclass(frozen=True, slots=True)
class ClusterFit:
    """Coefficients of weighted least squares.

    Attributes:
        values: shape (..., columns).
        left_out: what each coefficient becomes without one cluster, less what it is with all, shape
            (..., clusters, columns); NaN where a cluster decides it alone.
        scores: what each cluster adds to the error of each coefficient, shape (..., clusters,
            columns).
    """

    values: Floats
    left_out: Floats
    scores: Floats

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.left_out.shape[-2])

    def crv3(self) -> Floats:
        """Return the standard errors, by leaving one cluster out, shape (..., columns)."""
        share = (self.clusters - 1) / self.clusters
        return np.asarray(np.sqrt(share * (self.left_out**2).sum(axis=-2)))

    def crv1(self, rows: int) -> Floats:
        """Return the standard errors by sums of residuals, with the correction of statsmodels and
        Stata for few clusters, shape (..., columns).

        Args:
            rows: rows that the sums were made of; the number of clusters where each is one row.
        """
        few = self.clusters / (self.clusters - 1) * (rows - 1) / (rows - self.values.shape[-1])
        return np.asarray(np.sqrt(few * (self.scores**2).sum(axis=-2)))


def fit_clusters(
    design: Floats, outcomes: Floats, weights: Floats, taken: Floats | None = None
) -> ClusterFit:
    """Fit weighted least squares with every row a cluster.

    Args:
        design: columns, shape (..., clusters, columns).
        outcomes, weights: shape (..., clusters); weight 0 for what is not there.
        taken: leverage that effects took which were removed from design and outcomes beforehand.
    """
    weighted = design * weights[..., None]
    square = np.swapaxes(weighted, -1, -2) @ design
    singular = ~(np.abs(np.linalg.det(square)) > 0)
    square = np.where(singular[..., None, None], np.eye(design.shape[-1]), square)
    inverse = np.linalg.inv(square)
    moments = np.swapaxes(weighted, -1, -2) @ outcomes[..., None]
    values = (inverse @ moments)[..., 0]
    values = np.where(singular[..., None], np.nan, values)
    residuals = outcomes - (design @ values[..., None])[..., 0]
    pulls = weighted @ inverse
    scores = pulls * residuals[..., None]
    room_left = 1 - (pulls * design).sum(axis=-1) - (0 if taken is None else taken)
    alone = room_left <= _NOTHING_LEFT
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = -scores / np.where(alone, np.nan, room_left)[..., None]
    # what no coefficient depends on changes none when it is left out
    left_out = np.where((pulls == 0).all(axis=-1)[..., None], 0.0, left_out)
    return ClusterFit(values, left_out, scores)


def without_effects(values: Floats, weights: Floats, groups: Integers) -> Floats:
    """Return values less the weighted mean of their group, shape (..., rows).

    Args:
        groups: number of each row's group, from 0 without gaps, shape (rows,).
    """
    heavy, sums = group_sums(weights, groups), group_sums(weights * values, groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(heavy > 0, sums / heavy, 0.0)
    return np.asarray(values - means[..., groups])


def group_sums(values: Floats, groups: Integers) -> Floats:
    """Return the sum of each group's rows, shape (..., rows) to (..., groups); none is empty."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(int(groups.max()) + 1))
    return np.asarray(np.add.reduceat(values[..., order], starts, axis=-1))


def student(level: float, freedom: Floats | float) -> Floats:
    """Return the quantile that a two-sided interval of this level reaches to."""
    return np.asarray(scipy.stats.t.ppf((1 + level) / 2, freedom))
