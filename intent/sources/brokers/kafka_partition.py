"""What was read from a partition of Kafka, and how one that is ours is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from intent.sources.brokers.kafka_address import PartitionPosition
from intent.sources.brokers.kafka_client import Record


@dataclass(frozen=True, slots=True)
class PartitionChunk:
    """What was read from one partition.

    Attributes:
        after: where it is read on after this.
        missed: what retention took before it was read, in a sentence; None for nothing.
        since: when the last message before what was missed had been added, if that is known.
        lease: which assignment of the partition it was read under.
    """

    partition: int
    after: PartitionPosition
    records: Sequence[Record] = ()
    missed: str | None = None
    since: datetime | None = None
    lease: int = 0


@dataclass(slots=True)
class HeldPartition:
    """A partition that is ours.

    Attributes:
        next: where it is read on; None for its beginning.
        lease: a number that no other assignment has.
        stored: the offset to commit; None when there is none.
    """

    next: PartitionPosition | None
    lease: int
    stored: int | None = None


def position_after(record: Record) -> PartitionPosition:
    """Return where a partition is read on behind a record."""
    kind, milliseconds = record.timestamp()
    added = datetime.fromtimestamp(milliseconds / 1000, UTC) if kind and milliseconds > 0 else None
    return PartitionPosition((record.offset() or 0) + 1, added)
