"""Exports decisions as facts: Parquet files by date, incremental by created sequence, resumable, and rewritten where somebody was forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from intent.decision import DecidedBy
from intent.errors import OperatorError
from intent.features.events import UNMEASURED, Topics
from intent.store.engine import Database
from intent.store.schema import INTENTS, database_now, decisions
from intent.store.times import from_microseconds, microseconds

CHUNK = 200_000
"""Decisions in one chunk of the created sequence; each chunk writes one file a date."""

SETTLED = timedelta(seconds=60)
"""PostgreSQL hands out ids before it commits: what is younger is left for the next export. SQLite commits in the order of ids."""

_IDS = ("platform", "message_id", "user_id", "creator_id", "room_id", "item_id")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did: facts written now, facts removed because they were forgotten, all facts, and the last id of the created sequence."""

    written: int
    removed: int
    total: int
    last_id: int


def fact_columns(topics: Topics) -> list[str]:
    """Return the columns of a fact: instants in microseconds since 1970 UTC, probabilities in millionths (zero where not measured)."""
    return ["id", *_IDS, "revision", "event", "known", "mask", *(f"p_{topic}" for topic in topics.measured)]


def export_facts(database: Database, folder: Path, topics: Topics, *, progress: Callable[[int], None] = lambda written: None) -> ExportReport:
    """Write what was decided since the last export into ``folder/date=YYYY-MM-DD/``, sorted by event time; safe to stop at any moment.

    Raises:
        OperatorError: the folder belongs to another taxonomy, or its manifest cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _Manifest(folder, list(topics.code))
    with database.read() as connection:
        removed = sum(_without_forgotten(connection, folder, manifest, chunk, topics) for chunk in list(manifest.chunks))
        last, written = manifest.last_id, 0
        newest = _newest_settled(connection)
        while last < newest:
            rows = connection.execute(_facts().where(decisions.c.id > last, decisions.c.id <= newest).limit(CHUNK)).all()
            if not rows:
                break
            first, last = rows[0].id, rows[-1].id
            _write_chunk(folder, first, last, _table(rows, topics))
            manifest.add(first, last, len(rows))
            written += len(rows)
            progress(written)
    return ExportReport(written, removed, manifest.total, manifest.last_id)


class _Manifest:
    """Which chunks of the created sequence are complete; a chunk that is not listed is written again."""

    def __init__(self, folder: Path, topics: list[str]) -> None:
        self._path = folder / "manifest.json"
        self._topics = topics
        self.chunks: list[list[int]] = []
        if self._path.exists():
            try:
                held = json.loads(self._path.read_text(encoding="utf-8"))
                self.chunks = [[int(number) for number in chunk] for chunk in held["chunks"]]
            except (ValueError, KeyError, TypeError) as error:
                raise OperatorError(f"{self._path} is no manifest of facts; export into an empty folder") from error
            if held.get("topics") != topics:
                raise OperatorError(f"the facts in {folder} were exported under another taxonomy; export into an empty folder")

    @property
    def last_id(self) -> int:
        return self.chunks[-1][1] if self.chunks else 0

    @property
    def total(self) -> int:
        return sum(count for _, _, count in self.chunks)

    def add(self, first: int, last: int, count: int) -> None:
        self.chunks.append([first, last, count])
        self.save()

    def save(self) -> None:
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps({"topics": self._topics, "chunks": self.chunks}), encoding="utf-8")
        partial.replace(self._path)


def _facts() -> Any:
    d = decisions.c
    probabilities = (d[f"p_{intent}"] for intent in INTENTS)
    labels = cast(d.labels, Text).label("labels")
    columns = (d.id, *(d[name] for name in _IDS), d.revision, d.event_timestamp, d.created_timestamp, labels, d.decided_by, d.calibration_version)
    return select(*columns, d.lead_probability, *probabilities).where(d.visible).order_by(d.id)


def _newest_settled(connection: Connection) -> int:
    query = select(func.coalesce(func.max(decisions.c.id), 0))
    if connection.dialect.name == "postgresql":
        now = connection.execute(select(database_now())).scalar_one()
        young: ColumnElement[Any] = select(func.min(decisions.c.id)).where(decisions.c.created_timestamp > now - SETTLED).scalar_subquery()
        query = query.where(decisions.c.id < func.coalesce(young, 2**62))
    return int(connection.execute(query).scalar_one())


def _table(rows: Sequence[Any], topics: Topics) -> pa.Table:
    kinds = [pa.int64(), *(pa.string() for _ in _IDS), pa.int32(), pa.int64(), pa.int64(), pa.int64(), *(pa.int32() for _ in topics.measured)]
    schema = pa.schema(list(zip(fact_columns(topics), kinds, strict=True)))
    columns = list(zip(*(_fact(row, topics) for row in rows), strict=True)) or [()] * len(kinds)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], schema=schema)


def _fact(row: Any, topics: Topics) -> tuple[Any, ...]:
    number, *rest = tuple(row)
    ids, (revision, event, created, labels, decided_by, calibration, lead, *probabilities) = rest[: len(_IDS)], rest[len(_IDS) :]
    measured = calibration != UNMEASURED
    mask = topics.mask(json.loads(labels), measured=measured, llm=decided_by == DecidedBy.LLM)
    p = topics.with_groups(probabilities, lead) if measured else (0,) * len(topics.measured)
    return (number, *ids, revision, microseconds(event), microseconds(created), mask, *p)


def _write_chunk(folder: Path, first: int, last: int, table: pa.Table) -> None:
    for path in folder.glob(f"date=*/{_stem(first)}-*.parquet"):
        path.unlink()  # an export that was stopped here left some
    table = table.sort_by([("event", "ascending"), ("id", "ascending")])
    for date, part in _by_date(table):
        home = folder / f"date={date}"
        home.mkdir(exist_ok=True)
        path = home / f"{_stem(first)}-{last:012d}.parquet"
        pq.write_table(part, path.with_suffix(".partial"), compression="zstd")
        path.with_suffix(".partial").replace(path)


def _by_date(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    days = [from_microseconds(event).date().isoformat() for event in table["event"].to_pylist()]
    start = 0
    for number in range(1, len(days) + 1):
        if number == len(days) or days[number] != days[start]:
            yield days[start], table.slice(start, number - start)
            start = number


def _without_forgotten(connection: Connection, folder: Path, manifest: _Manifest, chunk: list[int], topics: Topics) -> int:
    """Write a chunk again if decisions of it are gone; return how many."""
    first, last, count = chunk
    inside = (decisions.c.id >= first, decisions.c.id <= last)
    left = connection.execute(select(func.count()).select_from(decisions).where(decisions.c.visible, *inside)).scalar_one()
    if left == count:
        return 0
    rows = list(connection.execute(_facts().where(*inside)).all())
    _write_chunk(folder, first, last, _table(rows, topics))
    chunk[2] = len(rows)
    manifest.save()
    return count - len(rows)


def _stem(first: int) -> str:
    return f"{first:012d}"
