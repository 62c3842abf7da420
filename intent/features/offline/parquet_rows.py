"""Reads a Parquet file row by row, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from intent.model.errors import WrongUse

HELD = 10_000
"""Rows that are held at a time."""


def parquet_rows(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the rows of a seekable stream by column; instants as texts (ISO 8601).

    Raises:
        WrongUse: it is no Parquet, or broken from somewhere on.
    """
    try:
        with pq.ParquetFile(stream) as file:
            for batch in file.iter_batches(HELD):
                for row in batch.to_pylist():
                    yield {name: _plain(value) for name, value in row.items()}
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise WrongUse(f"the file cannot be read as Parquet: {reason}") from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
