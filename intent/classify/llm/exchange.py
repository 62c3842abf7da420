"""One question to the LLM server, whatever it takes: limits, breaker, ledger, and the only retries
that there are.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential

from intent.classify.llm.breaker import Breaker
from intent.classify.llm.limits import RateLimits
from intent.classify.llm.models import Model, cost
from intent.classify.llm.reply import is_reply
from intent.classify.llm.tokens import MESSAGE_TOKENS, estimate_tokens
from intent.model.attempt import Attempt, Outcome
from intent.model.completion import Completion, Request, Usage
from intent.model.errors import LlmForbidden, LlmUnavailable, Stopping
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

_FAILED = frozenset({Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.SERVER_ERROR, Outcome.INVALID})
_PAID = frozenset(
    {Outcome.ANSWERED, Outcome.TRUNCATED, Outcome.INVALID, Outcome.REFUSED, Outcome.TIMEOUT}
)
_REMEDIES = {
    Outcome.QUOTA: "the LLM server says that the quota is used up; raise it with the provider, "
    "then ask again",
    Outcome.AUTHENTICATION: "the LLM server refuses the key; set INTENT_LLM_API_KEY to one that "
    "may use the model, then ask again",
}


Allow = Callable[[int], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class About:
    """What a request is about, for the ledger; ``messages`` is how many it asks about."""

    run: str
    platform: str
    room_id: str
    prompt: str
    messages: int


@dataclass(frozen=True, slots=True)
class Patience:
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
        breaker: Breaker,
        *,
        patience: Patience,
        allow: Allow = lambda nanodollars: nullcontext(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        stop: Event | None = None,
    ) -> None:
        """Put together what one server needs.

        Args:
            allow: told before every call what it costs at most, in nanodollars; holds that until
                the call is booked, or raises BudgetSpent.
            stop: set from outside to leave instead of waiting.
        """
        self.model, self.clock = model, clock
        self._chat, self._ledger, self._limits, self._breaker = chat, ledger, limits, breaker
        self._patience, self._allow, self._stop = patience, allow, stop
        self._sleep = sleep if stop is None else stop.wait
        self._backoff = wait_random_exponential(multiplier=patience.pause, max=patience.pause_most)
        self._log = logger("llm")

    def with_model(self, chat: Chat, model: Model) -> Exchange:
        """Return an exchange that asks another model of the same server: limits, breaker, ledger
        and budget stay common.
        """
        other = copy.copy(self)
        other.model, other._chat = model, chat
        return other

    def ask(self, request: Request, about: About, deadline: float) -> Completion:
        """Return how the request ended: answered, or refused, filtered, truncated, invalid or a bad
        request, which asking again would not change.

        Args:
            deadline: the clock's time by which it must have ended.

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
        completion: Completion = retrying(self._attempt, request, about, deadline)
        if completion.outcome in _REMEDIES:
            raise LlmForbidden(f"{_REMEDIES[completion.outcome]} ({completion.reason})")
        if completion.outcome in PASSING:
            how = f"{completion.outcome.value} {completion.reason}".rstrip()
            # Whoever was sent away for coming too often waits, also when nobody said how long:
            # nothing is wrong with the request.
            least = (
                self._patience.pause_most if completion.outcome is Outcome.RATE_LIMITED else None
            )
            raise LlmUnavailable(
                f"the LLM server does not answer ({how})",
                wait=least if completion.wait is None else completion.wait,
            )
        return completion

    def book(
        self, request: str, about: About, completion: Completion, started: datetime, usage: Usage
    ) -> None:
        """Write an attempt into the ledger."""
        self._ledger.book(
            Attempt(
                request=request,
                run=about.run,
                platform=about.platform,
                room_id=about.room_id,
                prompt=about.prompt,
                model=self.model.id,
                messages=about.messages,
                outcome=completion.outcome,
                input_tokens=usage.input,
                cached_tokens=usage.cached,
                cache_write_tokens=usage.cache_write,
                output_tokens=usage.output,
                nanodollars=cost(self.model.prices, usage),
                latency=completion.latency,
                started=started,
            )
        )

    def _attempt(self, request: Request, about: About, deadline: float) -> Completion:
        expected = Usage(input=_input_tokens(request), output=request.max_tokens)
        with self._allow(cost(self.model.prices, expected)):
            return self._call(request, about, deadline, expected)

    def _call(self, request: Request, about: About, deadline: float, expected: Usage) -> Completion:
        probe = self._breaker.enter()
        completion: Completion | None = None
        try:
            granted = self._limits.reserve(expected.input + expected.output, deadline)
            timeout = min(self._patience.call, deadline - self.clock())
            if timeout <= 0:
                raise LlmUnavailable("the LLM server had no time left for this batch")
            started = datetime.now(UTC)
            completion = self._checked(self._chat.ask(request, timeout))
        finally:
            if completion is None:
                self._breaker.abandon(probe=probe)
        self._breaker.leave(
            probe=probe, failed=completion.outcome in _FAILED, latency=completion.latency
        )
        used = _used(completion, expected)
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
        self.book(request.digest, about, completion, started, used)
        return completion

    def _checked(self, completion: Completion) -> Completion:
        # An answer that is no reply must be booked, and counted by the breaker, as what it is.
        if completion.outcome is not Outcome.ANSWERED or is_reply(completion.text):
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
            state.attempt_number >= self._patience.attempts
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


def _again(completion: Completion) -> bool:
    return completion.adapted or completion.outcome in PASSING


def _result(state: RetryCallState) -> Completion:
    assert state.outcome is not None
    completion: Completion = state.outcome.result()
    return completion


def _last(state: RetryCallState) -> Completion:
    return _result(state)


def _used(completion: Completion, expected: Usage) -> Usage:
    """Return what a call is booked with: what the server counted, else what it probably was; a
    budget must not run over because nobody counted.
    """
    if completion.usage is None and completion.outcome not in _PAID:
        return Usage()
    said = completion.usage or Usage()
    written = estimate_tokens(completion.text) if completion.text else expected.output
    return replace(
        said,
        input=said.input or expected.input,
        output=said.output or (0 if said.input and not completion.text else written),
    )


def _input_tokens(request: Request) -> int:
    return sum(
        estimate_tokens(one["content"]) + MESSAGE_TOKENS for one in request.chat
    ) + estimate_tokens(str(dict(request.schema)))
