"""Puts for many callers at once: one thread, and one transaction for all that wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread

from intent.flow.together import PutAll, put_together
from intent.model.batch import Accepted, Batch
from intent.model.errors import Busy, Stopping


@dataclass(frozen=True, slots=True)
class JoinPolicy:
    """How much waits, and for how long.

    Attributes:
        gather: seconds that the first of those that wait waits for more.
        enough: messages and payloads that wait for no more: joining others would save little.
        together: messages and payloads in one transaction, about; a batch is never divided.
        waiting: batches that may wait, at most.
        waiting_bytes: what they may hold together, by what their callers say; one always may.
    """

    gather: float = 0.02
    enough: int = 50
    together: int = 500
    waiting: int = 2_000
    waiting_bytes: int = 16_777_216


@dataclass(frozen=True, slots=True)
class _Ticket:
    batch: Batch
    size: int
    future: Future[Accepted] = field(default_factory=Future)

    @property
    def payloads(self) -> int:
        return len(self.batch.messages) + len(self.batch.refused)


class JoinedPuts:
    """Takes batches of many callers, and answers each once its own is durable.

    What waits is bounded by count and bytes, and waits for nobody but the transaction before it. An
    outage is told at once to all that were in the transaction; they come again, or do not.
    """

    def __init__(
        self,
        put_all: PutAll,
        *,
        policy: JoinPolicy = JoinPolicy(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is put before :meth:`start`."""
        self._put_all, self._policy, self._clock = put_all, policy, clock
        self._waiting: deque[_Ticket] = deque()
        self._bytes = self._payloads = 0
        self._since = 0.0
        self._changed = Condition()
        self._leaving = False
        self._thread = Thread(target=self._run, name="puts", daemon=True)

    def start(self) -> None:
        """Begin to put."""
        self._thread.start()

    def trouble(self) -> str | None:
        """Return why nothing is put any more; None while all is well."""
        return None if self._thread.is_alive() else "the writer has ended"

    def submit(self, batch: Batch, size: int) -> Future[Accepted]:
        """Let a batch be put; return what will hold what became of it. Nobody waits here. A future
        that is cancelled before its turn is not put.

        The future may hold :class:`Later`: the database is away, or we were left meanwhile; the
        batch may be put again, whether or not it was stored.

        Args:
            size: bytes that it holds, about.

        Raises:
            Busy: too much waits already.
            Stopping: we are about to leave.
        """
        ticket = _Ticket(batch, size)
        with self._changed:
            if self._leaving:
                raise Stopping("the service is about to stop")
            is_full = self._bytes + size > self._policy.waiting_bytes
            if (is_full and self._waiting) or len(self._waiting) >= self._policy.waiting:
                raise Busy("more requests wait for the database than may wait", wait=1.0)
            is_first = not self._waiting
            if is_first:
                self._since = self._clock()
            self._add(ticket, 1)
            self._waiting.append(ticket)
            if is_first or self._is_enough():
                self._changed.notify()
        return ticket.future

    def leave(self, seconds: float) -> None:
        """Take no more, put what waits, and end; what is not put within so many seconds is told
        that we left.
        """
        with self._changed:
            self._leaving = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        with self._changed:
            left = [*self._waiting]
            self._waiting.clear()
        for ticket in left:
            if ticket.future.set_running_or_notify_cancel():
                ticket.future.set_exception(Stopping("the service has stopped"))

    def _run(self) -> None:
        while tickets := self._next():
            self._settle(tickets)

    def _next(self) -> list[_Ticket]:
        """Wait for what is to be put next, and return it; nothing when everything is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._leaving)
            by = self._since + self._policy.gather
            while not self._is_enough() and (rest := by - self._clock()) > 0:
                self._changed.wait(rest)
            tickets: list[_Ticket] = []
            payloads = 0
            while self._waiting and payloads < self._policy.together:
                tickets.append(self._waiting.popleft())
                self._add(tickets[-1], -1)
                payloads += tickets[-1].payloads
            # What is left has waited long enough already.
            return tickets

    def _is_enough(self) -> bool:
        return self._leaving or self._payloads >= self._policy.enough

    def _add(self, ticket: _Ticket, sign: int) -> None:
        self._bytes += sign * ticket.size
        self._payloads += sign * ticket.payloads

    def _settle(self, tickets: list[_Ticket]) -> None:
        asked = [one for one in tickets if one.future.set_running_or_notify_cancel()]
        outcomes = put_together(self._put_all, [one.batch for one in asked])
        for ticket, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                ticket.future.set_result(outcome)
            else:
                ticket.future.set_exception(outcome)
