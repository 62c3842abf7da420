"""Hands features to models: a matrix with NaN for missing, group sizes for rankers, and Arrow tables of what was read online."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intent.errors import OperatorError
from intent.features.definitions import FeatureSet
from intent.features.read import FeatureTable
from intent.features.values import Status

_ENTRY = pa.struct([("intent", pa.string()), ("item_id", pa.string()), ("at", pa.int64())])


def matrix(table: pa.Table, feature_set: FeatureSet) -> NDArray[np.float64]:
    """Return the numeric features of a built table, one column a feature, in the set's order: as :meth:`FeatureTable.matrix` does online."""
    numeric = [feature.name for feature in feature_set.features if feature.statistic not in {"tags", "sequence_50"}]
    return np.column_stack([table[name].to_numpy() for name in numeric])


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
            raise OperatorError(f"the rows of request {request!r} do not stand together; sort the spine by request")
        else:
            seen.add(request)
            sizes.append(1)
    return sizes


def to_arrow(table: FeatureTable) -> pa.Table:
    """Return what was read online as an Arrow table: the features, then one ``…__status`` column a feature, in words."""
    columns: dict[str, pa.Array] = {}
    for name, column in table.columns.items():
        kind = pa.list_(_ENTRY) if name.endswith("__sequence_50") else pa.string() if column.dtype == object else pa.float64()
        listed = (
            []
            if column.dtype != object or not pa.types.is_list(kind)
            else [None if value is None else [dict(zip(("intent", "item_id", "at"), entry, strict=True)) for entry in value] for value in column]
        )
        columns[name] = pa.array(listed if pa.types.is_list(kind) else column, kind)
    for name, statuses in table.statuses.items():
        columns[f"{name}__status"] = pa.array([Status(status).name.lower() for status in statuses], pa.string())
    return pa.table(columns)
