"""DuckDB as the engine of the offline build: one machine, as many threads as it has, larger than
memory through a spill folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa

from intent.features.offline.rows import BATCH, write_beside
from intent.features.offline.spine import AT, spine_schema
from intent.model.errors import OperatorError
from intent.ports.features import TablesHere

AT_ONCE = 8_000_000
"""Facts and rows of one view that are added up at once; each takes some 200 bytes."""


class DuckEngine:
    """Runs steps as temporary tables of a DuckDB connection of its own."""

    name = "duckdb"

    def __init__(self, spill: Path, threads: int | None = None, at_once: int = AT_ONCE) -> None:
        """Open a connection.

        Args:
            spill: folder for what does not fit in memory.
            at_once: facts and rows of one view that are added up at once.
        """
        self.at_once = at_once
        self._connection = duckdb.connect()
        self._connection.execute(f"SET temp_directory = '{_quoted(str(spill))}'")
        self._connection.execute("SET TimeZone = 'UTC'")
        if threads:
            self._connection.execute(f"SET threads = {threads}")

    def __enter__(self) -> DuckEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    @property
    def here(self) -> TablesHere | None:
        """Its tables, for they are in this process."""
        return self

    def read(self, sql: str) -> pa.Table:
        """Return rows as an Arrow table."""
        with _translated():
            return self._connection.sql(sql).to_arrow_table()

    def load(self, name: str, table: pa.Table, *, more: bool = False) -> None:
        """Make a table of an Arrow table, or put ``more`` rows to it."""
        self._connection.register("_loaded", table)
        if more:
            self._run(f"INSERT INTO {name} SELECT * FROM _loaded")
        else:
            self.step(name, "SELECT * FROM _loaded")
        self._connection.unregister("_loaded")

    def load_spine(self, files: Sequence[Path], keys: Sequence[str]) -> None:
        """Make table ``spine``: the keys, ``_row`` from 0 in the order of the files and their rows,
        and ``_at`` in microseconds, rounded down.
        """
        # Integer division rounds towards zero, and an instant may lie before 1970.
        thousand = f"(epoch_ns({AT}) - ((epoch_ns({AT}) % 1000) + 1000) % 1000) // 1000"
        at = thousand if spine_schema(files).field(AT).type.unit == "ns" else f"epoch_us({AT})"
        listed = ", ".join(f"'{_quoted(escape(str(file)))}'" for file in files)
        texts = ", ".join(f"CAST({key} AS VARCHAR) AS {key}" for key in keys)
        self.step(
            "spine",
            f"SELECT {texts}, {AT}, row_number() OVER () - 1 AS _row, {at} AS _at "
            f"FROM read_parquet([{listed}], hive_partitioning = false)",
        )

    def load_facts(self, folder: Path, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files under a folder's ``date=…``."""
        pattern = f"{_quoted(escape(str(folder)))}/date=*/*.parquet"
        self._run(
            f"CREATE OR REPLACE TEMP VIEW exported AS SELECT {', '.join(columns)} FROM "
            f"read_parquet('{pattern}', hive_partitioning = false)"
        )

    def load_conversions(self, file: Path) -> None:
        """Make table ``converted`` of a Parquet file."""
        self._run(
            "CREATE OR REPLACE TEMP VIEW converted AS SELECT * FROM "
            f"read_parquet('{_quoted(escape(str(file)))}', hive_partitioning = false)"
        )

    def step(self, name: str, sql: str) -> None:
        """Make a table."""
        self._run(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def drop(self, name: str) -> None:
        """Drop a table."""
        self._run(f"DROP TABLE IF EXISTS {name}")

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""
        rows = self._run(sql).fetchall()  # a result that is not read to its end bars others
        return rows[0] if rows else None

    def write(self, sql: str, spine: Sequence[Path], path: Path, rows: int) -> None:
        """Write the rows in their order as one Parquet file, which is there whole or not at all;
        the spine's columns are copied as they are.
        """
        with _translated():
            added = self._connection.sql(sql).to_arrow_reader(BATCH)
            write_beside(spine, added, path, rows)

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        with _translated():
            return self._connection.execute(sql)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OperatorError(
            f"DuckDB cannot go on: {str(error).splitlines()[0]}; free memory or disk, or use "
            "--engine spark"
        ) from error
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(
            f"DuckDB cannot read or write: {reason}; check this path, its permissions and the "
            "space on its disk"
        ) from error


def _quoted(text: str) -> str:
    return text.replace("'", "''")
