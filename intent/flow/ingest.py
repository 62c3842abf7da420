"""source → queue: reads batches, and puts each into the inbox before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.model.batch import Batch, Refused
from intent.model.errors import Later, Stopping, StoreUnavailable
from intent.ports.ingestion import Inlet, Source, Spool
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
        erased: messages and payloads of people who were forgotten, dropped.
        outages: how often the database did not take a batch, and it was put again.
    """

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    refused_new: int = 0
    edited: int = 0
    conflicting: int = 0
    retracted: int = 0
    erased: int = 0
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
    inbox: Inlet,
    *,
    stop: Event,
    spool: Spool | None = None,
    policy: IngestPolicy = IngestPolicy(),
    progress: Callable[[IngestReport], None] = lambda report: None,
    on_refused: Callable[[Refused], None] = lambda refused: None,
) -> IngestReport:
    """Read a source to its end, or until told to stop; an outage of the database is waited out.

    With a spool, reading goes on meanwhile, and what was read waits there, in order; once it is
    full, or without one, nothing is read until the database is back: a file waits, and so does
    whoever writes into a pipe, once that is full.

    Args:
        stop: set from outside to leave when the source pauses or ends; sources that can end by
            themselves then hand over what they have read.
        progress: told the counts so far after every batch.
        on_refused: told every payload that is no message.

    Raises:
        Stopping: we were told to stop during an outage. What is not stored waits in the spool;
            without one, a second ingest of the source adds only the rest.
    """
    return _Ingest(inbox, spool, stop, policy, progress, on_refused).run(source)


class _Ingest:
    """One run over one source."""

    def __init__(
        self,
        inbox: Inlet,
        spool: Spool | None,
        stop: Event,
        policy: IngestPolicy,
        progress: Callable[[IngestReport], None],
        on_refused: Callable[[Refused], None],
    ) -> None:
        self._inbox, self._spool, self._stop, self._policy = inbox, spool, stop, policy
        self._progress, self._on_refused = progress, on_refused
        self._log, self._report = logger("ingest"), IngestReport()

    def run(self, source: Source) -> IngestReport:
        for batch in source.read():
            if batch:
                self._take(batch)
                for refused in batch.refused:
                    self._on_refused(refused)
                self._progress(self._report)
            elif self._stop.is_set():
                break
            elif self._spool is not None and self._spool.waiting:
                self._try_to_drain(self._spool)
        if self._spool is not None and self._spool.waiting:
            self._patiently(lambda: self._drain(self._spool))
        return self._report

    def _take(self, batch: Batch) -> None:
        spool = self._spool
        if spool is None:
            self._patiently(lambda: self._put(batch))
            return
        if spool.waiting:
            self._try_to_drain(spool)
        try:
            if not spool.waiting:
                self._put(batch)
                return
        except StoreUnavailable as error:
            self._note(0.0, error)
        try:
            self._patiently(lambda: self._keep(spool, batch))
        except Stopping:
            spool.append(batch, beyond=True)  # nobody can read it from the pipe again
            raise

    def _keep(self, spool: Spool, batch: Batch) -> None:
        try:
            spool.append(batch)
        except Later:
            self._drain(spool)  # no room: only an inbox that is back makes some
            self._put(batch)

    def _try_to_drain(self, spool: Spool) -> None:
        try:
            self._drain(spool)
        except StoreUnavailable as error:
            self._note(0.0, error)

    def _drain(self, spool: Spool | None) -> None:
        if spool is not None:
            spool.drain(self._put)

    def _put(self, batch: Batch) -> None:
        accepted = self._inbox.put(batch)
        self._report.accepted += accepted.new
        self._report.repeated += accepted.repeated
        self._report.refused += len(batch.refused)
        self._report.refused_new += accepted.refused
        self._report.edited += accepted.edited
        self._report.conflicting += accepted.conflicting
        self._report.retracted += accepted.retracted
        self._report.erased += accepted.erased

    def _patiently(self, call: Callable[[], None]) -> None:
        delay, most = self._policy.outage_delay, self._policy.outage_delay_most
        retry_until_available(call, stop=self._stop, delay=delay, most=most, waiting=self._note)

    def _note(self, seconds: float, error: Later) -> None:
        self._report.outages += 1
        self._log.warning("waiting", seconds=seconds, error=str(error))
        self._progress(self._report)
