"""One question to the LLM server, whatever it takes: limits, breaker, ledger, and the only retries
that there are. Who decides what stands in :mod:`intent.classify.llm.breaker`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from threading import Event

from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential

from intent.classify.llm.books import About, Books, at_most, used_by
from intent.classify.llm.breaker import CallBreaker
from intent.classify.llm.limits import RateLimits
from intent.classify.llm.models import Model, cost
from intent.classify.llm.reply import is_reply
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Request
from intent.model.errors import BudgetSpent, LlmForbidden, LlmUnavailable, Stopping
from intent.ports.asking import Chat, Ledger
from intent.telemetry import logger

PASSING = frozenset(
    {Outcome.RATE_LIMITED, Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.SERVER_ERROR}
)
"""Fault that may pass by itself: the only outcomes after which the same request is sent again."""

SHOWN = 120
"""First characters of a reply of another shape, for the debug log: it may quote messages, whose
contact details were disguised before they were sent.
"""

_FAILED = frozenset({Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.SERVER_ERROR})
_SAID = frozenset({Outcome.ANSWERED, Outcome.INVALID, Outcome.TRUNCATED, Outcome.TOO_LONG})
"""Outcomes of which can be judged whether they were of use. A refusal or a filter is an answer:
about that message.
"""

_REMEDIES = {
    Outcome.QUOTA: "the LLM server says that the quota is used up; raise it with the provider, "
    "then ask again",
    Outcome.AUTHENTICATION: "the LLM server refuses the key; set INTENT_LLM_API_KEY to one that "
    "may use the model, then ask again",
}


Allow = Callable[[int], AbstractContextManager[None]]
Useful = Callable[[str], bool]
"""Told what was answered; says whether anything of it can be used."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long, how often.

    Attributes:
        call: seconds for one call.
        attempts: calls for one request, at most.
        pause: seconds before the second call, on average about half of it; doubles with every
            further one.
        pause_most: longest such pause in seconds; what the server asks for is waited, if the
            deadline allows it.
    """

    call: float = 20.0
    attempts: int = 4
    pause: float = 1.0
    pause_most: float = 10.0


class Exchange:
    """Sends requests to one server; used by several threads, and by every answerer of the process,
    since limits and breaker are the server's.
    """

    def __init__(
        self,
        chat: Chat,
        model: Model,
        ledger: Ledger,
        limits: RateLimits,
        breaker: CallBreaker,
        *,
        retries: RetryPolicy,
        allow: Allow = lambda nanodollars: nullcontext(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        stop: Event | None = None,
        shaped: Callable[[str], bool] = is_reply,
    ) -> None:
        """Put together what one server needs.

        Args:
            shaped: says of a text whether it has the shape that was asked for.
            allow: told before every call what it costs at most, in nanodollars; holds that until
                the call is booked, or raises BudgetSpent.
            stop: set from outside to leave: nothing more is sent, and nothing waited for.
        """
        self.model, self.clock, self.breaker = model, clock, breaker
        self.books = Books(ledger)
        self._chat, self._limits, self._shaped = chat, limits, shaped
        self._retries, self._allow, self._stop = retries, allow, stop
        self._sleep = sleep if stop is None else stop.wait
        self._backoff = wait_random_exponential(multiplier=retries.pause, max=retries.pause_most)
        self._log = logger("llm")

    def with_model(self, chat: Chat, model: Model) -> Exchange:
        """Return an exchange that asks another model of the same server: limits, breaker, ledger
        and budget stay common.
        """
        other = copy.copy(self)
        other.model, other._chat = model, chat
        return other

    def ask(
        self,
        request: Request,
        about: About,
        deadline: float,
        *,
        useful: Useful = lambda text: True,
    ) -> Completion:
        """Return how the request ended: answered, or refused, filtered, truncated, too long,
        invalid or a bad request, which asking again would not change.

        Args:
            deadline: the clock's time by which it must have ended.
            useful: says of an answer whether anything of it can be used.

        Raises:
            LlmUnavailable: passing trouble that did not pass in time; ``wait`` if the server said
                how long.
            LlmForbidden: quota or key are refused.
            BudgetSpent: the call would cost more than is left.
            Stopping: we were asked to leave.
        """
        retrying = Retrying(
            retry=retry_if_result(_again),
            wait=self._wait,
            stop=lambda state: self._is_enough(state, deadline),
            sleep=self._pause,
            before_sleep=self._note,
            retry_error_callback=_last,
        )
        completion: Completion = retrying(self._attempt, request, about, deadline, useful)
        error: LlmForbidden | LlmUnavailable
        if completion.outcome in _REMEDIES:
            error = LlmForbidden(f"{_REMEDIES[completion.outcome]} ({completion.reason})")
        elif completion.outcome in PASSING:
            how = f"{completion.outcome.value} {completion.reason}".rstrip()
            # Whoever was sent away for coming too often waits, also when nobody said how long:
            # nothing is wrong with the request.
            least = self._retries.pause_most if completion.outcome is Outcome.RATE_LIMITED else None
            error = LlmUnavailable(
                f"the LLM server does not answer ({how})",
                wait=least if completion.wait is None else completion.wait,
            )
        else:
            return completion
        self.breaker.hold(error)
        raise error

    def _attempt(
        self, request: Request, about: About, deadline: float, useful: Useful
    ) -> Completion:
        if self._stop is not None and self._stop.is_set():
            raise Stopping("asked to leave before another call of the LLM server")
        probe = self.breaker.enter()
        completion: Completion | None = None
        try:
            completion = self._call(request, about, deadline)
        finally:
            if completion is None:
                self.breaker.abandon(probe=probe)
        if completion.outcome in _REMEDIES or completion.outcome is Outcome.RATE_LIMITED:
            self.breaker.abandon(probe=probe)  # says nothing of how the server is
        else:
            self.breaker.leave(
                probe=probe,
                failed=completion.outcome in _FAILED,
                latency=completion.latency,
                useless=_is_useless(completion, useful),
            )
        return completion

    def _call(self, request: Request, about: About, deadline: float) -> Completion:
        expected = at_most(request)
        with ExitStack() as held:
            try:
                held.enter_context(self._allow(cost(self.model.prices, expected)))
                granted = self._limits.reserve(expected.input + expected.output, deadline)
            except (BudgetSpent, LlmUnavailable) as error:
                self.breaker.hold(error)
                raise
            timeout = min(self._retries.call, deadline - self.clock())
            if timeout <= 0:
                raise LlmUnavailable("the LLM server had no time left for this batch")
            sent = self.books.open(self.model, request.digest, about, expected)
            completion = self._checked(self._chat.ask(request, timeout))
            used = used_by(completion, expected)
            # A reservation is never given back for a count that the server did not make.
            counted = completion.usage is not None and completion.usage.input > 0
            self._limits.reconcile(
                granted,
                used.input + used.output if counted else None,
                completion.requests,
                completion.tokens,
            )
            if completion.outcome is Outcome.RATE_LIMITED and completion.wait:
                self._limits.hold(completion.wait)
            self.books.close(sent, completion, used)
        return completion

    def _checked(self, completion: Completion) -> Completion:
        # An answer that is no reply must be booked, and counted by the breaker, as what it is.
        if completion.outcome is not Outcome.ANSWERED or self._shaped(completion.text):
            return completion
        self._log.warning(
            "the LLM answers, but not in the shape that was asked for; the debug log shows how"
        )
        self._log.debug("reply of another shape", begins=completion.text[:SHOWN])
        return replace(completion, outcome=Outcome.INVALID, reason="no reply")

    def _wait(self, state: RetryCallState) -> float:
        completion = _result(state)
        if completion.adapted:
            return 0.0
        pause = self._backoff(state)
        # Whoever was told the same time must not all come back at the same instant.
        return pause if completion.wait is None else completion.wait + min(pause, 1.0)

    def _is_enough(self, state: RetryCallState, deadline: float) -> bool:
        if _result(state).adapted:
            return False
        return (
            state.attempt_number >= self._retries.attempts
            or self.clock() + state.upcoming_sleep >= deadline
        )

    def _note(self, state: RetryCallState) -> None:
        completion = _result(state)
        seconds, outcome = round(state.upcoming_sleep, 2), completion.outcome.value
        self._log.info(
            "asking again",
            seconds=seconds,
            outcome=outcome,
            reason=completion.reason,
            adapted=completion.adapted,
        )

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds)
        if self._stop is not None and self._stop.is_set():
            raise Stopping("asked to leave while waiting for the LLM server")


def _is_useless(completion: Completion, useful: Useful) -> bool | None:
    if completion.outcome not in _SAID:
        return None if completion.outcome in PASSING else False
    return completion.outcome is not Outcome.ANSWERED or not useful(completion.text)


def _again(completion: Completion) -> bool:
    return completion.adapted or completion.outcome in PASSING


def _result(state: RetryCallState) -> Completion:
    assert state.outcome is not None
    completion: Completion = state.outcome.result()
    return completion


def _last(state: RetryCallState) -> Completion:
    return _result(state)
