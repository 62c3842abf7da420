"""What values of features look like, and how far they have drifted from what they once were.

Drift is the population stability index over tenths of the reference and *missing*: the sum of
(p - q) · ln(p / q). From 0.25 on it is commonly taken as a change to act on. Of few rows it is
large by chance alone, so an alarm also needs more than that: over n and m rows without drift,
PSI · n · m / (n + m) is about chi-squared (B. Yurdakul, Statistical properties of population
stability index, 2018).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.offline.model_input import built_matrix, numeric_names
from intent.model.errors import OperatorError

FORM = 1
NAME = "profile.json"
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
PARTS = 10
LEAST = 1e-4
"""A share is taken as no smaller: what was never there would drift without end."""

RARE = 3.09
"""Standard deviations that one value in a thousand lies above."""


@dataclass(frozen=True, slots=True)
class FeatureShape:
    """What one feature looks like.

    Attributes:
        missing: share of the rows without a value, 0 to 1.
        quantiles: at :data:`QUANTILES`; empty where no row has a value.
        edges: between the parts that drift is counted in.
        shares: of the rows in each part, and last of the missing.
    """

    name: str
    missing: float
    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FeatureProfile:
    """What the values of a feature set look like."""

    feature_set: str
    digest: str
    rows: int
    shapes: tuple[FeatureShape, ...]


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How one feature has drifted.

    Attributes:
        index: population stability index.
        by_chance: what it exceeds without drift once in a thousand times.
        missing, missing_before: share without a value, now and in the reference.
        shares, shares_before: by part, the missing last.
    """

    name: str
    index: float
    by_chance: float
    missing: float
    missing_before: float
    shares: tuple[float, ...]
    shares_before: tuple[float, ...]

    def alarms(self, limit: float) -> bool:
        """Whether it has drifted beyond a limit, and beyond chance."""
        return self.index > max(limit, self.by_chance)


def profiled(
    matrix: NDArray[np.float64],
    feature_set: FeatureSet,
    reference: FeatureProfile | None = None,
) -> FeatureProfile:
    """Look at values: one column a numeric feature of the set, NaN is missing.

    Args:
        reference: whose parts are counted in; without it, tenths of these values.

    Raises:
        OperatorError: there are no rows.
    """
    if not len(matrix):
        raise OperatorError("there are no rows to look at; build some first")
    edges = {} if reference is None else {one.name: one.edges for one in reference.shapes}
    shapes = [
        _shape(name, matrix[:, place], edges.get(name))
        for place, name in enumerate(numeric_names(feature_set))
    ]
    return FeatureProfile(feature_set.name, feature_set.version, len(matrix), tuple(shapes))


def profile_of_file(
    path: Path, feature_set: FeatureSet, reference: FeatureProfile | None = None
) -> FeatureProfile:
    """Look at a built file.

    Raises:
        OperatorError: it cannot be read, was not built with this set, or has no rows.
    """
    return profiled(built_matrix(path, feature_set), feature_set, reference)


def drift(now: FeatureProfile, before: FeatureProfile) -> list[FeatureDrift]:
    """Return the drift of each feature, the furthest first.

    Args:
        now: counted in the parts of ``before``.

    Raises:
        OperatorError: they are of feature sets with other digests.
    """
    if now.digest != before.digest:
        raise OperatorError(
            f"the reference is of {before.feature_set} {before.digest}, and these rows of "
            f"{now.feature_set} {now.digest}; a profile is held against one of the same set"
        )
    found = [
        _drift(one, other, now.rows, before.rows)
        for one, other in zip(now.shapes, before.shapes, strict=True)
    ]
    return sorted(found, key=lambda one: -one.index)


def write_profile(profile: FeatureProfile, path: Path) -> None:
    """Write a profile as JSON."""
    held = {"form": FORM, **asdict(profile)}
    path.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


def read_profile(path: Path, definitions: Definitions) -> tuple[FeatureProfile, FeatureSet]:
    """Read a profile, or the one in a folder such as a ranker's, and the set that it is of.

    Raises:
        OperatorError: there is none, or its feature set is not there.
    """
    file = path / NAME if path.is_dir() else path
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        if held["form"] != FORM:
            raise OperatorError(f"{file} is a profile of another version; make it anew")
        shapes = tuple(_read_shape(one) for one in held["shapes"])
        found = FeatureProfile(held["feature_set"], held["digest"], int(held["rows"]), shapes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{file} is no profile of features; write one with: intent features profile --out"
        ) from error
    return found, definitions.feature_set(found.feature_set)


def _read_shape(held: Mapping[str, Any]) -> FeatureShape:
    lists = (tuple(map(float, held[name])) for name in ("quantiles", "edges", "shares"))
    return FeatureShape(str(held["name"]), float(held["missing"]), *lists)


def _shape(name: str, column: NDArray[np.float64], given: Sequence[float] | None) -> FeatureShape:
    values = column[~np.isnan(column)]
    if given is None:
        inner = np.quantile(values, np.arange(1, PARTS) / PARTS) if len(values) else np.zeros(0)
        edges = np.unique(inner)
    else:
        edges = np.array(given, dtype=np.float64)
    # A value on an edge belongs below it: counts are mostly zero, and zero is a part of its own.
    part = np.searchsorted(edges, values, side="left")
    counts = np.append(np.bincount(part, minlength=len(edges) + 1), len(column) - len(values))
    quantiles = np.quantile(values, QUANTILES) if len(values) else np.zeros(0)
    return FeatureShape(
        name,
        1 - len(values) / len(column),
        tuple(quantiles.tolist()),
        tuple(edges.tolist()),
        tuple((counts / len(column)).tolist()),
    )


def _drift(now: FeatureShape, before: FeatureShape, rows: int, rows_before: int) -> FeatureDrift:
    p, q = (np.maximum(np.array(one.shares), LEAST) for one in (now, before))
    freedom = max(int((np.array(before.shares) > 0).sum()) - 1, 1)
    beyond = 1 - 2 / (9 * freedom) + RARE * (2 / (9 * freedom)) ** 0.5
    return FeatureDrift(
        now.name,
        float(((p - q) * np.log(p / q)).sum()),
        # The chi-squared quantile (E. B. Wilson and M. M. Hilferty, 1931).
        freedom * beyond**3 * (1 / rows + 1 / rows_before),
        now.missing,
        before.missing,
        now.shares,
        before.shares,
    )
