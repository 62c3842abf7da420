"""Exports decisions as facts: Parquet files by date, incremental by created sequence, resumable,
and rewritten where somebody was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, cast, extract, func, select

from intent.features.definitions.events import DEMAND_ROLES, Topics
from intent.features.definitions.told_beside import TOLD_COLUMNS
from intent.features.offline.fact_files import CHUNK, files_of, write_chunk
from intent.features.offline.manifest import Chunk, Manifest, alone, remove_unlisted
from intent.model.decision import UNMEASURED
from intent.model.errors import OperatorError
from intent.store.engine import Database
from intent.store.schema import INTENTS, database_now, decisions
from intent.store.times import microseconds

SETTLED = timedelta(seconds=60)
"""PostgreSQL hands out ids before it commits: what is younger is left for the next export. SQLite
commits in the order of ids.
"""

FOR_PEOPLE = ("id", "author_role", "decided_by", "stated_price", "answer_seconds")
"""Columns that no build reads: what they mean to features, ``mask`` says."""

CATEGORY = "category_id"
"""A key that facts of an older form lack."""

_IDS = (
    *("platform", "message_id", "user_id"),
    *("creator_id", "room_id", "item_id", CATEGORY),
)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did: facts written that are new, facts removed that were forgotten, all facts,
    and the last id of the created sequence.
    """

    written: int
    removed: int
    total: int
    last_id: int


def fact_columns(topics: Topics) -> list[str]:
    """Return the columns of a fact: instants in microseconds since 1970 UTC, probabilities in
    millionths (zero where not measured). What stands in :data:`TOLD_COLUMNS` is missing where a
    message tells nothing of it.
    """
    return [
        "id",
        *_IDS,
        "revision",
        "author_role",
        "decided_by",
        "event",
        "known",
        "mask",
        *TOLD_COLUMNS,
        *(f"p_{topic}" for topic in topics.measured),
    ]


def require_facts(folder: Path, columns: Sequence[str]) -> None:
    """Do nothing if a folder holds facts with these columns.

    Raises:
        OperatorError: it holds none, or they lack a column.
    """
    first = next(iter(sorted(folder.glob("date=*/*.parquet"))), None)
    if first is None:
        raise OperatorError(
            f"there are no facts in {folder}; write them with: intent features export {folder}"
        )
    try:
        missing = [name for name in columns if name not in pq.read_schema(first).names]
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(
            f"{first} cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error
    if missing:
        raise OperatorError(
            f"the facts in {folder} have no column {missing[0]}; write them anew with: intent "
            f"features export {folder}"
        )


def export_facts(
    database: Database,
    folder: Path,
    topics: Topics,
    *,
    progress: Callable[[int], None] = lambda written: None,
) -> ExportReport:
    """Write what was decided since the last export into ``folder/date=YYYY-MM-DD/``, sorted by
    event time; safe to stop at any moment.

    Every chunk is compared with the database first, for SQLite gives the ids of forgotten decisions
    to new ones. Files of an export that was stopped before it could list them go before anything is
    written.

    Raises:
        OperatorError: the folder belongs to another taxonomy, holds files of somebody else, its
            manifest cannot be read, or another export is at it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder), database.read() as connection:
        manifest = Manifest(folder, list(topics.code))
        written, removed = _renew(connection, folder, manifest, topics)
        newest = _newest_settled(connection)
        while manifest.last_id < newest:
            after = manifest.last_id
            rows = connection.execute(
                _facts().where(decisions.c.id > after, decisions.c.id <= newest).limit(CHUNK)
            ).all()
            if not rows:
                break
            # From the chunk before on, without a gap: an id in between may be given out again.
            chunk = _chunk(connection, after + 1, rows[-1].id)
            write_chunk(folder, chunk, _table(rows, topics))
            manifest.put(len(manifest.chunks), chunk)
            written += len(rows)
            progress(written)
    return ExportReport(written, removed, manifest.total, manifest.last_id)


def renew_facts(database: Database, folder: Path, topics: Topics) -> ExportReport:
    """Write again what was exported of decisions that are gone since, and nothing that is new.

    Raises:
        OperatorError: as :func:`export_facts`.
    """
    with alone(folder), database.read() as connection:
        manifest = Manifest(folder, list(topics.code))
        written, removed = _renew(connection, folder, manifest, topics)
    return ExportReport(written, removed, manifest.total, manifest.last_id)


def _renew(
    connection: Connection, folder: Path, manifest: Manifest, topics: Topics
) -> tuple[int, int]:
    remove_unlisted(folder, {chunk.stem for chunk in manifest.chunks})
    written = removed = 0
    for number, chunk in enumerate(manifest.chunks):
        added, gone = _renewed(connection, folder, manifest, number, chunk, topics)
        written, removed = written + added, removed + gone
    return written, removed


def _facts() -> Any:
    d = decisions.c
    probabilities = (d[f"p_{intent}"] for intent in INTENTS)
    labels = cast(d.labels, Text).label("labels")
    columns = (
        d.id,
        *(d[name] for name in _IDS),
        d.revision,
        d.event_timestamp,
        d.created_timestamp,
        labels,
        d.decided_by,
        d.calibration_version,
        d.author_role,
        *(d[name] for name in TOLD_COLUMNS),
    )
    return select(*columns, d.lead_probability, *probabilities).where(d.visible).order_by(d.id)


def _newest_settled(connection: Connection) -> int:
    query = select(func.coalesce(func.max(decisions.c.id), 0))
    if connection.dialect.name == "postgresql":
        now = connection.execute(select(database_now())).scalar_one()
        young: ColumnElement[Any] = (
            select(func.min(decisions.c.id))
            .where(decisions.c.created_timestamp > now - SETTLED)
            .scalar_subquery()
        )
        query = query.where(decisions.c.id < func.coalesce(young, 2**62))
    return int(connection.execute(query).scalar_one())


def _table(rows: Sequence[Any], topics: Topics) -> pa.Table:
    kinds = [
        pa.int64(),
        *(pa.string() for _ in _IDS),
        pa.int32(),
        pa.string(),
        pa.string(),
        pa.int64(),
        pa.int64(),
        pa.int64(),
        *(pa.int64(), pa.int32(), pa.int32()),
        *(pa.int32() for _ in topics.measured),
    ]
    schema = pa.schema(list(zip(fact_columns(topics), kinds, strict=True)))
    columns = list(zip(*(_fact(row, topics) for row in rows), strict=True)) or [()] * len(kinds)
    return pa.table(
        [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], schema=schema
    )


def _fact(row: Any, topics: Topics) -> tuple[Any, ...]:
    number, *rest = tuple(row)
    ids, (revision, event, created, *made) = rest[: len(_IDS)], rest[len(_IDS) :]
    labels, decided_by, calibration, role, *made = made
    told, (lead, *probabilities) = made[: len(TOLD_COLUMNS)], made[len(TOLD_COLUMNS) :]
    mask = topics.row_mask(labels, decided_by, calibration, role, *told)
    summed = mask and calibration != UNMEASURED and role in DEMAND_ROLES
    p = topics.with_groups(probabilities, lead) if summed else (0,) * len(topics.measured)
    instants = microseconds(event), microseconds(created)
    return (number, *ids, revision, role, decided_by, *instants, mask, *told, *p)


def _renewed(
    connection: Connection,
    folder: Path,
    manifest: Manifest,
    number: int,
    listed: Chunk,
    topics: Topics,
) -> tuple[int, int]:
    """Write a chunk again if its decisions are no longer those that it lists; return how many facts
    came and how many went.

    Stopped before the manifest is saved, the next export finds the same difference, and does it
    again.
    """
    chunk = _chunk(connection, listed.first, listed.last)
    if chunk == listed:
        return 0, 0
    table = _table(
        connection.execute(_facts().where(_inside(chunk.first, chunk.last))).all(), topics
    )
    before, now = _which(files_of(folder, listed)), set(_pairs(table))
    write_chunk(folder, chunk, table)
    manifest.put(number, chunk)
    return len(now - before), len(before - now)


def _chunk(connection: Connection, first: int, last: int) -> Chunk:
    """Return a chunk as the database has it. The weights differ from id to id; no sum leaves 64
    bits before there are eight million decisions.
    """
    created = decisions.c.created_timestamp
    instant: ColumnElement[Any] = extract("epoch", created) * 1_000_000
    if connection.dialect.name == "sqlite":
        instant = func.julianday(created) * 86_400_000.0 + 0.5
    checksum = func.sum(cast(instant, BigInteger) % 100_000_007 * (decisions.c.id % 10_007 + 1))
    query = (
        select(func.count(), func.coalesce(checksum, 0))
        .select_from(decisions)
        .where(decisions.c.visible, _inside(first, last))
    )
    count, checked = connection.execute(query).one()
    return Chunk(first, last, int(count), int(checked))


def _inside(first: int, last: int) -> ColumnElement[bool]:
    return decisions.c.id.between(first, last)


def _which(files: Sequence[Path]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for path in files:
        try:
            found.update(_pairs(pq.read_table(path, columns=["id", "known"])))
        except (OSError, pa.ArrowInvalid):
            continue  # damaged: it is only counted here, and about to be written again
    return found


def _pairs(table: pa.Table) -> Iterator[tuple[int, int]]:
    return zip(table["id"].to_pylist(), table["known"].to_pylist(), strict=True)
