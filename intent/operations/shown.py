"""Reads what was shown and entered from files into the store."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from intent.model.outcomes import Click, Impression
from intent.outcomes.files.conversion_formats import FileCounts
from intent.outcomes.files.file_records import Fields, FileRecord, RefusedRecord, read_records
from intent.outcomes.files.said_values import ToldTimes
from intent.outcomes.files.shown_records import read_shown
from intent.outcomes.recording import OutcomeRecorder, Recorded
from intent.sources.decoding import in_utf8
from intent.store.engine import Database

AT_ONCE = 2_000
"""Impressions and clicks in one transaction."""

PARQUET = b"PAR1"
_CHUNK = 1 << 16
_IN_MEMORY = 16 << 20

Rows = Callable[[BinaryIO], Iterator[Mapping[str, Any]]]


@dataclass(slots=True)
class ShownIngest:
    """What became of a file: its impressions and clicks, and why some records said nothing."""

    impressions: Recorded = field(default_factory=Recorded)
    clicks: Recorded = field(default_factory=Recorded)
    counts: FileCounts = field(default_factory=FileCounts)


def ingest_shown(
    database: Database,
    recorder: OutcomeRecorder,
    stream: BinaryIO,
    told: ToldTimes,
    *,
    parquet: Rows,
    refused: Callable[[RefusedRecord], None] = lambda line: None,
    step: Callable[[str], None] = lambda name: None,
) -> ShownIngest:
    """Read a file (Parquet, CSV, JSON lines or a list) into the store, in transactions of
    :data:`AT_ONCE`; once more it adds nothing, so that whatever interrupts it, the same call goes
    on.

    Args:
        parquet: reads the rows of Parquet, whose package not everybody has.
        step: is told ``recorded`` before each commit.

    Raises:
        WrongUse: the file is none of these.
        StoreUnavailable: the database is away.
    """
    report = ShownIngest()
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as held:
        head = stream.read(_CHUNK)
        binary = head.startswith(PARQUET)
        chunks = iter(lambda: stream.read(_CHUNK), b"")
        for chunk in _chained(head, chunks) if binary else in_utf8(_chained(head, chunks)):
            held.write(chunk or b"")
        held.seek(0)
        plain: BinaryIO = held  # type: ignore[assignment]
        records = _numbered(parquet(plain)) if binary else read_records(plain)
        shown = read_shown(records, told, report.counts, refused)
        while batch := list(islice(shown, AT_ONCE)):
            impressions = [one for one in batch if isinstance(one, Impression)]
            clicks = [one for one in batch if isinstance(one, Click)]
            with database.begin() as transaction:
                seen = recorder.impressions(transaction, impressions)
                entered = recorder.clicks(transaction, clicks)
                step("recorded")
            report.impressions += seen
            report.clicks += entered
    return report


def _numbered(rows: Iterator[Mapping[str, Any]]) -> Iterator[FileRecord]:
    for number, row in enumerate(rows, 1):
        yield FileRecord(f"row {number}", Fields(row), {})


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
