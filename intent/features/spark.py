"""Spark as the engine of the offline build, for histories that one machine cannot hold: the same steps, without an as-of join of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from intent.errors import OperatorError
from intent.features.plan import Dialect

REUSED = ("spine", "facts", "_facts", "_rows", "_keys", "_moments", "_running")
"""Endings of the tables that several steps read: kept, so that each is computed once."""


class SparkEngine:
    """Runs steps as temporary views of a Spark session: the cluster's where the process runs on one, else local."""

    name = "spark"

    def __init__(self, master: str | None = None, options: Mapping[str, str] = MappingProxyType({})) -> None:
        """Open a session.

        Args:
            master: such as local[2]; by default what spark-submit or the Spark configuration says.
            options: of Spark, by name.

        Raises:
            OperatorError: no session could be opened.
        """
        self.dialect = Dialect(handed=_handed, listed=_listed, no_list="array()", numbered=_numbered)
        builder = SparkSession.builder.appName("intent features").config("spark.sql.session.timeZone", "UTC")
        builder = builder.config("spark.sql.ansi.enabled", "true").config("spark.sql.ansi.doubleQuotedIdentifiers", "true")
        builder = builder.config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS").config("spark.ui.enabled", "false")
        for name, value in options.items():
            builder = builder.config(name, value)
        try:
            self._session = (builder.master(master) if master else builder).getOrCreate()
        except PySparkException as error:
            raise OperatorError(f"Spark does not start: {str(error).splitlines()[0]}; it needs Java 17 in JAVA_HOME or on the path") from error
        self._kept: list[DataFrame] = []

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for frame in self._kept:
            frame.unpersist()
        self._kept.clear()

    def load_spine(self, path: Path) -> None:
        """Make table ``spine``; ``_row`` grows in the file's order, with gaps between partitions."""
        self._session.read.parquet(str(path)).createOrReplaceTempView("spine_file")
        self.step("spine", "SELECT *, monotonically_increasing_id() AS _row, unix_micros(event_timestamp) AS _at FROM spine_file")

    def load_facts(self, pattern: str, columns: Sequence[str]) -> None:
        """Make table ``exported`` of the Parquet files of a pattern."""
        self._session.read.parquet(pattern).select(*columns).createOrReplaceTempView("exported")

    def step(self, name: str, sql: str) -> None:
        """Make a view; what several steps read is kept."""
        frame = self._session.sql(sql)
        if name.endswith(REUSED):
            frame = frame.persist()
            self._kept.append(frame)
        frame.createOrReplaceTempView(name)

    def row(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row."""
        found = self._session.sql(sql).first()
        return None if found is None else tuple(found)

    def write(self, sql: str, path: Path) -> None:
        """Write the rows as a folder of Parquet files; in order of their names, the rows are in the spine's order."""
        self._session.sql(sql).write.mode("overwrite").parquet(str(path))


def _handed(source: str, by: str, moments: str, columns: Sequence[str]) -> str:
    """Put both into one order, newest first, and carry the last moment on to what came before it."""
    kept = ", ".join(columns)
    nothing = ", ".join("k" if column == "k" else f"NULL AS {column}" for column in columns)
    both = (
        f"SELECT {kept}, {by} AS _by, CAST(NULL AS BIGINT) AS _moment, 1 AS _side FROM {source}"
        f" UNION ALL SELECT {nothing}, moment AS _by, moment AS _moment, 0 AS _side FROM {moments}"
    )
    window = "(PARTITION BY k ORDER BY _by DESC, _side ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    carried = f"SELECT {kept}, _side, last(_moment, true) OVER {window} AS met FROM ({both})"
    return f"SELECT {kept}, met FROM ({carried}) WHERE _side = 1 AND met IS NOT NULL"


def _listed(entries: str) -> str:
    entry = "named_struct('n', n, 'intent', intent, 'item_id', item_id, 'at', event)"
    plain = "e -> named_struct('intent', e.intent, 'item_id', e.item_id, 'at', e.at)"
    return f"SELECT k, moment, transform(array_sort(collect_list({entry})), {plain}) AS LISTED FROM ({entries}) GROUP BY k, moment"


def _numbered(keys: Sequence[str]) -> str:
    # Numbers would take one machine to give out; lengths keep (1, 23) and (12, 3) apart.
    return f"concat({', '.join(f'length({key}), {chr(39)}:{chr(39)}, {key}' for key in keys)})"
