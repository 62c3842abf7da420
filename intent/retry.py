"""Waits out an outage, of the database or of the LLM."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event, Lock
from typing import TypeVar

from intent.model.errors import (
    BudgetSpent,
    IntentError,
    Later,
    LlmUnavailable,
    OperatorError,
    Stopping,
)

T = TypeVar("T")


def retry_until_available(
    call: Callable[[], T],
    *,
    stop: Event,
    delay: float,
    most: float,
    waiting: Callable[[float, Later], None],
) -> T:
    """Call until the environment lets it through, with growing pauses; give up only when told to
    stop.

    Args:
        call: may be repeated without harm.
        delay: seconds before the second try; doubles up to ``most``.
        waiting: told every pause and its cause.

    Raises:
        Stopping: ``stop`` was set during an outage.
    """
    while True:
        try:
            return call()
        except Later as error:
            waiting(delay, error)
            if stop.wait(delay):
                raise Stopping(
                    "asked to leave during an outage; what was taken comes again when its lease "
                    "ends"
                ) from error
            delay = min(delay * 2, most)


class Weather:
    """Whether the LLM can be asked now: after a failure there is a pause, and then one call at a
    time until one is answered.
    """

    def __init__(self, threads: int, delay: float, most: float, clock: Callable[[], float]) -> None:
        """Begin in fine weather.

        Args:
            threads: calls at a time while all is well.
            delay: seconds of the first pause after a failure that names none; doubles up to
                ``most``.
            clock: returns seconds.
        """
        self._threads, self._delay, self._most, self._clock = threads, delay, most, clock
        self._lock = Lock()
        self._until = 0.0
        self._since: float | None = None
        self._failures = 0
        self._error: LlmUnavailable | BudgetSpent | None = None
        self._said: set[str] = set()
        self.last_answer = float("-inf")

    def may_take(self, running: int) -> bool:
        """Whether another batch may be asked beside those that are running."""
        with self._lock:
            return self._clock() >= self._until and running < (
                1 if self._since is not None else self._threads
            )

    def answered(self) -> None:
        """Note an answer: the LLM is well."""
        with self._lock:
            self.last_answer = self._clock()
            self._since, self._failures, self._error, self._until = None, 0, None, 0.0
            self._said.clear()

    def failed(self, error: LlmUnavailable) -> float:
        """Note a failure, and return the pause in seconds."""
        with self._lock:
            self._begin(error)
            if self._clock() < self._until:
                return self._until - self._clock()  # of the same moment as the last
            growing = min(self._delay * 2**self._failures, self._most)
            # jitter is no secret
            pause = error.wait if error.wait is not None else growing * random.uniform(0.75, 1.0)  # noqa: S311
            self._failures += 1
            self._until = self._clock() + pause
            return pause

    def spent(self, error: BudgetSpent) -> float:
        """Note that there is no money, and return the pause in seconds."""
        with self._lock:
            self._begin(error)
            # Looked at again now and then: the operator may have raised the budget.
            self._until = self._clock() + min(error.wait, self._most)
            return self._until - self._clock()

    def hopeless(self, patience: float) -> LlmUnavailable | BudgetSpent | None:
        """Return trouble that no patience of so many seconds will see end, if there is any; spent
        money is hopeless at once.
        """
        with self._lock:
            if isinstance(self._error, BudgetSpent):
                return self._error
            long = self._since is not None and self._clock() - self._since > patience
            return self._error if long else None

    def is_news(self, error: IntentError) -> bool:
        """Whether this kind of trouble was not said since the last answer."""
        with self._lock:
            kind = f"{type(error).__name__}{error if isinstance(error, OperatorError) else ''}"
            new = kind not in self._said
            self._said.add(kind)
            return new

    def _begin(self, error: LlmUnavailable | BudgetSpent) -> None:
        self._error = error
        self._since = self._clock() if self._since is None else self._since
