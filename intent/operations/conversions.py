"""Reads conversions from files into the store, shows them, and writes them for ad platforms."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from intent.model.errors import WrongUse
from intent.model.outcomes import Conversion, ConversionEvent, ConversionLink
from intent.outcomes.conversion_export import (
    ConversionHistory,
    ExportCounts,
    ExportTold,
    export_text,
)
from intent.outcomes.files.conversion_formats import FileCounts, read_events
from intent.outcomes.files.file_records import RefusedRecord
from intent.outcomes.files.mapped_columns import ConversionMapping
from intent.outcomes.files.said_values import FileTold
from intent.outcomes.reading import (
    read_clock,
    read_conversion,
    read_conversions,
    read_linked_keys,
    read_links,
    read_revisions,
)
from intent.outcomes.recording import OutcomeRecorder, Recorded
from intent.sources.decoding import in_utf8
from intent.store.all_shards import reading_all
from intent.store.engine import Database

AT_ONCE = 500
"""Events in one transaction."""

_CHUNK = 1 << 16
_IN_MEMORY = 16 << 20


@dataclass(slots=True)
class ConversionIngest:
    """What became of a file.

    Attributes:
        events: what became of what it says.
        counts: its records, and why some said nothing.
    """

    events: Recorded = field(default_factory=Recorded)
    counts: FileCounts = field(default_factory=FileCounts)


@dataclass(frozen=True, slots=True)
class ShownConversion:
    """A conversion with what was said of it, when we knew, and its links; ``now`` is None where
    only changes came so far.
    """

    now: Conversion | None
    revisions: list[tuple[int, datetime, ConversionEvent]]
    links: list[ConversionLink]


def ingest_conversions(
    database: Database,
    recorder: OutcomeRecorder,
    stream: BinaryIO,
    name: str,
    told: FileTold,
    *,
    mapping: ConversionMapping | None = None,
    refused: Callable[[RefusedRecord], None] = lambda line: None,
    step: Callable[[str], None] = lambda name: None,
) -> ConversionIngest:
    """Read a file into the store, in transactions of :data:`AT_ONCE` events; once more it adds
    nothing, so that whatever interrupts it, the same call goes on.

    Args:
        name: one of :data:`intent.outcomes.files.conversion_formats.FORMATS`.
        step: is told ``recorded`` before each commit.

    Raises:
        WrongUse: there is no such format, or the file is none of it.
        StoreUnavailable: the database is away.
    """
    report = ConversionIngest()
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as plain:
        for chunk in in_utf8(iter(lambda: stream.read(_CHUNK), b"")):
            plain.write(chunk or b"")
        plain.seek(0)
        events = read_events(
            plain,  # type: ignore[arg-type]
            name,
            told,
            report.counts,
            mapping=mapping,
            refused=refused,
        )
        while batch := list(islice(events, AT_ONCE)):
            with database.begin() as transaction:
                recorded = recorder.conversions(transaction, batch)
                step("recorded")
            report.events += recorded
    return report


def list_conversions(
    database: Database,
    *,
    as_of: datetime | None = None,
    source: str | None = None,
    limit: int | None = None,
    others: Sequence[Database] = (),
) -> list[Conversion]:
    """Return conversions as they stood, the newest first; ``others`` are more shards."""
    with reading_all(database, others) as shards:
        found = [
            one for shard in shards for one in read_conversions(shard, as_of=as_of, source=source)
        ]
    found.sort(key=lambda one: (one.event_timestamp, one.conversion_id), reverse=True)
    return found[:limit]


def show_conversion(
    database: Database, conversion_id: str, others: Sequence[Database] = ()
) -> ShownConversion:
    """Return a conversion with its revisions and links; ``others`` are more shards, which have the
    links to their messages.

    Raises:
        WrongUse: there is none of this id.
    """
    with reading_all(database, others) as shards:
        has = [one for one in shards if read_revisions(one, conversion_id)]
        connection = (has or shards)[0]
        revisions = read_revisions(connection, conversion_id)
        if not revisions:
            raise WrongUse(
                f"there is no conversion {conversion_id!r}; see: intent conversions list"
            )
        links = [link for one in shards for link in read_links(one, conversion_id=conversion_id)]
        return ShownConversion(read_conversion(connection, conversion_id), revisions, links)


def export_conversions(
    database: Database,
    name: str,
    told: ExportTold,
    report: ExportCounts,
    *,
    as_of: datetime | None = None,
    source: str | None = None,
) -> Iterator[str]:
    """Yield the lines of an export, in one consistent view of the database.

    Raises:
        WrongUse: there is no such format.
    """
    with database.read() as connection:
        found = list(read_conversions(connection, as_of=as_of, source=source))
        histories = (
            ConversionHistory(
                one, [event for _, _, event in read_revisions(connection, one.conversion_id)]
            )
            for one in found
        )
        yield from export_text(name, histories, told, report)


def labelled_conversions(
    database: Database, as_of: datetime | None, others: Sequence[Database] = ()
) -> tuple[datetime, list[Conversion]]:
    """Return what was known of conversions, and when; those that do not say who bought, where, take
    that from a message that the run ``production`` has linked them to by then.
    """
    with reading_all(database, others) as shards:
        when = as_of or read_clock(shards[0])
        found = [one for shard in shards for one in read_conversions(shard, as_of=when)]
        named = read_linked_keys(shards, when)
    return when, [_named(one, named.get(one.conversion_id, {})) for one in found]


def _named(one: Conversion, linked: Mapping[str, str]) -> Conversion:
    return replace(
        one,
        platform=one.platform or linked.get("platform"),
        user_id=one.user_id or linked.get("user_id"),
        room_id=one.room_id or linked.get("room_id"),
        creator_id=one.creator_id or linked.get("creator_id"),
    )
