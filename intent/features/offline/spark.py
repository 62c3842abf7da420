"""Spark as the engine of the offline build, for histories that one machine cannot hold: the same
steps, without an as-of join of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from intent.features.offline.formulas import floor
from intent.features.offline.plan import Dialect, require_rows
from intent.features.offline.spine import AT, Spine
from intent.model.errors import OperatorError

REUSED = ("spine", "facts", "_facts", "_rows", "_keys", "_moments", "_running")
"""Endings of the tables that several steps read: kept, so that each is computed once."""


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
        self.dialect = Dialect(
            handed=_handed, listed=_listed, no_list="array()", numbered=_numbered
        )
        builder = SparkSession.builder.appName("intent features").config(
            "spark.sql.session.timeZone", "UTC"
        )
        builder = builder.config("spark.sql.ansi.enabled", "true").config(
            "spark.sql.ansi.doubleQuotedIdentifiers", "true"
        )
        builder = builder.config(
            "spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS"
        ).config("spark.ui.enabled", "false")
        builder = builder.config("spark.sql.legacy.parquet.nanosAsLong", "true")
        for name, value in options.items():
            builder = builder.config(name, value)
        try:
            self._session = (builder.master(master) if master else builder).getOrCreate()
        except PySparkException as error:
            raise OperatorError(
                f"Spark does not start: {str(error).splitlines()[0]}; it needs Java 17 in "
                "JAVA_HOME or on the path"
            ) from error
        self._kept: list[DataFrame] = []

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

    def load_spine(self, spine: Spine) -> None:
        """Make table ``spine``; ``_row`` grows in the file's order, with gaps between partitions;
        nanoseconds come as microseconds, rounded down.
        """
        if spine.nested:
            raise OperatorError(
                f"Spark cannot read the nanoseconds in column {spine.nested[0]} of the spine; "
                "leave it out or write microseconds"
            )
        columns = ", ".join(
            f'{_microseconds(name, spine.nanoseconds)} AS "{name}"' for name in spine.columns
        )
        with _translated():
            self._session.read.parquet(_escaped(spine.path)).createOrReplaceTempView("spine_file")
        rows = f"SELECT {columns}, monotonically_increasing_id() AS _row FROM spine_file"
        self.step("spine", f"SELECT *, unix_micros({AT}) AS _at FROM ({rows})")

    def load_facts(self, folder: Path, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files under a folder's ``date=…``."""
        with _translated():
            self._session.read.parquet(f"{_escaped(folder)}/date=*/*.parquet").select(
                *columns
            ).createOrReplaceTempView("exported")

    def step(self, name: str, sql: str) -> None:
        """Make a view; what several steps read is kept."""
        with _translated():
            frame = self._session.sql(sql)
            if name.endswith(REUSED):
                frame = frame.persist()
                self._kept.append(frame)
            frame.createOrReplaceTempView(name)

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""
        with _translated():
            found = self._session.sql(sql).first()
        return None if found is None else tuple(found)

    def write(self, sql: str, path: Path, rows: int) -> None:
        """Write the rows as a folder of Parquet files; in order of their names, the rows are in the
        spine's order.
        """
        with _translated():
            self._session.sql(sql).write.mode("overwrite").parquet(str(path))
            written = self._session.read.parquet(_escaped(path)).count()
        require_rows(written, rows)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PySparkException as error:
        raise OperatorError(f"Spark cannot go on: {str(error).strip().splitlines()[0]}") from error


def _escaped(path: Path) -> str:
    """Return a path in which nothing is a pattern."""
    return re.sub(r"([][{}*?\\])", r"\\\1", str(path))


def _microseconds(name: str, nanoseconds: Mapping[str, bool]) -> str:
    """Return a column of the spine; Spark knows no timestamps in nanoseconds and reads them as
    numbers.
    """
    if name not in nanoseconds:
        return f'"{name}"'
    quoted = f'"{name}"'
    instant = f"timestamp_micros({floor(quoted, 1000)} div 1000)"
    return instant if nanoseconds[name] else f"CAST({instant} AS TIMESTAMP_NTZ)"


def _handed(source: str, by: str, moments: str, columns: Sequence[str]) -> str:
    """Put both into one order, newest first, and carry the last moment on to what came before
    it.
    """
    kept = ", ".join(columns)
    nothing = ", ".join("k" if column == "k" else f"NULL AS {column}" for column in columns)
    both = (
        f"SELECT {kept}, {by} AS _by, CAST(NULL AS BIGINT) AS _moment, 1 AS _side FROM {source}"
        f" UNION ALL SELECT {nothing}, moment AS _by, moment AS _moment, 0 AS _side FROM {moments}"
    )
    window = (
        "(PARTITION BY k ORDER BY _by DESC, _side ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )
    carried = f"SELECT {kept}, _side, last(_moment, true) OVER {window} AS met FROM ({both})"
    return f"SELECT {kept}, met FROM ({carried}) WHERE _side = 1 AND met IS NOT NULL"


def _listed(entries: str) -> str:
    entry = "named_struct('n', n, 'intent', intent, 'item_id', item_id, 'at', event)"
    plain = "e -> named_struct('intent', e.intent, 'item_id', e.item_id, 'at', e.at)"
    return (
        f"SELECT k, moment, transform(array_sort(collect_list({entry})), {plain}) AS LISTED "
        f"FROM ({entries}) GROUP BY k, moment"
    )


def _numbered(keys: Sequence[str]) -> str:
    # Numbers would take one machine to give out; lengths keep (1, 23) and (12, 3) apart.
    return f"concat({', '.join(f'length({key}), {chr(39)}:{chr(39)}, {key}' for key in keys)})"
