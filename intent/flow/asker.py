"""ask lane → better decision: take a room's worth, ask, save.

::

    claim   up to 20 questions of one room, or what has gathered in 2 s     one short transaction
    ask     in a thread of its own; no transaction is open meanwhile
    finish  one transaction: is my claim still valid? → insert revision n + 1 only if n is current
            → feature deltas new − old for what was really inserted → lane row gone

Who is to blame decides what happens on trouble. While the LLM is away, out of budget, or forbidden,
questions go back into the lane as if they had never been taken, and the local decisions stand. A
batch that fails while others are answered is asked again message by message, and what fails
``attempts`` times keeps its local decision. Leaving never waits for a running call: its claims are
given back, and its answer changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TypeVar

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
from intent.model.question import Answer, Claim
from intent.ports.asking import Answerer, History, Lane
from intent.ports.deciding import Revisions
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transactions
from intent.retry import Weather, retry_until_available
from intent.telemetry import logger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AskPolicy:
    """How much at once, how patient; times in seconds.

    Attributes:
        batch_count: questions in a batch, at most.
        gather: how long a room gathers before it is asked with fewer.
        threads: calls at a time, at most.
        attempts: how often a question is tried before its local decision stays.
        retry_delay: before the second try of a question.
        outage_delay: before the LLM is tried again after a failure that names no time; doubles up
            to ``outage_delay_most``.
        live_age: a live question that has waited so long matters no more.
        idle: pause when nothing is ripe.
        tend_every: between looks for questions that matter no more.
        leave: how long leaving lets running calls come to their end.
        drain_patience: with ``empty`` set, an LLM that stays away for so long ends the run.
    """

    batch_count: int = 20
    gather: float = 2.0
    threads: int = 8
    attempts: int = 3
    retry_delay: float = 1.0
    outage_delay: float = 1.0
    outage_delay_most: float = 30.0
    live_age: float = 86_400.0
    idle: float = 0.25
    tend_every: float = 30.0
    leave: float = 1.0
    drain_patience: float = 60.0


@dataclass(slots=True)
class AskReport:
    """What an asker did: counts of questions; ``batches`` that were asked, and ``failures`` of them
    for which the LLM is to blame.
    """

    asked: int = 0
    improved: int = 0
    unanswered: int = 0
    overtaken: int = 0
    retried: int = 0
    given_up: int = 0
    dropped: int = 0
    batches: int = 0
    failures: int = 0


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
        *,
        policy: AskPolicy,
        stop: Event,
        step: Callable[[str], None] = lambda name: None,
        tend: Callable[[], object] = lambda: None,
        progress: Callable[[AskReport], None] = lambda report: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Wire it up; ``answerers`` returns who answers for a run, by the run's name; ``tend`` is
        called now and then, to clear away what is old.
        """
        self._lane, self._history, self._answerers, self._transactions = (
            lane,
            history,
            answerers,
            transactions,
        )
        self._decisions, self._features = decisions, features
        self._policy, self._stop, self._step, self._progress, self._tidy, self._clock = (
            policy,
            stop,
            step,
            progress,
            tend,
            clock,
        )
        self._log = logger("asker")
        self._lock = Lock()
        self._changed = Event()
        self._flight: dict[str, Sequence[Claim]] = {}
        self._weather = Weather(
            policy.threads, policy.outage_delay, policy.outage_delay_most, clock
        )
        self._ended: IntentError | None = None
        self._empty: Event | None = None
        self._tended = clock()
        self.report = AskReport()

    def run(self, *, empty: Event | None = None) -> AskReport:
        """Ask until told to stop, or once ``empty`` is set until nothing waits any more.

        Raises:
            LlmForbidden: key, quota or request are refused.
            LlmUnavailable: with ``empty`` only: the LLM stays away. BudgetSpent: with ``empty``
                only.
        """
        self._empty = empty
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

    def _draining(self) -> bool:
        return self._empty is not None and self._empty.is_set()

    def _loop(self) -> None:
        while not self._stop.is_set() and self._ended is None:
            if self._weather.may_take(len(self._flight)):
                claims = self._retry_until_available(
                    lambda: self._lane.take(self._policy.batch_count, self._policy.gather)
                )
                if claims:
                    self._launch(claims)
                    continue
                if (
                    self._draining()
                    and not self._flight
                    and self._retry_until_available(self._lane.waiting) == 0
                ):
                    return
            elif self._draining():
                self._ended = self._ended or self._weather.hopeless(self._policy.drain_patience)
            self._tend()
            self._changed.wait(self._policy.idle)
            self._changed.clear()

    def _launch(self, claims: Sequence[Claim]) -> None:
        self._step("claimed")
        with self._lock:
            self._flight[claims[0].token] = claims
        # A daemon: leaving must not wait for a call, and the interpreter would wait for any other
        # thread.
        Thread(target=self._handle, args=(claims,), name="asking", daemon=True).start()

    def _handle(self, claims: Sequence[Claim]) -> None:
        try:
            self._ask(claims)
        except Stopping:
            pass  # the lease gives them back
        finally:
            with self._lock:
                self._flight.pop(claims[0].token, None)
            self._progress(self.report)
            self._changed.set()

    def _ask(self, claims: Sequence[Claim]) -> None:
        if claims[0].attempts > self._policy.attempts:
            self._give_up(claims)
            return
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
            self._ended = error if self._draining() else self._ended
        except BudgetSpent as error:
            self._release(claims, self._weather.spent(error), error)
        except LlmUnavailable as error:
            self._unavailable(claims, error, started)
        except Later as error:
            self._release(claims, self._policy.outage_delay, error)
        # whatever a text does to rendering or parsing, the others of its room must be asked
        except Exception as error:  # noqa: BLE001
            self._blame(claims, error)
        else:
            self._step("answered")
            self._weather.answered()
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
            self.report.batches += 1
            self.report.asked += len(answers)
            self.report.improved += len(saved)
            self.report.unanswered += sum(answer.decision is None for answer in answers)
            self.report.overtaken += sum(answer.decision is not None for answer in answers) - len(
                saved
            )

    def _unavailable(self, claims: Sequence[Claim], error: LlmUnavailable, started: float) -> None:
        if error.wait is None and self._weather.last_answer > started:
            self._blame(claims, error)  # the others are answered meanwhile
            return
        with self._lock:
            self.report.failures += 1
        # Longer than the pause, so that the next try is made with another batch: this one may be
        # what the server dies of.
        self._release(claims, 2 * self._weather.failed(error) + self._policy.idle, error)

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
        self._ended = error
        self._log.error("asking stops until the operator has mended it", error=str(error))
        self._release(claims, 0.0, error)

    def _release(self, claims: Sequence[Claim], delay: float, error: IntentError) -> None:
        if self._weather.is_news(error):
            self._log.warning(
                "questions stay in the lane", seconds=round(delay, 1), error=str(error)
            )
        self._retry_until_available(lambda: self._lane.release(claims, delay))

    def _tend(self) -> None:
        if self._clock() - self._tended < self._policy.tend_every:
            return
        self._tended = self._clock()
        self._retry_until_available(self._tidy)
        dropped = self._retry_until_available(lambda: self._lane.expire(self._policy.live_age))
        if dropped:
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
            self._changed.wait(self._policy.idle)
            self._changed.clear()
        with self._lock:
            left = [claim for claims in self._flight.values() for claim in claims]
        if not left:
            return
        try:
            self._lane.release(left)
            self._log.info("left without waiting for running calls", questions=len(left))
        except Later as error:
            self._log.warning(
                "left; questions come again when their lease ends",
                questions=len(left),
                error=str(error),
            )

    def _retry_until_available(self, call: Callable[[], T]) -> T:
        def waiting(seconds: float, error: Later) -> None:
            self._log.warning("waiting", seconds=seconds, error=str(error))

        return retry_until_available(
            call, stop=self._stop, delay=0.2, most=self._policy.outage_delay_most, waiting=waiting
        )
