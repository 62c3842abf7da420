"""Decides whole histories as a job of Spark: Parquet or JSONL of messages in, Parquet of decisions
out.

Equal texts come to the same task, in the order of the input, and are decided once there, as by a
worker. A task holds one model with one thread: the cluster says how many run beside each other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema

from intent.features.offline.spark_session import (
    PARTITIONS,
    escaped,
    quiet_about_pandas,
    translated,
)
from intent.model.errors import Malformed, OperatorError
from intent.model.message import Message, parse_message
from intent.operations.decided_files import SCHEMA, decided_row, refused_row
from intent.ports.deciding import Classifier, Details
from intent.sources.door import MAX_PAYLOAD_BYTES

BATCH = 256
"""Messages decided at once."""

PART = 16_000_000
"""Bytes of input in one task: several minutes of deciding, so that loading a model is no matter."""

_INSTANT = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


@dataclass(frozen=True, slots=True)
class Deciding:
    """What a task is given; it travels to where the task runs.

    Attributes:
        load: builds the classifier there.
        remembered: under which key a decision may serve other messages; None for never.
        finder: of contact details, which no file holds.
    """

    load: Callable[[], Classifier]
    remembered: Callable[[Message], Sequence[str | None] | None]
    finder: Details

    def addressed(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Say of each payload in which task it is decided: equal ones in the same."""
        for batch in batches:
            payloads, rows = batch.column("payload"), batch.column("_row").to_pylist()
            homes = [
                self._home(payload, row)
                for payload, row in zip(payloads.to_pylist(), rows, strict=True)
            ]
            columns = [payloads, batch.column("_row"), pa.array(homes, pa.int64())]
            yield pa.RecordBatch.from_arrays(columns, ["payload", "_row", "_home"])

    def decided(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Decide payloads, a bounded number at once; one row comes out for each."""
        classifier = self.load()
        for batch in batches:
            payloads = batch.column("payload").to_pylist()
            for start in range(0, len(payloads), BATCH):
                yield self._decided(classifier, payloads[start : start + BATCH])

    def _home(self, payload: str, row: int) -> int:
        try:
            key = self.remembered(_parsed(payload))
        except Malformed:
            key = None
        text = repr(key if key is not None else row).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)

    def _decided(self, classifier: Classifier, payloads: Sequence[str]) -> pa.RecordBatch:
        messages: list[Message] = []
        rows = []
        for payload in payloads:
            try:
                messages.append(_parsed(payload))
            except Malformed as error:
                rows.append(refused_row(str(error)))
        for message, decision in zip(messages, classifier.classify(messages), strict=True):
            rows.append(decided_row(message, decision, self.finder))
        return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """How many messages were decided, and how many rows were refused."""

    decided: int
    refused: int


def classify_history(
    session: SparkSession, source: Path, output: Path, deciding: Deciding
) -> HistoryReport:
    """Decide what a file or folder holds, and write a folder of Parquet; it must not exist.

    Args:
        source: ``.jsonl`` in the wire shape, or Parquet with the wire's columns.

    Raises:
        OperatorError: Spark cannot read or write them, or the folder is there already.
    """
    if output.exists():
        raise OperatorError(f"{output} is there already; give a new folder with --output")
    size = sum(one.stat().st_size for one in _files(source))
    _use_this_python(session)
    with translated(), quiet_about_pandas():
        tasks = _tasks(session, size)
        addressed = _payloads(session, source).mapInArrow(
            deciding.addressed, "payload string, _row long, _home long"
        )
        together = addressed.repartition(tasks, "_home").sortWithinPartitions("_row")
        decided = together.mapInArrow(deciding.decided, from_arrow_schema(SCHEMA))
        decided.write.parquet(str(output))
        written = session.read.parquet(escaped(output))
        refused = written.where("refused IS NOT NULL").count()
        return HistoryReport(written.count() - refused, refused)


def _payloads(session: SparkSession, source: Path) -> DataFrame:
    if any(file.suffix == ".jsonl" for file in _files(source)):
        lines = session.read.text(escaped(source)).where("trim(value) <> ''")
        frame = lines.withColumnRenamed("value", "payload")
    else:
        rows = session.read.parquet(escaped(source))
        payload = sql.to_json(
            sql.struct(*(sql.col(f"`{name}`") for name in rows.columns)), _INSTANT
        )
        frame = rows.select(payload.alias("payload"))
    return frame.withColumn("_row", sql.monotonically_increasing_id())


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise OperatorError(f"{source} does not exist; give messages as Parquet or JSONL")
    return [one for one in source.rglob("*") if one.is_file()] if source.is_dir() else [source]


def _use_this_python(session: SparkSession) -> None:
    """Have tasks on this machine run in this Python, which has what they import."""
    context = session.sparkContext
    if context.master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
        context.pythonExec = sys.executable


def _tasks(session: SparkSession, size: int) -> int:
    cores = session.sparkContext.defaultParallelism
    given = session.sparkContext.getConf().get(PARTITIONS)
    return int(given) if given else max(cores, size // PART)


def _parsed(payload: str) -> Message:
    line = payload.encode("utf-8", "surrogatepass")
    if len(line) > MAX_PAYLOAD_BYTES:
        raise Malformed(f"it is {len(line)} bytes long, the limit is {MAX_PAYLOAD_BYTES}")
    return parse_message(line)
