"""log of changes → receivers: read on for each hook, send what is ready, write down what it said.

::

    fan out  one transaction: the hook's position moves on, and what it asks for is on its way
    claim    up to as many as the hook has places; one short transaction
    look up  is it still mine, does the hook still ask for it? the lead as it stands now
    post     in a thread of its own; no transaction is open meanwhile
    finish   one transaction: is my claim still valid? → delivered, or again later, or dead

At least once, with the same id: whoever dies between post and finish leaves a claim whose lease
ends, and it is sent again. A hook has a few threads and a breaker of its own, so that one that is
slow or away delays no other; and nobody who decides leads waits for any of them, since all they do
is write a line into the log.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TypeVar

from intent.flow.flight import Flight
from intent.hooks.patience import ReceiverBreaker, TrySchedule
from intent.model.errors import IntentError, Later, OperatorError, Stopping
from intent.model.hook import Answered, Hook, HookDelivery, HookEvent
from intent.ports.pushing import Courier, HookDeliveries
from intent.retry import Repetition, retry_until_available
from intent.telemetry import logger

T = TypeVar("T")

GONE = 410
"""The status by which a receiver says that it wants nothing more (Standard Webhooks 1.0.0)."""


@dataclass(frozen=True, slots=True)
class DeliverPolicy:
    """How much at once, how patient; times in seconds.

    Attributes:
        threads: posts to one receiver at a time, at most.
        schedule: when a delivery that failed is tried again.
        idle: pause when nothing is ready.
        outage_delay_most: between tries while the database is away, at most.
        leave: how long leaving gives running posts; what runs then is sent again after its lease.
    """

    threads: int = 4
    schedule: TrySchedule = field(default_factory=TrySchedule)
    idle: float = 0.25
    outage_delay_most: float = 10.0
    leave: float = 5.0


@dataclass(slots=True)
class DeliverReport:
    """What a deliverer did: ``changes`` that were read, counts of posts by what came of them, and
    receivers that wanted nothing more.
    """

    changes: int = 0
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    untrue: int = 0
    ended: int = 0


class Deliverer:
    """Tells receivers of leads until it is told to stop, or until nothing is ready any more."""

    def __init__(
        self,
        deliveries: HookDeliveries,
        courier: Courier,
        *,
        policy: DeliverPolicy,
        stop: Event,
        step: Callable[[str], None] = lambda name: None,
        breaker: Callable[[], ReceiverBreaker] = ReceiverBreaker,
        progress: Callable[[DeliverReport], None] = lambda report: None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Wire it up.

        Args:
            step: told where we are, so that tests can end the process there.
            breaker: makes one for a hook.
            draw: returns a number from 0 to 1.
        """
        self._deliveries, self._courier = deliveries, courier
        self._policy, self._stop, self._step = policy, stop, step
        self._new_breaker, self._clock, self._draw = breaker, clock, draw
        self._progress, self._lock = progress, Lock()
        self._log, self._flight = logger("hooks"), Flight[HookDelivery]("delivering")
        self._breakers: dict[int, ReceiverBreaker] = {}
        self._said: dict[int, Repetition] = {}
        self._error: IntentError | None = None
        self.report = DeliverReport()

    def run(self, *, drain: bool = False) -> DeliverReport:
        """Deliver until told to stop; with ``drain`` until nothing can be sent now.

        Raises:
            OperatorError: the key is not the one that secrets were made with, or the database is
                not as it must be.
        """
        try:
            while not self._stop.is_set() and self._error is None:
                busy = self._round()
                if drain and not busy and not self._flight:
                    break
                if not busy:
                    self._flight.wait(self._policy.idle)
        except Stopping:
            self._log.warning("left while the database was away")
        finally:
            self._leave()
        if self._error is not None:
            raise self._error
        return self.report

    def _round(self) -> bool:
        """Do for every hook what can be done now; say whether there was anything."""
        busy = False
        for work in self._until_available(self._deliveries.work):
            if work.changes:
                busy |= self._read_on(work.hook)
            if work.due:
                busy |= self._send_some(work.hook)
        return busy

    def _read_on(self, hook: Hook) -> bool:
        read = self._until_available(lambda: self._deliveries.fan_out(hook))
        with self._lock:
            self.report.changes += read
        return read > 0

    def _send_some(self, hook: Hook) -> bool:
        flying = sum(1 for one in self._flight.left() if one.hook_id == hook.id)
        places = self._breaker_of(hook.id).places(self._policy.threads) - flying
        if places <= 0:
            return False
        taken = self._until_available(lambda: self._deliveries.take(hook, places))
        for one in taken:
            self._flight.launch([one], self._handle)
        return bool(taken)

    def _breaker_of(self, hook_id: int) -> ReceiverBreaker:
        with self._lock:
            return self._breakers.setdefault(hook_id, self._new_breaker())

    def _handle(self, deliveries: Sequence[HookDelivery]) -> None:
        for delivery in deliveries:
            try:
                self._deliver(delivery)
            except Stopping:
                self._log.info("left; it is sent again when its lease ends")
            except IntentError as error:
                self._error = error
            finally:
                self._progress(self.report)

    def _deliver(self, delivery: HookDelivery) -> None:
        telling = self._until_available(lambda: self._deliveries.look_up(delivery))
        if telling is None:
            self._until_available(lambda: self._deliveries.release(delivery))
            return
        sent = delivery
        if delivery.event is not HookEvent.GONE and not telling.is_true:
            gone = self._until_available(lambda: self._deliveries.untrue(delivery))
            with self._lock:
                self.report.untrue += 1
            if gone is None:
                return
            sent = gone
        try:
            answered = self._courier.tell(sent, telling)
        except OperatorError:
            self._until_available(lambda: self._deliveries.release(sent))
            raise
        # whatever one lead does to what is told of it, the others must be told
        except Exception as error:  # noqa: BLE001
            answered = Answered(None, f"could not be sent: {type(error).__name__}")
        self._step("posted")
        self._finish(telling.hook, sent, answered)

    def _finish(self, hook: Hook, delivery: HookDelivery, answered: Answered) -> None:
        if answered.accepted:
            self._breaker_of(hook.id).accepted()
            self._until_available(lambda: self._deliveries.delivered(delivery, answered))
            with self._lock:
                self.report.delivered += 1
                self._said.pop(hook.id, None)
            return
        if answered.status == GONE:
            self._until_available(lambda: self._deliveries.ended(delivery, answered))
            with self._lock:
                self.report.ended += 1
            self._log.warning("a receiver wants nothing more", hook=hook.name)
            return
        self._breaker_of(hook.id).failed(answered.wait)
        pause = self._policy.schedule.pause(delivery.attempts, answered.wait, self._draw)
        self._until_available(lambda: self._deliveries.failed(delivery, answered, pause))
        self._tell_failure(hook, delivery, answered, dead=pause is None)

    def _tell_failure(
        self, hook: Hook, delivery: HookDelivery, answered: Answered, *, dead: bool
    ) -> None:
        with self._lock:
            self.report.failed += 1
            self.report.dead += dead
            is_due = self._said.setdefault(hook.id, Repetition()).is_due()
        if dead:
            self._log.warning(
                "given up", hook=hook.name, webhook_id=delivery.webhook_id, error=answered.error
            )
        elif is_due:
            self._log.warning("a receiver fails", hook=hook.name, error=answered.error)

    def _leave(self) -> None:
        end = self._clock() + self._policy.leave
        while self._flight and self._clock() < end:
            self._flight.wait(self._policy.idle)
        if self._flight:
            self._log.info("left without waiting for running posts", posts=len(self._flight.left()))

    def _until_available(self, call: Callable[[], T]) -> T:
        def waiting(seconds: float, error: Later) -> None:
            self._log.warning("waiting", seconds=seconds, error=str(error))

        most = self._policy.outage_delay_most
        return retry_until_available(call, stop=self._stop, delay=0.2, most=most, waiting=waiting)
