"""source → broker: reads batches, and has each confirmed before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.model.batch import Refused
from intent.ports.ingestion import Publisher, Source


@dataclass(slots=True)
class PublishReport:
    """What was published: counts of messages the broker has confirmed, and of payloads that are no
    messages and were not published.
    """

    published: int = 0
    refused: int = 0

    @property
    def refused_most(self) -> bool:
        """Whether more payloads were refused than published."""
        return self.refused > self.published


def publish(
    source: Source,
    publisher: Publisher,
    report: PublishReport,
    *,
    stop: Event,
    progress: Callable[[PublishReport], None] = lambda report: None,
    on_refused: Callable[[Refused], None] = lambda refused: None,
) -> None:
    """Publish all messages of a source, in order; leave between two batches when ``stop`` is set.

    Args:
        report: counts what the broker has confirmed, also when this raises.
        progress: told the counts after every batch.
        on_refused: told every payload that is no message.

    Raises:
        Later: the broker did not confirm; publishing the source again is harmless.
        OperatorError: only a person can mend it.
    """
    for batch in source.read():
        if batch.messages:
            publisher.publish(batch.messages)
        report.published += len(batch.messages)
        report.refused += len(batch.refused)
        for refused in batch.refused:
            on_refused(refused)
        progress(report)
        if stop.is_set():
            return
