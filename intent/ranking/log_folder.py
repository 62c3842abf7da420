"""Writes a log that rankers learn from as Parquet, and takes out of it who was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intent.ranking.impression_log import FILES

_INSTANT = pa.timestamp("us", "UTC")
_KINDS = {
    "position": pa.int32(),
    "revision": pa.int32(),
    "value_micros": pa.int64(),
    "propensity": pa.float64(),
    "watch_seconds": pa.float64(),
}
_WHOSE = ("platform", "user_id", "room_id", "source", "conversion_id")


def write_log_table(
    folder: Path,
    name: str,
    columns: Sequence[str],
    batches: Iterable[Sequence[Mapping[str, Any]]],
) -> int:
    """Write one table of a log, which is there whole or not at all; return how many rows."""
    schema = pa.schema([(column, _kind(column)) for column in columns])
    path, count = folder / f"{name}.parquet", 0
    partial = path.with_suffix(".partial")
    with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for some in batches:
            writer.write_table(pa.Table.from_pylist(list(some), schema=schema))
            count += len(some)
    partial.replace(path)
    return count


def sift_log(folder: Path, keep: Callable[[list[dict[str, Any]]], list[bool]]) -> int:
    """Write a log again without some rows; return how many went.

    Args:
        keep: says of rows, each by its keys, which of them stay.
    """
    gone = 0
    for name in FILES:
        path = folder / f"{name}.parquet"
        if not path.exists():
            continue
        table = pq.read_table(path)
        keys = table.select([one for one in _WHOSE if one in table.column_names]).to_pylist()
        stay = keep([{key: value for key, value in row.items() if value} for row in keys])
        if not all(stay):
            left = table.filter(pa.array(stay))
            write_log_table(folder, name, table.column_names, [left.to_pylist()])
            gone += stay.count(False)
    return gone


def _kind(column: str) -> pa.DataType:
    instant = column.endswith(("_at", "_timestamp"))
    return _INSTANT if instant else _KINDS.get(column, pa.string())
