"""Arrow tables and streams of what was read online."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyarrow as pa

from intent.features.definitions.definitions import FeatureSet
from intent.features.definitions.status import Status
from intent.features.online.read import FeatureTable

_ENTRY = pa.struct([("intent", pa.string()), ("item_id", pa.string()), ("at", pa.int64())])
_KINDS = {"sequence_50": pa.list_(_ENTRY), "tags": pa.string()}


def to_arrow(table: FeatureTable) -> pa.Table:
    """Return what was read online as an Arrow table: the features, then one ``…__status`` column a
    feature, in words.
    """
    return pa.Table.from_batches([_batch(table, _schema(table.feature_set))])


def arrow_stream(table: FeatureTable) -> bytes:
    """Return the same as a stream of Arrow's IPC format; its metadata say which feature set and
    version it is, and as of when.
    """
    about = {
        "feature_set": table.feature_set.name,
        "version": table.feature_set.version,
        "at": table.at.isoformat(),
    }
    batch = _batch(table, _schema(table.feature_set).with_metadata(about))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@lru_cache(maxsize=64)
def _schema(feature_set: FeatureSet) -> pa.Schema:
    values = [(one.name, _KINDS.get(one.statistic, pa.float64())) for one in feature_set.features]
    return pa.schema([*values, *((f"{name}__status", pa.string()) for name, _ in values)])


def _batch(table: FeatureTable, schema: pa.Schema) -> pa.RecordBatch:
    values = [
        pa.array(_entries(column) if pa.types.is_list(kind) else column, kind)
        for kind, column in zip(schema.types, table.columns.values(), strict=False)
    ]
    words, known = pa.array([one.word for one in Status], pa.string()), dict[bytes, pa.Array]()
    for status in table.statuses.values():
        # The features of one view mostly have the same statuses.
        content = status.tobytes()
        if content not in known:
            known[content] = words.take(pa.array(status))
        values.append(known[content])
    return pa.RecordBatch.from_arrays(values, schema=schema)


def _entries(column: Any) -> list[list[dict[str, Any]] | None]:
    names = ("intent", "item_id", "at")
    return [
        None if value is None else [dict(zip(names, entry, strict=True)) for entry in value]
        for value in column
    ]
