"""Opens a Spark session, and turns what Spark complains of into one sentence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from intent.model.errors import OperatorError

PARTITIONS = "spark.sql.shuffle.partitions"


def open_session(
    name: str, master: str | None = None, options: Mapping[str, str] = MappingProxyType({})
) -> SparkSession:
    """Return a session in which SQL is ANSI's and instants are in UTC.

    Args:
        name: under which the cluster lists it.
        master: such as local[2]; by default what spark-submit or the Spark configuration says.
        options: of Spark, by name.

    Raises:
        OperatorError: no session could be opened.
    """
    builder = SparkSession.builder.appName(name).config("spark.sql.session.timeZone", "UTC")
    builder = builder.config("spark.sql.ansi.enabled", "true").config(
        "spark.sql.ansi.doubleQuotedIdentifiers", "true"
    )
    builder = builder.config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS").config(
        "spark.ui.enabled", "false"
    )
    builder = builder.config("spark.sql.legacy.parquet.nanosAsLong", "true").config(
        "spark.ui.showConsoleProgress", "false"
    )
    for option, value in options.items():
        builder = builder.config(option, value)
    try:
        with quiet_about_pandas():
            return (builder.master(master) if master else builder).getOrCreate()
    except PySparkException as error:
        raise OperatorError(
            f"Spark does not start: {str(error).splitlines()[0]}; it needs Java 17 in JAVA_HOME or "
            "on the path"
        ) from error


@contextmanager
def quiet_about_pandas() -> Iterator[None]:
    """Keep quiet about versions of pandas: Spark looks for it, and nothing here works with it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


@contextmanager
def translated() -> Iterator[None]:
    """Raise OperatorError for what Spark raises."""
    try:
        yield
    except PySparkException as error:
        raise OperatorError(f"Spark cannot go on: {_in_short(str(error))}") from error


def _in_short(text: str) -> str:
    first, *rest = text.strip().splitlines()
    # What a task in Python raised stands at the end of its traceback.
    raised = [line for line in rest if line[:1].isalpha() and "Error" in line.split(":")[0]]
    return f"{first} {raised[0]}" if first.endswith(":") and raised else first


def escaped(path: Path) -> str:
    """Return a path in which nothing is a pattern."""
    return re.sub(r"([][{}*?\\])", r"\\\1", str(path))
