"""source → queue: reads batches, and puts each into the inbox before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.model.batch import Batch, Refused
from intent.ports.ingestion import Inbox, Source


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
    """

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    refused_new: int = 0
    edited: int = 0
    conflicting: int = 0
    retracted: int = 0


def ingest(
    source: Source,
    inbox: Inbox,
    *,
    stop: Event,
    progress: Callable[[IngestReport], None] = lambda report: None,
    on_refused: Callable[[Refused], None] = lambda refused: None,
) -> IngestReport:
    """Read a source to its end, or until told to stop.

    Args:
        stop: set from outside to leave after the batch at hand.
        progress: told the counts so far after every batch.
        on_refused: told every payload that is no message.

    Raises:
        StoreUnavailable: the database did not take a batch; everything before it is stored, and a
            second ingest adds only the rest.
    """
    report = IngestReport()
    for batch in source.read():
        if batch:
            _put(inbox, batch, report)
            for refused in batch.refused:
                on_refused(refused)
            progress(report)
        if stop.is_set():
            break
    return report


def _put(inbox: Inbox, batch: Batch, report: IngestReport) -> None:
    accepted = inbox.put(batch)
    report.accepted += accepted.new
    report.repeated += accepted.repeated
    report.refused += len(batch.refused)
    report.refused_new += accepted.refused
    report.edited += accepted.edited
    report.conflicting += accepted.conflicting
    report.retracted += accepted.retracted
