"""queue → decision: take, decide, save, hand on what is unsure.

::

    claim   attempts += 1, a fresh token, a lease              one short transaction
    work    decide; no transaction is open meanwhile
    finish  one transaction: is my claim still valid? → insert the decision
            → feature deltas only for what was really inserted → ask-lane row if unsure
            → inbox row gone

Who is to blame decides what happens on trouble. The environment (database away, classifier broken,
shutdown) gives messages back as if they had never been taken. A message that cannot be decided
comes again alone, and becomes a dead letter after ``attempts`` tries. What a worker died of comes
again in halves, in turns with what is fresh, until the one to blame is alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from intent.flow.metered import WorkMeter
from intent.flow.proof import prove_that_it_works
from intent.model.batch import Delivery
from intent.model.decision import Decision, Entry
from intent.model.errors import ClassifierUnavailable, Later, Stopping
from intent.model.question import question_about
from intent.ports.asking import Lane
from intent.ports.deciding import Classifier, Decisions
from intent.ports.features import FeatureState
from intent.ports.ingestion import Inbox, Transactions
from intent.retry import retry_until_available
from intent.telemetry import logger

T = TypeVar("T")

Step = Callable[[str], None]
"""Told the name of each protocol step as it is passed; tests kill the process here."""


@dataclass(frozen=True, slots=True)
class WorkerPolicy:
    """How much at once, how patient.

    Attributes:
        batch_count: messages in a batch, at most.
        batch_bytes: bytes of text in a batch, at most; one message always fits.
        batch_age: seconds that a partial batch waits for more.
        idle_most: seconds between looks at an empty inbox, at most; they grow from ``batch_age``.
        attempts: how often a message is tried before it becomes a dead letter; a crash counts only
            while it was taken alone.
        retry_delay: seconds before the second try of a message; doubles with every further one.
        outage_delay: seconds before the second try after an outage; doubles up to
            ``outage_delay_most``.
    """

    batch_count: int = 256
    batch_bytes: int = 262_144
    batch_age: float = 0.05
    idle_most: float = 0.5
    attempts: int = 5
    retry_delay: float = 0.5
    outage_delay: float = 0.2
    outage_delay_most: float = 10.0


@dataclass(slots=True)
class WorkReport:
    """What a worker did: counts of messages."""

    decided: int = 0
    leads: int = 0
    from_cache: int = 0
    unsure: int = 0
    overtaken: int = 0
    retried: int = 0
    dead_lettered: int = 0
    outages: int = 0


class Worker:
    """Decides what waits in the inbox until it is told to stop, or until nothing waits
    (``drain``).
    """

    def __init__(
        self,
        inbox: Inbox,
        classifier: Classifier,
        transactions: Transactions,
        decisions: Decisions,
        features: FeatureState,
        lane: Lane,
        *,
        unsure: Callable[[Decision], bool],
        policy: WorkerPolicy,
        stop: Event,
        step: Step = lambda name: None,
        progress: Callable[[WorkReport], None] = lambda report: None,
        told: WorkMeter | None = None,
    ) -> None:
        self._inbox, self._classifier, self._transactions = inbox, classifier, transactions
        self._decisions, self._features, self._lane = decisions, features, lane
        self._unsure, self._policy, self._stop = unsure, policy, stop
        self._step, self._progress, self._told = step, progress, told or WorkMeter()
        self._log = logger("worker")
        self._waited_for = 0
        self.report = WorkReport()

    def run(self, *, drain: bool = False) -> WorkReport:
        """Work until told to stop, or with ``drain`` until nothing waits.

        Raises:
            ClassifierUnavailable: with ``drain`` only, when the classifier fails for every message;
                what was taken is given back.
        """
        self._log.info("working", batch_count=self._policy.batch_count, drain=drain)
        try:
            self._loop(drain)
        except Stopping:
            self._log.warning(
                "left during an outage; what was taken comes again when its lease ends"
            )
        self._log.info("left", **dataclasses.asdict(self.report))
        return self.report

    def _loop(self, drain: bool) -> None:
        idle = self._policy.batch_age
        while not self._stop.is_set():
            deliveries = self._retry_until_available(lambda: self._told.claiming(self._take))
            if deliveries:
                self._step("claimed")
                with self._told.batch(deliveries):
                    self._handle(deliveries, drain=drain)
                self._progress(self.report)
            if not deliveries and drain and self._is_drained():
                break
            if not deliveries:
                self._stop.wait(idle)
                idle = min(idle * 2, self._policy.idle_most)
                continue
            idle = self._policy.batch_age
            partial = len(deliveries) < self._policy.batch_count
            if partial and not drain and not deliveries[0].suspect:
                self._stop.wait(self._policy.batch_age)

    def _take(self) -> list[Delivery]:
        return self._inbox.take(self._policy.batch_count, self._policy.batch_bytes)

    def _is_drained(self) -> bool:
        waiting = self._retry_until_available(self._inbox.waiting)
        if waiting and waiting != self._waited_for:
            seconds = self._retry_until_available(self._inbox.due)
            self._log.info(
                "waiting for what somebody else has claimed or what is tried again later",
                messages=waiting,
                seconds=round(seconds or 0.0, 1),
            )
        self._waited_for = waiting
        return waiting == 0

    def _handle(self, deliveries: list[Delivery], *, drain: bool) -> None:
        suspect = deliveries[0]
        # Only claims alone are counted, so that these crashes are its own.
        if len(deliveries) == 1 and suspect.attempts > self._policy.attempts:
            self._dead_letter(
                suspect, f"its worker died {suspect.attempts - 1} times while it was decided alone"
            )
            return
        try:
            with self._told.deciding():
                decided = self._decide(deliveries)
        except Later as error:
            self._release(deliveries, error)
            if drain and isinstance(error, ClassifierUnavailable):
                raise
            self._stop.wait(
                self._policy.outage_delay_most
                if isinstance(error, ClassifierUnavailable)
                else self._policy.outage_delay
            )
            return
        self._step("decided")
        if decided:
            with self._told.finishing():
                self._retry_until_available(lambda: self._finish(decided))
            self._step("committed")

    def _decide(self, deliveries: list[Delivery]) -> list[tuple[Delivery, Decision]]:
        """Return decisions for the deliveries that can be decided; retry the others, or make dead
        letters of them.
        """
        culprits: list[tuple[Delivery, Exception]] = []
        decided = self._halving(deliveries, culprits)
        if culprits:
            prove_that_it_works(self._classifier, culprits[0][1])
        for delivery, error in culprits:
            self._blame(delivery, error)
        return decided

    def _halving(
        self, deliveries: list[Delivery], culprits: list[tuple[Delivery, Exception]]
    ) -> list[tuple[Delivery, Decision]]:
        try:
            answers = self._classifier.classify([delivery.message for delivery in deliveries])
        except Later:
            raise
        # whatever a message does to the classifier, the others of its batch must be decided
        except Exception as error:  # noqa: BLE001
            if len(deliveries) == 1:
                culprits.append((deliveries[0], error))
                return []
            half = len(deliveries) // 2
            return self._halving(deliveries[:half], culprits) + self._halving(
                deliveries[half:], culprits
            )
        return list(zip(deliveries, answers, strict=True))

    def _blame(self, delivery: Delivery, error: Exception) -> None:
        # The message's text may stand in the error's text: it goes into the dead letter, beside the
        # payload, and into no log.
        reason = f"cannot be decided: {type(error).__name__}: {error}"[:500]
        if delivery.attempts >= self._policy.attempts:
            self._dead_letter(delivery, reason)
            return
        delay = self._policy.retry_delay * 2 ** (delivery.attempts - 1)
        self._retry_until_available(lambda: self._inbox.retry([delivery], delay))
        self.report.retried += 1
        self._told.undecided("retried")
        self._log.warning(
            "message comes again",
            attempts=delivery.attempts,
            delay=delay,
            error=type(error).__name__,
        )

    def _dead_letter(self, delivery: Delivery, reason: str) -> None:
        if self._retry_until_available(lambda: self._inbox.dead_letter(delivery, reason)):
            self.report.dead_lettered += 1
            self._told.undecided("dead_lettered")
            self._log.error(
                "message became a dead letter",
                platform=delivery.message.platform,
                message_id=delivery.message.message_id,
                attempts=delivery.attempts,
            )

    def _finish(self, decided: Sequence[tuple[Delivery, Decision]]) -> None:
        # Tokens and revisions make a repeat harmless: if the commit got through and only its answer
        # was lost, nothing is held any more.
        answers = {delivery.receipt: self._marked(decision) for delivery, decision in decided}
        with self._transactions.begin() as transaction:
            held = self._inbox.done(transaction, [delivery for delivery, _ in decided])
            saved = self._decisions.save(
                transaction,
                [
                    Entry(delivery.message, answers[delivery.receipt], delivery.revision)
                    for delivery in held
                ],
            )
            self._step("saved")
            self._features.add(transaction, saved)
            unsure = [entry for entry in saved if entry.decision.degraded]
            self._lane.put(transaction, [question_about(entry) for entry in unsure])
            self._step("finishing")
        self._told.finished(len(decided), held, saved)
        self.report.overtaken += len(decided) - len(held)
        self.report.decided += len(saved)
        self.report.unsure += len(unsure)
        self.report.leads += sum(entry.is_lead for entry in saved)
        self.report.from_cache += sum(entry.decision.from_cache for entry in saved)

    def _marked(self, decision: Decision) -> Decision:
        return dataclasses.replace(decision, degraded=True) if self._unsure(decision) else decision

    def _release(self, deliveries: Sequence[Delivery], error: Later) -> None:
        self.report.outages += 1
        self._log.warning("given back", messages=len(deliveries), error=type(error).__name__)
        self._retry_until_available(lambda: self._inbox.release(deliveries))
        self._told.undecided("given_back", len(deliveries))

    def _retry_until_available(self, call: Callable[[], T]) -> T:
        def waiting(seconds: float, error: Later) -> None:
            self.report.outages += 1
            self._log.warning("waiting", seconds=seconds, error=str(error))

        return retry_until_available(
            call,
            stop=self._stop,
            delay=self._policy.outage_delay,
            most=self._policy.outage_delay_most,
            waiting=waiting,
        )
