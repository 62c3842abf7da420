"""Stops asking a server that fails or drags, and tries it again with a few probes before all go on
(Nygard, *Release It!*, circuit breaker).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from intent.model.errors import LlmUnavailable
from intent.telemetry import logger


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
        pause: seconds before the first probe; doubles with every probe that fails, up to
            ``pause_most``.
        probes: calls let through at a time while half-open.
        needed: probes that must succeed, one after the other, before all go on.
    """

    calls: int = 20
    least: int = 5
    share: float = 0.5
    slow: float = 15.0
    pause: float = 2.0
    pause_most: float = 60.0
    probes: int = 1
    needed: int = 2


class Breaker:
    """Watches the calls of one server; used by several threads at once."""

    def __init__(self, policy: BreakerPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed; ``clock`` returns seconds."""
        self._policy, self._clock, self._lock = policy, clock, Lock()
        self._calls: deque[tuple[bool, bool]] = deque(maxlen=policy.calls)
        self._log = logger("llm")
        self._pause, self._until, self._probing, self._proved = policy.pause, 0.0, 0, 0
        self.state = State.CLOSED
        self.probes = 0
        """How many probes were let through so far."""

    def enter(self) -> bool:
        """Ask to make a call; every call that was let through must :meth:`leave`. True when it is a
        probe.

        Raises:
            LlmUnavailable: the breaker is open; ``wait`` says for how long at least.
        """
        with self._lock:
            now = self._clock()
            if self.state is State.OPEN and now >= self._until:
                self._change(State.HALF_OPEN)
                self._probing = self._proved = 0
            if self.state is State.CLOSED:
                return False
            if self.state is State.OPEN or self._probing >= self._policy.probes:
                wait = max(self._until - now, self._policy.pause / 2)
                raise LlmUnavailable(
                    "the LLM server failed too often and is left alone for a while", wait=wait
                )
            self._probing += 1
            self.probes += 1
            return True

    def leave(self, *, probe: bool, failed: bool, latency: float) -> None:
        """Say how a call ended; a call that was let through before the breaker opened changes
        nothing any more.
        """
        with self._lock:
            slow = latency >= self._policy.slow
            if probe:
                self._probed(bad=failed or slow)
            elif self.state is State.CLOSED:
                self._calls.append((failed, slow))
                if self._is_bad():
                    self._pause = self._policy.pause
                    self._open()

    def abandon(self, *, probe: bool) -> None:
        """Give back a permission that was not used."""
        with self._lock:
            if probe and self.state is State.HALF_OPEN:
                self._probing -= 1
                self.probes -= 1

    def _probed(self, *, bad: bool) -> None:
        if self.state is not State.HALF_OPEN:
            return
        self._probing -= 1
        if bad:
            self._pause = min(self._pause * 2, self._policy.pause_most)
            self._open()
            return
        self._proved += 1
        if self._proved >= self._policy.needed:
            self._calls.clear()
            self._change(State.CLOSED)

    def _is_bad(self) -> bool:
        if len(self._calls) < self._policy.least:
            return False
        failed = sum(failed for failed, _ in self._calls)
        slow = sum(slow for _, slow in self._calls)
        return max(failed, slow) >= self._policy.share * len(self._calls)

    def _open(self) -> None:
        self._until = self._clock() + self._pause
        self._change(State.OPEN)

    def _change(self, state: State) -> None:
        self._log.warning(
            "breaker",
            state=state.value,
            was=self.state.value,
            seconds=self._pause if state is State.OPEN else None,
        )
        self.state = state
