"""Writes facts as Parquet by date, chunk by chunk of the created sequence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intent.features.definitions.events import Topics
from intent.features.offline.manifest import Chunk, Manifest, alone, remove_unlisted
from intent.model.errors import OperatorError
from intent.store.times import from_microseconds

CHUNK = 200_000
"""Decisions in one chunk of the created sequence; each chunk writes one file a date."""


def write_facts(folder: Path, table: pa.Table, topics: Topics) -> None:
    """Write facts that come from no database, such as those of a simulated world, as an export
    would: by date, with a manifest.

    Args:
        table: the columns of :func:`intent.features.offline.facts.fact_columns`, with ids from 1 on
            in order.

    Raises:
        OperatorError: there are facts in the folder already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        manifest = Manifest(folder, list(topics.code))
        if manifest.chunks:
            raise OperatorError(f"there are facts in {folder} already; name another folder")
        remove_unlisted(folder, set())
        for start in range(0, len(table), CHUNK):
            part = table.slice(start, CHUNK)
            # No checksum: an export of a database into this folder would write all of it anew.
            chunk = Chunk(start + 1, start + len(part), len(part), 0)
            write_chunk(folder, chunk, part)
            manifest.put(len(manifest.chunks), chunk)


def write_chunk(folder: Path, chunk: Chunk, table: pa.Table) -> None:
    """Write the facts of one chunk by date, sorted by event time; its other files go."""
    table, written = table.sort_by([("event", "ascending"), ("id", "ascending")]), set()
    for date, part in _by_date(table):
        home = folder / f"date={date}"
        home.mkdir(exist_ok=True)
        path = home / f"{chunk.stem}.parquet"
        pq.write_table(part, path.with_suffix(".partial"), compression="zstd")
        path.with_suffix(".partial").replace(path)
        written.add(path)
    for path in files_of(folder, chunk):
        if path not in written:
            path.unlink()  # all of that date is forgotten


def files_of(folder: Path, chunk: Chunk) -> list[Path]:
    """Return the files of a chunk, one a date."""
    return list(folder.glob(f"date=*/{chunk.stem}.parquet"))


def _by_date(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    days = [from_microseconds(event).date().isoformat() for event in table["event"].to_pylist()]
    start = 0
    for number in range(1, len(days) + 1):
        if number == len(days) or days[number] != days[start]:
            yield days[start], table.slice(start, number - start)
            start = number
