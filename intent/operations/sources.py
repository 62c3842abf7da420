"""What is known of every source: where it stands, when it was blind, whether it runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from intent.model.batch import Gap
from intent.model.listening import ListenedSource, SourceState
from intent.store.engine import Database
from intent.store.listened import SourceRecords, read_newest_gaps, read_source_records

SEEN_WITHIN = timedelta(seconds=30)
"""A process that listens says so every five seconds; after so long it is gone."""

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KnownSource:
    """What is known of a source; None where nobody listens by that name and only its position is
    known.

    Attributes:
        running: whether a process listens to it right now.
        position: where it stands, in its own words.
        stored_at: when that was stored.
        gaps: all stretches in which it was blind.
        blind: how many of them last.
        observed: the share of the last hour (or of the time since it was first listened to) that
            was observed in the room that was seen worst; time without a process counts as blind.
    """

    source: str
    listened: ListenedSource | None
    running: bool
    position: str | None
    stored_at: datetime | None
    gaps: int
    blind: int
    observed: float | None


def read_sources(database: Database) -> list[KnownSource]:
    """Return what is known of every source, by name.

    Raises:
        StoreUnavailable: the database is away.
    """
    records = read_source_records(database, WINDOW)
    names = sorted({*records.listened, *records.positions})
    return [_known(name, records) for name in names]


def read_gaps(database: Database, *, limit: int = 20) -> list[Gap]:
    """Return gaps: those that last, then the newest.

    Raises:
        StoreUnavailable: the database is away.
    """
    return read_newest_gaps(database, limit)


def _known(name: str, records: SourceRecords) -> KnownSource:
    listened = records.listened.get(name)
    position, stored_at = records.positions.get(name, (None, None))
    gaps, blind = records.gaps.get(name, (0, 0))
    recent = [gap for gap in records.recent if gap.source == name]
    return KnownSource(
        source=name,
        listened=listened,
        running=listened is not None and _runs(listened, records.now),
        position=position,
        stored_at=stored_at,
        gaps=gaps,
        blind=blind,
        observed=observed_share(listened, recent, records.now) if listened else None,
    )


def _runs(listened: ListenedSource, now: datetime) -> bool:
    return listened.state.is_alive and now - listened.seen_at < SEEN_WITHIN


def observed_share(listened: ListenedSource, gaps: Sequence[Gap], now: datetime) -> float | None:
    """Return the share of the last hour in which a source saw the room that it saw worst.

    Args:
        gaps: those of the source that reach into that hour.
        now: the database's clock.
    """
    since = max(now - WINDOW, listened.first_at)
    whole = (now - since).total_seconds()
    if whole <= 0:
        return None
    away_since = _away_since(listened, now)
    away = [] if away_since is None else [(away_since, now)]
    rooms = groupby(
        sorted(gaps, key=lambda gap: (gap.platform, gap.room_id)),
        key=lambda gap: (gap.platform, gap.room_id),
    )
    blind = [[*away, *((gap.since, gap.until or now) for gap in of_room)] for _, of_room in rooms]
    worst = max(_covered(stretches, since, now) for stretches in (blind or [away]))
    return 1.0 - worst / whole


def _away_since(listened: ListenedSource, now: datetime) -> datetime | None:
    """Return since when a source reads nothing; None where it reads, or nothing more comes."""
    if listened.state is SourceState.ENDED:
        return None
    if listened.state is SourceState.READING and _runs(listened, now):
        return None
    if listened.state in {SourceState.FAILED, SourceState.WAITING}:
        return min(listened.error_at or listened.seen_at, listened.seen_at)
    return listened.seen_at


def _covered(
    stretches: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime
) -> float:
    """Return the seconds between two instants that stretches cover together."""
    seconds, reached = 0.0, since
    for begin, end in sorted(stretches):
        begin, end = max(begin, reached), min(end, until)
        if end > begin:
            seconds += (end - begin).total_seconds()
            reached = end
    return seconds
