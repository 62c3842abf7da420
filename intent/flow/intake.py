"""Stores what many sources hand over at once: one thread puts what has gathered, with one
connection, and what the database does not take in time waits in a spool on disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Thread

from intent.flow.together import PutAll, put_together
from intent.model.batch import Accepted, Batch
from intent.model.errors import Later, Stopping
from intent.ports.ingestion import Spool
from intent.retry import Repetition
from intent.telemetry import logger


@dataclass(frozen=True, slots=True)
class IntakePolicy:
    """How patient; times in seconds.

    Attributes:
        patience: that a source waits for the database; then its batch waits in the spool instead.
        outage_delay: before the spool is tried again; doubles up to ``outage_delay_most``.
        duty_every: between two rounds of what else the thread does.
        together: batches that are put in one transaction, at most.
    """

    patience: float = 2.0
    outage_delay: float = 0.2
    outage_delay_most: float = 10.0
    duty_every: float = 5.0
    together: int = 100


@dataclass(slots=True)
class _Ticket:
    """A batch that a source waits for."""

    batch: Batch
    settled: Event = field(default_factory=Event)
    stored: bool = False
    given_up: bool = False


class Intake:
    """Takes batches of many threads. What it has taken is durable: in the inbox, or in the spool,
    and then put in the order in which it came, before anything newer of that source.
    """

    def __init__(
        self,
        put_all: PutAll,
        spool: Spool,
        *,
        policy: IntakePolicy = IntakePolicy(),
        duty: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is put before :meth:`start`.

        Args:
            put_all: stores batches durably, or raises.
            duty: what the thread does besides, now and then and at the end; a :class:`Later` of it
                is tried again with the next round.
            clock: monotonic time in seconds.
        """
        self._put_all, self._spool, self._policy = put_all, spool, policy
        self._duty, self._clock = duty, clock
        self._tickets: SimpleQueue[_Ticket | None] = SimpleQueue()
        self._leave_by: float | None = None
        self._next_drain, self._delay = 0.0, policy.outage_delay
        self._next_duty = 0.0
        self._outage = Repetition()
        self._thread = Thread(target=self._run, name="intake", daemon=True)
        self._log = logger("listen")
        self.failed = Event()
        """Set when storing failed for a reason that waiting does not mend."""
        self.error: Exception | None = None
        """That reason."""

    def start(self) -> None:
        """Begin to put."""
        self._thread.start()

    @property
    def queued(self) -> int:
        """How many batches wait for their transaction."""
        return self._tickets.qsize()

    def store(self, batch: Batch, *, beyond: bool = False) -> None:
        """Return once a batch is durable.

        Args:
            beyond: it may go beyond the limit of the spool, because we leave.

        Raises:
            Later: the database is away and the spool is full: the batch is kept nowhere.
        """
        if not self._spool.waiting and not self.failed.is_set():
            ticket = _Ticket(batch)
            self._tickets.put(ticket)
            if ticket.settled.wait(self._policy.patience) and ticket.stored:
                return
            # It may be on its way all the same; to put it twice does no harm.
            ticket.given_up = True
        self._spool.append(batch, beyond=beyond)

    def leave(self, seconds: float) -> None:
        """Put what there is, and end; what is not put within so many seconds stays in the spool."""
        self._leave_by = self._clock() + seconds
        self._tickets.put(None)
        self._thread.join(seconds + self._policy.patience)

    def _run(self) -> None:
        try:
            while self._turn():
                self._do_duty()
            self._do_duty(at_once=True)
        # Whatever it is, sources go on into the spool until the one who started us looks here.
        except Exception as error:  # noqa: BLE001
            self.error = error
            self.failed.set()

    def _turn(self) -> bool:
        """Do what is due; False when everything is done."""
        self._settle(self._gathered())
        if self._spool.waiting and (self._leave_by or self._clock() >= self._next_drain):
            self._drain()
        if self._leave_by is None:
            return True
        is_over = self._clock() >= self._leave_by
        return not is_over and (self._spool.waiting or not self._tickets.empty())

    def _pause(self) -> float:
        due = self._next_duty
        if self._spool.waiting:
            due = min(due, self._next_drain)
        longest = self._delay if self._leave_by is not None else self._policy.duty_every
        return min(max(due - self._clock(), 0.001), longest)

    def _gathered(self) -> list[_Ticket]:
        """Return what sources wait for: what came while the last ones were put goes together."""
        found: list[_Ticket | None] = []
        try:
            found.append(self._tickets.get(timeout=self._pause()))
            while len(found) < self._policy.together:
                found.append(self._tickets.get_nowait())
        except Empty:
            pass
        return [ticket for ticket in found if ticket is not None and not ticket.given_up]

    def _settle(self, tickets: Sequence[_Ticket]) -> None:
        outcomes = put_together(self._put_all, [ticket.batch for ticket in tickets])
        broken: Exception | None = None
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            ticket.stored = isinstance(outcome, Accepted)
            ticket.settled.set()
            if isinstance(outcome, Exception) and not isinstance(outcome, Later):
                broken = outcome
        if broken is not None:
            raise broken
        later = [outcome for outcome in outcomes if isinstance(outcome, Later)]
        if later:
            self._wait(later[0])

    def _drain(self) -> None:
        try:
            self._spool.drain(self._put_again)
            self._delay = self._policy.outage_delay
            self._outage.reset()
            self._log.info("spool drained")
        except Stopping:
            pass
        except Later as error:
            self._wait(error)

    def _put_again(self, batch: Batch) -> None:
        if self._leave_by is not None and self._clock() >= self._leave_by:
            raise Stopping("asked to leave; the rest waits in the spool")
        self._put_all([batch])
        self._do_duty()

    def _wait(self, error: Later) -> None:
        say = self._log.warning if self._outage.is_due() else self._log.debug
        say("waiting", seconds=self._delay, error=str(error), times=self._outage.times)
        self._next_drain = self._clock() + self._delay
        self._delay = min(self._delay * 2, self._policy.outage_delay_most)
        if self._leave_by is not None:
            self._leave_by = self._clock()  # what waits is safe in the spool

    def _do_duty(self, *, at_once: bool = False) -> None:
        if self._clock() < self._next_duty and not at_once:
            return
        self._next_duty = self._clock() + self._policy.duty_every
        try:
            self._duty()
        except Later as error:
            self._log.debug("not told", error=str(error))
