"""DuckDB as the engine of the offline build: one machine, as many threads as it has, larger than
memory through a spill folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from intent.features.offline.formulas import floor
from intent.features.offline.plan import Dialect, require_rows
from intent.features.offline.spine import AT, Spine
from intent.model.errors import OperatorError


class DuckEngine:
    """Runs steps as temporary tables of a DuckDB connection of its own."""

    name = "duckdb"

    def __init__(self, spill: Path, threads: int | None = None) -> None:
        self.dialect = Dialect(
            handed=_handed,
            listed=_listed,
            no_list="[]",
            numbered=lambda keys: "row_number() OVER ()",
        )
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

    def load_spine(self, spine: Spine) -> None:
        """Make table ``spine``: all its columns, ``_row`` from 0 in the file's order, and ``_at``
        in microseconds, rounded down.
        """
        at = (
            f"{floor(f'epoch_ns({AT})', 1000)} // 1000"
            if AT in spine.nanoseconds
            else f"epoch_us({AT})"
        )
        source = f"read_parquet('{_quoted(escape(str(spine.path)))}', hive_partitioning = false)"
        self.step("spine", f"SELECT *, row_number() OVER () - 1 AS _row, {at} AS _at FROM {source}")

    def load_facts(self, folder: Path, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files under a folder's ``date=…``."""
        pattern = f"{_quoted(escape(str(folder)))}/date=*/*.parquet"
        self._run(
            f"CREATE OR REPLACE TEMP VIEW exported AS SELECT {', '.join(columns)} FROM "
            f"read_parquet('{pattern}', hive_partitioning = false)"
        )

    def step(self, name: str, sql: str) -> None:
        """Make a table."""
        self._run(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""
        found: tuple[Any, ...] | None = self._run(sql).fetchone()
        return found

    def write(self, sql: str, path: Path, rows: int) -> None:
        """Write the rows in their order as one Parquet file, which is there whole or not at all."""
        partial = path.with_name(path.name + ".partial")
        try:
            written = self._run(
                f"COPY ({sql}) TO '{_quoted(str(partial))}' (FORMAT parquet, COMPRESSION zstd)"
            ).fetchone() or (0,)
            require_rows(written[0], rows)
            partial.replace(path)
        except OSError as error:
            raise OperatorError(
                f"{path} cannot be written: {error.strerror}; name another output"
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
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


def _handed(source: str, by: str, moments: str, columns: Sequence[str]) -> str:
    kept = ", ".join(f"f.{column}" for column in columns)
    return (
        f"SELECT {kept}, m.moment AS met FROM {source} f ASOF JOIN {moments} m ON f.k = m.k "
        f"AND f.{by} <= m.moment"
    )


def _listed(entries: str) -> str:
    return (
        f"SELECT k, moment, list({{'intent': intent, 'item_id': item_id, 'at': event}} ORDER "
        f"BY n) AS LISTED FROM ({entries}) GROUP BY k, moment"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")
