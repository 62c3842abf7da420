"""Hands features to models: a matrix with NaN for missing, group sizes for rankers, and Arrow
tables of what was read online.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from intent.features.definitions.definitions import FeatureSet
from intent.model.errors import OperatorError

WITHOUT_NUMBER = frozenset({"tags", "sequence_50"})
"""Statistics whose values are no numbers."""


def numeric_names(feature_set: FeatureSet) -> list[str]:
    """Return the features that a matrix has, in its order."""
    return [f.name for f in feature_set.features if f.statistic not in WITHOUT_NUMBER]


def matrix(table: pa.Table, feature_set: FeatureSet) -> NDArray[np.float64]:
    """Return the numeric features of a built table, one column a feature, in the set's order: as
    :meth:`FeatureTable.matrix` does online.
    """
    return np.column_stack([table[name].to_numpy() for name in numeric_names(feature_set)])


def built_matrix(path: Path, feature_set: FeatureSet) -> NDArray[np.float64]:
    """Return the same of a built file, reading no other column.

    Raises:
        OperatorError: it cannot be read, or was not built with this set.
    """
    try:
        return matrix(pq.read_table(path, columns=numeric_names(feature_set)), feature_set)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise OperatorError(
            f"{path} holds no rows with {feature_set.name}: {error}; write it with: intent "
            f"features build --set {feature_set.name}"
        ) from error


def group_sizes(requests: Sequence[Hashable]) -> list[int]:
    """Return how many rows each request has, in order, as LightGBM's rankers want them.

    Raises:
        OperatorError: the rows of a request do not stand together.
    """
    sizes: list[int] = []
    seen: set[Hashable] = set()
    for number, request in enumerate(requests):
        if number and request == requests[number - 1]:
            sizes[-1] += 1
        elif request in seen:
            raise OperatorError(
                f"the rows of request {request!r} do not stand together; sort the spine by request"
            )
        else:
            seen.add(request)
            sizes.append(1)
    return sizes
