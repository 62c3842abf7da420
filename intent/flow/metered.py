"""Tells a meter and a tracer what a worker does with each batch, and what became of what is put."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from intent.model import process_instruments as told
from intent.model.batch import Accepted, Batch, Delivery
from intent.model.decision import Entry
from intent.model.instruments import Instrument
from intent.ports.metering import UNMETERED, UNTRACED, Meter, Tracer


@dataclass(frozen=True, slots=True)
class Watches:
    """Clocks: monotonic seconds, the time of day, and nanoseconds since 1970."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    nanoseconds: Callable[[], int] = time.time_ns


class WorkMeter:
    """What a worker tells; used by its one thread."""

    def __init__(
        self,
        meter: Meter = UNMETERED,
        tracer: Tracer = UNTRACED,
        watches: Watches = Watches(),
    ) -> None:
        self._meter, self._tracer, self._watches = meter, tracer, watches
        self._claimed_at, self._began = 0.0, 0

    def claiming(self, take: Callable[[], list[Delivery]]) -> list[Delivery]:
        """Claim a batch."""
        began, started = self._watches.nanoseconds(), self._watches.monotonic()
        deliveries = take()
        if deliveries:
            self._claimed_at, self._began = self._watches.monotonic(), began
            self._meter.observe(told.CLAIM, [self._claimed_at - started])
        return deliveries

    @contextmanager
    def batch(self, deliveries: Sequence[Delivery]) -> Iterator[None]:
        """Spend the block on a batch that was claimed; its span begins with the claim."""
        self._meter.observe(told.BATCH, [len(deliveries)])
        links = dict.fromkeys(one.traceparent for one in deliveries if one.traceparent)
        size = {"messaging.batch.message_count": len(deliveries)}
        with self._tracer.span("batch", size, links=list(links), started=self._began):
            with self._tracer.span("claim", started=self._began):
                pass
            yield

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Decide within the block."""
        with self._timed("decide", told.DECIDE):
            yield

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Store decisions within the block, however often it is tried."""
        with self._timed("finish", told.FINISH):
            yield

    def finished(self, decided: int, held: Sequence[Delivery], saved: Sequence[Entry]) -> None:
        """Note what was stored: of so many that were decided, those still held, and of these what
        was really inserted.
        """
        meter, now = self._meter, self._watches.now()
        since_claim = self._watches.monotonic() - self._claimed_at
        said = (now - entry.message.sent_at for entry in saved)
        meter.observe(told.SAID_TO_DECIDED, (max(lag.total_seconds(), 0.0) for lag in said))
        waited = (one.waited + since_claim for one in held if one.waited is not None)
        meter.observe(told.ACCEPTED_TO_DECIDED, waited)
        count_decided(meter, saved)
        meter.count(told.FROM_CACHE, sum(entry.decision.from_cache for entry in saved))
        self.undecided("overtaken", decided - len(held))

    def undecided(self, result: str, messages: int = 1) -> None:
        """Count messages that this claim did not decide."""
        if messages:
            self._meter.count(told.UNDECIDED, messages, result)

    @contextmanager
    def _timed(self, span: str, instrument: Instrument) -> Iterator[None]:
        started = self._watches.monotonic()
        with self._tracer.span(span):
            yield
        self._meter.observe(instrument, [self._watches.monotonic() - started])


def count_decided(meter: Meter, saved: Sequence[Entry]) -> None:
    """Count decisions that were stored, and the leads among them, by who decided."""
    deciders = Counter((entry.decision.decided_by, entry.is_lead) for entry in saved)
    for (decided_by, is_lead), count in deciders.items():
        meter.count(told.DECIDED, count, decided_by.value)
        if is_lead:
            meter.count(told.LEADS, count, decided_by.value)


def tell_of_puts(
    meter: Meter, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Callable[[Batch, Accepted], None]:
    """Return what tells of a batch that was put, and what became of it."""

    def tell(batch: Batch, accepted: Accepted) -> None:
        for result in told.ACCEPTED.labels["result"]:
            count = getattr(accepted, result)
            if count:
                meter.count(told.ACCEPTED, count, result)
        by = now()
        lags = ((by - message.sent_at).total_seconds() for message in batch.messages)
        meter.observe(told.SAID_TO_STORED, (max(lag, 0.0) for lag in lags))

    return tell
