"""Decides when the LLM server is asked next (Nygard, *Release It!*, circuit breaker); implements
``Breaker``.

Who decides what about asking:

- The **breaker**, one a process, decides whether a call may be made, and how many at a time. It
  lets none through while the server fails or drags, while nearly nothing of what it says can be
  used, and for as long as an error names: a wait that outlasts its batch, spent money, a key or
  quota that is refused. Then it tries one call at a time, and lets all go on after a few good ones.
- The **limits** decide at which instant a call that may be made is sent: so many requests and
  tokens a minute, and not before a short wait that the server asked for.
- The **budget** decides whether a call may be paid.
- The **one retry loop**, of the exchange, decides whether the same request is sent again before the
  deadline of its batch.

Nobody else decides it. The asker takes a batch when the breaker has a place for it; what comes back
goes behind the other batches of the lane, since it may be what the server dies of.

That a reply cannot be used may be its message's fault. So it is no failure of the server: half of
them may be unreadable, in an eval of a bad prompt as in a room full of attacks. Only when nearly
all of the last replies were useless is the server, or the prompt, to blame; shortly before that the
answerer asks about a harmless message, which settles it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from intent.model.errors import BudgetSpent, LlmForbidden, LlmUnavailable
from intent.telemetry import logger

NotNow = LlmUnavailable | BudgetSpent | LlmForbidden


class State(StrEnum):
    """Closed lets all through, open none, half-open a few probes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to stop and how to try again.

    Attributes:
        calls: how many of the latest calls are looked at.
        least: with fewer calls than this nothing is concluded.
        share: share of failed calls, or of slow ones, from which on the breaker opens.
        slow: seconds from which on a call is slow.
        useless: with fewer replies than this nothing is concluded from what they say.
        useless_share: share of useless replies from which on the breaker opens.
        pause: seconds before the first probe; doubles with every probe that fails, up to
            ``pause_most``. Spent money is looked at again after ``pause_most``, too.
        forbidden: seconds before the first probe after key or quota were refused; doubles up to
            ``forbidden_most``.
        probes: calls let through at a time while half-open.
        needed: probes that must succeed, one after the other, before all go on.
    """

    calls: int = 20
    least: int = 5
    share: float = 0.5
    slow: float = 15.0
    useless: int = 10
    useless_share: float = 0.95
    pause: float = 2.0
    pause_most: float = 60.0
    forbidden: float = 15.0
    forbidden_most: float = 300.0
    probes: int = 1
    needed: int = 2


class CallBreaker:
    """Watches the calls of one server; used by several threads at once."""

    def __init__(
        self,
        policy: BreakerPolicy,
        clock: Callable[[], float] = time.monotonic,
        *,
        changed: Callable[[State], None] = lambda state: None,
    ) -> None:
        """Start closed; ``clock`` returns seconds, ``changed`` is told of every new state."""
        self._policy, self._clock, self._lock, self._changed = policy, clock, Lock(), changed
        self._calls: deque[tuple[bool, bool]] = deque(maxlen=policy.calls)
        self._useless: deque[bool] = deque(maxlen=policy.calls)
        self._log = logger("llm")
        self._pause, self._forbidden = policy.pause, policy.forbidden
        self._until, self._probing, self._proved = 0.0, 0, 0
        self._cause: NotNow = LlmUnavailable("")
        self.state = State.CLOSED
        self.probes = 0
        """How many probes were let through so far."""

    def places(self, most: int) -> int:
        """Return how many batches may be asked at a time now, of at most ``most``: all, one, or
        none.
        """
        with self._lock:
            if self.state is State.CLOSED:
                return most
            return 0 if self.state is State.OPEN and self._clock() < self._until else 1

    def wait(self) -> float:
        """Return the seconds until there is a place; 0 while there is."""
        with self._lock:
            open_for = self._until - self._clock() if self.state is State.OPEN else 0.0
            return max(open_for, 0.0)

    @property
    def is_doubtful(self) -> bool:
        """Whether it is time to ask about a harmless message: the next replies decide."""
        with self._lock:
            enough = 2 * len(self._useless) >= self._policy.useless
            return enough and sum(self._useless) >= 0.85 * len(self._useless)

    def enter(self) -> bool:
        """Ask to make a call; every call that was let through must :meth:`leave`. True when it is a
        probe.

        Raises:
            LlmUnavailable, BudgetSpent, LlmForbidden: the breaker is open, for this cause; ``wait``
                says for how long at least.
        """
        with self._lock:
            now = self._clock()
            if self.state is State.OPEN and now >= self._until:
                self._change(State.HALF_OPEN)
                self._probing = self._proved = 0
            if self.state is State.CLOSED:
                return False
            if self.state is State.OPEN or self._probing >= self._policy.probes:
                raise _again(self._cause, max(self._until - now, self._policy.pause / 2))
            self._probing += 1
            self.probes += 1
            return True

    def leave(
        self, *, probe: bool, failed: bool, latency: float, useless: bool | None = None
    ) -> None:
        """Say how a call ended; a call that was let through before the breaker opened changes
        nothing any more.

        Args:
            failed: the server did not answer.
            latency: seconds.
            useless: nothing that it said could be used; None where it said nothing.
        """
        with self._lock:
            slow = latency >= self._policy.slow
            if probe:
                self._probed(bad=failed or slow or useless is True)
            elif self.state is State.CLOSED:
                self._calls.append((failed, slow))
                if useless is not None:
                    self._useless.append(useless)
                self._judge()

    def abandon(self, *, probe: bool) -> None:
        """Give back a permission that was not used."""
        with self._lock:
            if probe and self.state is State.HALF_OPEN:
                self._probing -= 1
                self.probes -= 1

    def hold(self, error: NotNow) -> None:
        """Let nobody through for as long as an error says: a wait that the server asked for, the
        time until there is money, or the pause before a refused key is tried again.
        """
        with self._lock:
            is_open = self.state is State.OPEN
            if is_open and isinstance(self._cause, LlmForbidden):
                return  # of the same moment as the last
            if isinstance(error, LlmForbidden):
                seconds = self._forbidden
                self._forbidden = min(2 * self._forbidden, self._policy.forbidden_most)
            elif isinstance(error, BudgetSpent):
                # Looked at again now and then: the operator may have raised the budget.
                seconds = min(error.wait, self._policy.pause_most)
            else:
                seconds = error.wait or 0.0
            if seconds > 0 and not (is_open and self._clock() + seconds <= self._until):
                self._open(seconds, error)

    def _probed(self, *, bad: bool) -> None:
        if self.state is not State.HALF_OPEN:
            return
        self._probing -= 1
        if bad:
            self._pause = min(self._pause * 2, self._policy.pause_most)
            self._open(self._pause, self._cause)
            return
        self._proved += 1
        self._forbidden = self._policy.forbidden
        if self._proved >= self._policy.needed:
            self._calls.clear()
            self._useless.clear()
            self._change(State.CLOSED)

    def _judge(self) -> None:
        calls, policy, cause = len(self._calls), self._policy, ""
        bad = max(sum(failed for failed, _ in self._calls), sum(slow for _, slow in self._calls))
        if calls >= policy.least and bad >= policy.share * calls:
            cause = "the LLM server failed too often and is left alone for a while"
        elif len(self._useless) >= policy.useless and sum(
            self._useless
        ) >= policy.useless_share * len(self._useless):
            cause = (
                "the LLM server answers, but nearly nothing that can be used; the debug log shows "
                "what it says, and intent prompts lint checks the prompt"
            )
        if cause:
            self._pause = policy.pause
            self._open(self._pause, LlmUnavailable(cause))

    def _open(self, seconds: float, cause: NotNow) -> None:
        self._until, self._cause = self._clock() + seconds, cause
        self._change(State.OPEN, seconds)

    def _change(self, state: State, seconds: float | None = None) -> None:
        self._log.warning("breaker", state=state.value, was=self.state.value, seconds=seconds)
        self.state = state
        self._changed(state)


def _again(cause: NotNow, wait: float) -> NotNow:
    """Return the cause as an error of now."""
    if isinstance(cause, LlmForbidden):
        return LlmForbidden(str(cause))
    return type(cause)(str(cause), wait=wait)
