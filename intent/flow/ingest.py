"""source → queue: reads batches, and puts each into the inbox before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.model.batch import Accepted, Batch, Refused
from intent.model.errors import Later, Stopping
from intent.ports.ingestion import Inbox, Source
from intent.retry import retry_until_available
from intent.telemetry import logger


@dataclass(slots=True)
class IngestReport:
    """What was read: counts of messages and payloads.

    Attributes:
        accepted: messages that were new.
        repeated: messages that were known already.
        refused: payloads that are no messages; all are kept as dead letters.
        refused_new: those of them that were not known already.
        edited: messages that were known with another text, and are decided again.
        conflicting: messages whose id is known from another room or author; all are kept as dead
            letters.
        retracted: messages that somebody took back.
        outages: how often the database did not take a batch, and it was put again.
    """

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    refused_new: int = 0
    edited: int = 0
    conflicting: int = 0
    retracted: int = 0
    outages: int = 0

    @property
    def refused_most(self) -> bool:
        """Whether more payloads were refused than read: it is probably another kind of file."""
        return self.refused > self.accepted + self.repeated + self.edited + self.conflicting


@dataclass(frozen=True, slots=True)
class IngestPolicy:
    """How patient; times in seconds.

    Attributes:
        outage_delay: before the second try to store a batch; doubles up to ``outage_delay_most``.
    """

    outage_delay: float = 0.2
    outage_delay_most: float = 10.0


def ingest(
    source: Source,
    inbox: Inbox,
    *,
    stop: Event,
    policy: IngestPolicy = IngestPolicy(),
    keep: Callable[[Batch], None] = lambda batch: None,
    progress: Callable[[IngestReport], None] = lambda report: None,
    on_refused: Callable[[Refused], None] = lambda refused: None,
) -> IngestReport:
    """Read a source to its end, or until told to stop; an outage of the database is waited out.

    Meanwhile nothing is read: a file waits, and so does whoever writes into a pipe, once it is
    full.

    Args:
        stop: set from outside to leave when the source pauses or ends; sources that can end by
            themselves then hand over what they have read.
        keep: told the batch at hand when we are told to stop during an outage: it was read, and is
            stored nowhere.
        progress: told the counts so far after every batch.
        on_refused: told every payload that is no message.

    Raises:
        Stopping: we were told to stop during an outage; everything before the batch at hand is
            stored, and a second ingest adds only the rest.
    """
    report, log = IngestReport(), logger("ingest")

    def waiting(seconds: float, error: Later) -> None:
        report.outages += 1
        log.warning("waiting", seconds=seconds, error=str(error))
        progress(report)

    def put(batch: Batch) -> Accepted:
        return retry_until_available(
            lambda: inbox.put(batch),
            stop=stop,
            delay=policy.outage_delay,
            most=policy.outage_delay_most,
            waiting=waiting,
        )

    for batch in source.read():
        if batch:
            try:
                _count(batch, put(batch), report)
            except Stopping:
                keep(batch)
                raise
            for refused in batch.refused:
                on_refused(refused)
            progress(report)
        elif stop.is_set():
            break
    return report


def _count(batch: Batch, accepted: Accepted, report: IngestReport) -> None:
    report.accepted += accepted.new
    report.repeated += accepted.repeated
    report.refused += len(batch.refused)
    report.refused_new += accepted.refused
    report.edited += accepted.edited
    report.conflicting += accepted.conflicting
    report.retracted += accepted.retracted
