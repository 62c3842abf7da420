"""Spark as the engine of the offline build, for histories that one machine cannot hold: the same
steps, without an as-of join of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from intent.features.offline.plan import require_rows
from intent.features.offline.rows import with_types_of
from intent.features.offline.spark_session import PARTITIONS, escaped, open_session, translated
from intent.features.offline.spine import AT, nanoseconds, spine_schema
from intent.model.errors import OperatorError

REUSED = (
    *("spine", "spine_rows", "facts", "_facts", "_rows", "_keys", "_request_times"),
    *("_entered", "_left", "_running", "_features"),
)
"""Endings of the tables that are computed at once and kept: those that several steps read, and
those behind which a plan would grow so long that Spark takes minutes to think it over.
"""

PART = 16_000_000
"""Bytes of compressed Parquet in one partition of a shuffle."""


class SparkEngine:
    """Runs steps as temporary views of a Spark session: the cluster's where the process runs on
    one, else local.
    """

    name = "spark"

    def __init__(
        self, master: str | None = None, options: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Open a session.

        Args:
            master: such as local[2]; by default what spark-submit or the Spark configuration says.
            options: of Spark, by name.

        Raises:
            OperatorError: no session could be opened.
        """
        self._session = open_session("intent features", master, options)
        self._kept: list[DataFrame] = []
        self._bytes, self._given = 0, frozenset(options)

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for frame in self._kept:
            frame.unpersist()
        self._kept.clear()

    @property
    def here(self) -> None:
        """Nothing: its tables are on a cluster."""
        return None

    def load_spine(self, files: Sequence[Path], keys: Sequence[str]) -> None:
        """Make table ``spine_rows`` with all its columns, and ``spine`` of it.

        ``_row`` grows in the order of the files and their rows, with gaps between partitions;
        nanoseconds come as microseconds, rounded down.
        """
        schema = spine_schema(files)
        _refuse_unknown(schema)
        fine = nanoseconds(schema)
        columns = ", ".join(f'{_microseconds(name, fine)} AS "{name}"' for name in schema.names)
        self._fit_partitions(files)
        with translated():
            # One by one, for Spark reads many files at once in the order of their sizes.
            frames = [self._session.read.parquet(escaped(file)) for file in files]
            together = reduce(DataFrame.unionAll, frames)
            together.createOrReplaceTempView("spine_file")
        rows = f"SELECT {columns}, monotonically_increasing_id() AS _row FROM spine_file"
        self.step("spine_rows", rows)
        texts = ", ".join(f'CAST("{key}" AS STRING) AS {key}' for key in keys)
        self.step("spine", f"SELECT {texts}, {AT}, _row, unix_micros({AT}) AS _at FROM spine_rows")

    def load_facts(self, folder: Path, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files under a folder's ``date=…``."""
        self._fit_partitions(list(folder.glob("date=*/*.parquet")))
        with translated():
            homes = [escaped(home) for home in sorted(folder.glob("date=*"))]
            facts = self._session.read.parquet(*homes)
            facts.select(*columns).createOrReplaceTempView("exported")

    def load_conversions(self, file: Path) -> None:
        """Make table ``converted`` of a Parquet file."""
        with translated():
            frame = self._session.read.parquet(escaped(file))
            frame.createOrReplaceTempView("converted")

    def step(self, name: str, sql: str) -> None:
        """Make a view; what several steps read is kept."""
        with translated():
            frame = self._session.sql(sql)
            if name.endswith(REUSED):
                # It forgets how it was made: an executor that is lost ends the build, to be run
                # again.
                frame = frame.localCheckpoint()
                self._kept.append(frame)
            frame.createOrReplaceTempView(name)

    def drop(self, name: str) -> None:
        """Do nothing: later tables are computed from this one when they are written."""

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""
        with translated():
            found = self._session.sql(sql).first()
        return None if found is None else tuple(found)

    def write(self, sql: str, spine: Sequence[Path], path: Path, rows: int) -> None:
        """Write the rows as a folder of Parquet files; in order of their names, the rows are in the
        spine's order.
        """
        schema = spine_schema(spine)
        names = ", ".join(f'r."{name}"' for name in schema.names)
        joined = (
            f"SELECT {names}, c.* EXCEPT (_row) FROM spine_rows r JOIN ({sql}) c "
            "ON c._row = r._row ORDER BY r._row"
        )
        with translated():
            self._session.sql(joined).write.mode("overwrite").parquet(str(path))
            written = self._session.read.parquet(escaped(path)).count()
        require_rows(written, rows)
        with_types_of(schema, path)

    def _fit_partitions(self, files: Sequence[Path]) -> None:
        """Fit the session to the data, where nobody said otherwise: as many parts of a shuffle as
        it needs, and no compiling of code for what fits one. At Spark's defaults 400 rows took
        minutes.
        """
        self._bytes += sum(file.stat().st_size for file in files)
        parts = 1 + self._bytes // PART
        self._unless_given(PARTITIONS, str(parts))
        for option in ("spark.sql.codegen.wholeStage", "spark.sql.adaptive.enabled"):
            self._unless_given(option, str(parts > 1).lower())

    def _unless_given(self, option: str, value: str) -> None:
        with translated():
            given = option in self._given or self._session.sparkContext.getConf().contains(option)
            if not given:
                self._session.conf.set(option, value)


def _refuse_unknown(schema: pa.Schema) -> None:
    """Refuse columns that Spark cannot read: it knows no nanoseconds in lists, and 38 digits."""
    fine = nanoseconds(schema)
    for field in schema:
        if "timestamp[ns" in str(field.type) and field.name not in fine:
            raise OperatorError(
                f"Spark cannot read the nanoseconds in column {field.name} of the spine; "
                "leave it out or write microseconds"
            )
        if pa.types.is_decimal256(field.type):
            raise OperatorError(
                f"Spark cannot read {field.name} of the spine, a {field.type}: it knows at most 38 "
                "digits; leave it out"
            )


def _microseconds(name: str, nanoseconds: Mapping[str, bool]) -> str:
    """Return a column of the spine; Spark knows no timestamps in nanoseconds and reads them as
    numbers.
    """
    if name not in nanoseconds:
        return f'"{name}"'
    quoted = f'"{name}"'
    thousand = f"({quoted} - ({quoted} % 1000 + 1000) % 1000)"
    instant = f"timestamp_micros({thousand} div 1000)"
    return instant if nanoseconds[name] else f"CAST({instant} AS TIMESTAMP_NTZ)"
