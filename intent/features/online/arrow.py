"""Arrow tables of what was read online."""

from __future__ import annotations

import pyarrow as pa

from intent.features.definitions.status import Status
from intent.features.online.read import FeatureTable

_ENTRY = pa.struct([("intent", pa.string()), ("item_id", pa.string()), ("at", pa.int64())])


def to_arrow(table: FeatureTable) -> pa.Table:
    """Return what was read online as an Arrow table: the features, then one ``…__status`` column a
    feature, in words.
    """
    columns: dict[str, pa.Array] = {}
    for name, column in table.columns.items():
        kind = (
            pa.list_(_ENTRY)
            if name.endswith("__sequence_50")
            else pa.string()
            if column.dtype == object
            else pa.float64()
        )
        listed = (
            []
            if column.dtype != object or not pa.types.is_list(kind)
            else [
                None
                if value is None
                else [dict(zip(("intent", "item_id", "at"), entry, strict=True)) for entry in value]
                for value in column
            ]
        )
        columns[name] = pa.array(listed if pa.types.is_list(kind) else column, kind)
    for name, statuses in table.statuses.items():
        columns[f"{name}__status"] = pa.array(
            [Status(status).word for status in statuses], pa.string()
        )
    return pa.table(columns)
