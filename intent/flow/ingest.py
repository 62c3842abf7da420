"""source → queue: reads messages, and puts them into the inbox in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.model.batch import Refused
from intent.model.message import Message
from intent.ports.ingestion import Inbox, Source


@dataclass(slots=True)
class IngestReport:
    """What was read: counts of messages and payloads.

    Attributes:
        accepted: messages that were new.
        repeated: messages that were known already.
        refused: payloads that are no messages; all are kept as dead letters.
        refused_new: those of them that were not known already.
    """

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    refused_new: int = 0


def ingest(
    source: Source,
    inbox: Inbox,
    *,
    batch: int = 500,
    stop: Event,
    progress: Callable[[IngestReport], None] = lambda report: None,
    on_refused: Callable[[Refused], None] = lambda refused: None,
) -> IngestReport:
    """Read a source to its end, or until told to stop.

    Args:
        batch: payloads put in one transaction, at most; a pause of the source puts what has
            gathered.
        stop: set from outside to leave after the batch at hand.
        progress: told the counts so far after every batch.
        on_refused: told every payload that is no message.

    Raises:
        StoreUnavailable: the database did not take a batch; everything before it is stored, and a
            second ingest adds only the rest.
    """
    report = IngestReport()
    messages: list[Message] = []
    refused: list[Refused] = []

    def put() -> None:
        if not messages and not refused:
            return
        result = inbox.put(messages, refused)
        report.accepted += result.new
        report.repeated += result.repeated
        report.refused += len(refused)
        report.refused_new += result.refused
        messages.clear()
        refused.clear()
        progress(report)

    for read in source.read():
        if isinstance(read, Message):
            messages.append(read)
        elif isinstance(read, Refused):
            on_refused(read)
            refused.append(read)
        if read is None or len(messages) + len(refused) >= batch:
            put()
        if stop.is_set():
            break
    put()
    return report
