"""ask lane → better decision: take a room's worth, ask, save.

::

    claim   up to 20 questions of one room, or what has gathered in 2 s     one short transaction
    ask     in a thread of its own; no transaction is open meanwhile
    finish  one transaction: is my claim still valid? → insert revision n + 1 only if n is current
            → feature deltas new − old for what was really inserted → lane row gone

When the LLM is asked, and by how many at a time, is decided by the breaker alone (see
``intent/classify/llm/breaker.py``). Who is to blame decides what happens on trouble. While the LLM
is away, out of budget, or forbidden, questions go back into the lane as if they had never been
taken, behind the others, and the local decisions stand. A batch that fails while others are
answered is asked again message by message, and what fails ``attempts`` times keeps its local
decision.

Leaving sends nothing more. It gives the replies of running calls ``leave`` seconds, and uses them;
what is running then is booked at what it may cost, and its questions are given back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import TypeVar

from intent.flow.asking import AskPolicy, AskReport
from intent.flow.flight import Flight
from intent.flow.metered import count_decided
from intent.flow.trouble import Trouble
from intent.model.errors import (
    BudgetSpent,
    IntentError,
    Later,
    LlmForbidden,
    LlmUnavailable,
    OperatorError,
    Stopping,
    TemplateError,
)
from intent.model.process_instruments import QUESTIONS
from intent.model.question import Answer, Claim
from intent.ports.asking import Answerer, Breaker, History, Lane
from intent.ports.deciding import Revisions
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transactions
from intent.ports.metering import UNMETERED, UNTRACED, Meter, Tracer
from intent.retry import retry_until_available
from intent.telemetry import logger

T = TypeVar("T")


class Asker:
    """Asks what waits in the lane until it is told to stop, or until nothing waits (``empty``)."""

    def __init__(
        self,
        lane: Lane,
        history: History,
        answerers: Callable[[str], Answerer],
        transactions: Transactions,
        decisions: Revisions,
        features: FeatureState,
        breaker: Breaker,
        *,
        policy: AskPolicy,
        stop: Event,
        step: Callable[[str], None] = lambda name: None,
        tend: Callable[[], object] = lambda: None,
        abandon: Callable[[], int] = lambda: 0,
        flight: Flight[Claim] | None = None,
        progress: Callable[[AskReport], None] = lambda report: None,
        clock: Callable[[], float] = time.monotonic,
        meter: Meter = UNMETERED,
        tracer: Tracer = UNTRACED,
    ) -> None:
        """Wire it up.

        Args:
            answerers: returns who answers for a run, by the run's name.
            tend: called now and then, to clear away what is old.
            abandon: books the calls whose replies nobody will wait for, and returns how many.
            flight: where batches are asked; None for a new one.
        """
        self._lane, self._history, self._answerers = lane, history, answerers
        self._transactions, self._decisions, self._features = transactions, decisions, features
        self._policy, self._stop, self._clock = policy, stop, clock
        self._step, self._progress, self._tidy = step, progress, tend
        self._meter, self._tracer, self._log, self._lock = meter, tracer, logger("asker"), Lock()
        self._flight = Flight() if flight is None else flight
        self._breaker, self._abandon, self._trouble = breaker, abandon, Trouble(clock)
        self._insists = False
        self._ended: IntentError | None = None
        self._empty: Event | None = None
        self._tended = clock()
        self.report = AskReport()

    def run(self, *, empty: Event | None = None, insists: bool = False) -> AskReport:
        """Ask until told to stop, or once ``empty`` is set until nothing waits any more.

        Args:
            insists: a key that was refused before anything was answered ends the run; else it is
                tried again now and then, since the operator may mend it.

        Raises:
            LlmForbidden: key, quota or request are refused, and we insist, or ``empty`` is set.
            LlmUnavailable: with ``empty`` only: the LLM stays away. BudgetSpent: with ``empty``
                only.
        """
        self._empty, self._insists = empty, insists
        try:
            self._loop()
        except Stopping:
            self._log.warning(
                "left during an outage; what was taken comes again when its lease ends"
            )
        finally:
            self._leave()
        if self._ended is not None:
            raise self._ended
        return self.report

    def _loop(self) -> None:
        while not self._stop.is_set() and self._ended is None:
            if self._take():
                continue
            if self._empty is not None and self._empty.is_set():
                if not self._flight and self._retry_until_available(self._lane.waiting) == 0:
                    return
                self._ended = self._ended or self._hopeless()
            self._tend()
            self._flight.wait(self._policy.idle)

    def _hopeless(self) -> IntentError | None:
        """Return why the lane will not be empty soon, if there is a reason."""
        if self._retry_until_available(self._lane.paused) is not None:
            return OperatorError("the lane is paused; it goes on after: intent lane resume")
        return self._trouble.hopeless(self._policy.drain_patience)

    def _take(self) -> bool:
        """Begin to ask about the next batch, if the breaker has a place for it."""
        if len(self._flight) >= self._breaker.places(self._policy.threads):
            return False
        claims = self._retry_until_available(
            lambda: self._lane.take(self._policy.batch_count, self._policy.gather)
        )
        if claims:
            self._step("claimed")
            self._flight.launch(claims, self._handle)
        return bool(claims)

    def _handle(self, claims: Sequence[Claim]) -> None:
        try:
            with self._tracer.span("ask", {"messaging.batch.message_count": len(claims)}):
                self._ask(claims)
        except Stopping:
            self._give_back(claims)
        finally:
            self._progress(self.report)

    def _ask(self, claims: Sequence[Claim]) -> None:
        started = self._clock()
        run = claims[0].question.run
        try:
            before = self._history.before([claim.message for claim in claims])
            answers = self._answerers(run).answer(claims, before)
        except LlmForbidden as error:
            self._forbidden(claims, error)
        except (OperatorError, TemplateError) as error:
            self._release(
                claims, self._policy.outage_delay_most, error
            )  # this run cannot be asked; the others can
            draining = self._empty is not None and self._empty.is_set()
            self._ended = error if draining else self._ended
        except BudgetSpent as error:
            self._release(claims, 0.0, error)  # the breaker holds all of them meanwhile
        except LlmUnavailable as error:
            self._unavailable(claims, error, started)
        except Later as error:
            self._release(claims, self._policy.retry_delay, error)
        # whatever a text does to rendering or parsing, the others of its room must be asked
        except Exception as error:  # noqa: BLE001
            self._blame(claims, error)
        else:
            self._step("answered")
            self._trouble.over()
            self._retry_until_available(lambda: self._finish(claims, answers))
            self._step("answer_committed")

    def _finish(self, claims: Sequence[Claim], answers: Sequence[Answer]) -> None:
        # Tokens and revisions make a repeat harmless, as in the worker.
        with self._transactions.begin() as transaction:
            held = {claim.receipt for claim in self._lane.done(transaction, claims)}
            useful = [
                answer
                for answer in answers
                if answer.claim.receipt in held and answer.decision is not None
            ]
            saved = self._decisions.save(transaction, self._decisions.follow(transaction, useful))
            self._step("answer_saved")
            self._features.add(transaction, [entry for entry in saved if entry.visible])
            self._step("answer_finishing")
        with self._lock:
            became = self.report.finished(answers, len(saved))
        for result, count in became.items():
            self._meter.count(QUESTIONS, count, result)
        count_decided(self._meter, saved)

    def _unavailable(self, claims: Sequence[Claim], error: LlmUnavailable, started: float) -> None:
        if error.wait is None and self._trouble.last_answer > started:
            self._blame(claims, error)  # the others are answered meanwhile
            return
        with self._lock:
            self.report.failures += 1
        # Behind the others: this batch may be what the server dies of.
        self._release(claims, self._breaker.wait() + self._policy.retry_delay, error)

    def _blame(self, claims: Sequence[Claim], error: Exception) -> None:
        if len(claims) == 1 and claims[0].attempts >= self._policy.attempts:
            self._give_up(claims)
            return
        self._retry_until_available(lambda: self._lane.retry(claims, self._policy.retry_delay))
        with self._lock:
            self.report.retried += len(claims)
        self._log.warning(
            "asked again one by one", questions=len(claims), error=type(error).__name__
        )

    def _give_up(self, claims: Sequence[Claim]) -> None:
        self._retry_until_available(lambda: self._finish(claims, []))
        with self._lock:
            self.report.given_up += len(claims)
        self._log.warning(
            "local decision stays", questions=len(claims), attempts=claims[0].attempts
        )

    def _forbidden(self, claims: Sequence[Claim], error: LlmForbidden) -> None:
        if self._insists and self._trouble.last_answer == float("-inf"):
            self._ended = error
        self._release(claims, self._breaker.wait(), error)

    def _release(self, claims: Sequence[Claim], delay: float, error: IntentError) -> None:
        if self._trouble.is_news(error):
            self._log.warning(
                "questions stay in the lane", seconds=round(delay, 1), error=str(error)
            )
        self._retry_until_available(lambda: self._lane.release(claims, delay))

    def _give_back(self, claims: Sequence[Claim]) -> None:
        try:
            self._lane.release(claims)
        except Later as error:
            self._log.warning(
                "left; questions come again when their lease ends",
                questions=len(claims),
                error=str(error),
            )

    def _tend(self) -> None:
        if self._clock() - self._tended < self._policy.tend_every:
            return
        self._tended = self._clock()
        self._retry_until_available(self._tidy)
        dropped = self._retry_until_available(lambda: self._lane.expire(self._policy.live_age))
        if dropped:
            self._meter.count(QUESTIONS, dropped, "dropped")
            with self._lock:
                self.report.dropped += dropped
            self._log.warning(
                "questions dropped: too old to matter",
                questions=dropped,
                seconds=self._policy.live_age,
            )

    def _leave(self) -> None:
        end = self._clock() + self._policy.leave
        while self._flight and self._clock() < end:
            self._flight.wait(self._policy.idle)
        left = self._flight.left()
        if left:
            self._log.info("left without waiting for running calls", questions=len(left))
            self._book_running()
            self._give_back(left)

    def _book_running(self) -> None:
        try:
            self._abandon()
        except Later as error:
            self._log.warning("running calls are in no ledger", error=str(error))

    def _retry_until_available(self, call: Callable[[], T]) -> T:
        def waiting(seconds: float, error: Later) -> None:
            self._log.warning("waiting", seconds=seconds, error=str(error))

        return retry_until_available(
            call, stop=self._stop, delay=0.2, most=self._policy.outage_delay_most, waiting=waiting
        )
