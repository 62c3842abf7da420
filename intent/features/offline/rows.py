"""Writes training rows: the columns of a spine as they came, and the columns that a build added."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intent.features.offline.plan import require_rows
from intent.model.errors import OperatorError

BATCH = 65_536
"""Rows that are read and written at a time, and rows of a row group: so the bytes do not depend on
how an engine handed the rows over.
"""


def write_beside(spine: Sequence[Path], added: pa.RecordBatchReader, path: Path, rows: int) -> None:
    """Write each row of a spine with its added columns, as one Parquet file that is there whole or
    not at all.

    Args:
        spine: Parquet files; their columns keep type, unit, time zone and metadata.
        added: as many rows in the same order; their column ``_row`` is left out.

    Raises:
        OperatorError: there are more or fewer rows than ``rows``, or the file cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        require_rows(_write(spine, added, partial), rows)
        partial.replace(path)
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be written: {error.strerror or error}; name another output"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _write(spine: Sequence[Path], added: pa.RecordBatchReader, path: Path) -> int:
    """Write as long as there are rows of both, and return how many that were; one more where the
    spine has more, or where more were added.
    """
    first = pq.read_schema(spine[0])
    schema, written = first, 0
    for field in added.schema:
        if field.name != "_row":
            schema = schema.append(field)
    asked = _even(_spine_rows(spine, first))
    found = _even(pa.Table.from_batches([batch]) for batch in added)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for row, column in itertools.zip_longest(asked, found):
            if row is None or column is None or len(row) != len(column):
                return written + 1 + max(len(one) for one in (row, column) if one is not None)
            added_columns = column.drop_columns("_row").columns
            table = pa.table([*row.columns, *added_columns], schema=schema)
            writer.write_table(table, row_group_size=BATCH)
            written += len(row)
    return written


def _spine_rows(spine: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    for file in spine:
        with pq.ParquetFile(file) as rows:
            for batch in rows.iter_batches(BATCH):
                yield pa.Table.from_batches([batch], schema=schema)


def _even(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same rows in tables of BATCH rows, but for the last."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        while sum(len(one) for one in held) >= BATCH:
            together = pa.concat_tables(held)
            yield together.slice(0, BATCH)
            held = [together.slice(BATCH)]
    rest = pa.concat_tables(held) if held else None
    if rest is not None and len(rest):
        yield rest


def with_types_of(spine: pa.Schema, folder: Path) -> None:
    """Give columns of written part files the types that they had in the spine: Spark knows no
    time zone but UTC, no durations and no dictionaries. Nanoseconds, which it rounded, stay
    microseconds.

    Raises:
        OperatorError: a column does not fit its type.
    """
    for part in sorted(folder.glob("*.parquet")):
        found = pq.read_schema(part)
        wanted = pa.schema([_wanted(field, spine) for field in found])
        if wanted.equals(found):
            continue
        table, partial = pq.read_table(part, partitioning=None), part.with_suffix(".partial")
        try:
            pq.write_table(table.cast(wanted), partial, compression="zstd")
        except pa.ArrowInvalid as error:
            partial.unlink(missing_ok=True)
            raise OperatorError(
                f"a column of the spine cannot be given its type again: {error}; leave it out"
            ) from error
        part.with_name(f".{part.name}.crc").unlink(missing_ok=True)  # Hadoop's, of the old bytes
        partial.replace(part)


def _wanted(field: pa.Field, spine: pa.Schema) -> pa.Field:
    if field.name not in spine.names:
        return field
    kind = spine.field(field.name).type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        kind = pa.timestamp("us", kind.tz)
    return field.with_type(kind)
