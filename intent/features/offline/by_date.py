"""Divides built rows by the date of their instants, as warehouses read them: one folder a date, in
the layout that Hive made known (``date=2026-11-27/``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intent.features.offline.rows import BATCH
from intent.features.offline.spine import AT
from intent.model.errors import OperatorError

DATE = "date"
"""The column that readers make of the folders' names."""

NAME = "rows.parquet"


def write_by_date(rows: Path, folder: Path) -> list[str]:
    """Write each row to the file of its date (UTC), in the order of the rows; return the dates.

    The file of a date is replaced as a whole; dates that no row has stay as they are. Whatever
    interrupts it, each file is the old one or the new one, and the same call goes on.

    Raises:
        OperatorError: the rows have a column of the folders' name, or the folder cannot be written.
    """
    try:
        with pq.ParquetFile(rows) as file, ExitStack() as opened:
            schema = file.schema_arrow
            if any(name.lower() == DATE for name in schema.names):
                raise OperatorError(
                    f"the rows have a column {DATE}, as readers make of folders by date; rename it"
                )
            writers: dict[str, pq.ParquetWriter] = {}
            for batch in file.iter_batches(BATCH):
                for day, some in _divided(pa.Table.from_batches([batch], schema=schema)):
                    if day not in writers:
                        partial = _partial(folder, day)
                        partial.parent.mkdir(parents=True, exist_ok=True)
                        writer = pq.ParquetWriter(partial, schema, compression="zstd")
                        writers[day] = opened.enter_context(writer)
                    writers[day].write_table(some)
        for day in writers:
            partial = _partial(folder, day)
            partial.replace(partial.with_name(NAME))
    except OSError as error:
        raise OperatorError(
            f"{folder} cannot be written: {error.strerror or error}; name another folder"
        ) from error
    return sorted(writers)


def _partial(folder: Path, day: str) -> Path:
    # Readers pass over names that begin with a dot, and over other endings.
    return folder / f"{DATE}={day}" / f".{NAME}.partial"


def _divided(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    days = pc.strftime(pc.cast(table[AT], pa.timestamp("s", "UTC"), safe=False), "%Y-%m-%d")
    known = days.combine_chunks().dictionary_encode()
    codes = known.indices.to_numpy()
    for code, day in enumerate(known.dictionary.to_pylist()):
        yield day, table.take(pa.array(np.flatnonzero(codes == code)))
