"""What keeps questions in the lane: said once, and how long it has lasted."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from intent.model.errors import BudgetSpent, IntentError, LlmForbidden, OperatorError


class Trouble:
    """The trouble since the last answer; used by several threads at once. It decides nothing about
    when the LLM is asked next: that is the breaker's.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without trouble; ``clock`` returns seconds."""
        self._clock, self._lock = clock, Lock()
        self._error: IntentError | None = None
        self._since = 0.0
        self._said: set[str] = set()
        self.last_answer = float("-inf")
        """The clock's time of the last answer."""

    def is_news(self, error: IntentError) -> bool:
        """Note trouble; say whether its kind was not met since the last answer."""
        with self._lock:
            self._since = self._clock() if self._error is None else self._since
            self._error = error
            kind = f"{type(error).__name__}{error if isinstance(error, OperatorError) else ''}"
            new = kind not in self._said
            self._said.add(kind)
            return new

    def over(self) -> None:
        """Note an answer: whatever it was is over."""
        with self._lock:
            self.last_answer, self._error = self._clock(), None
            self._said.clear()

    def hopeless(self, patience: float) -> IntentError | None:
        """Return trouble of which whoever waits for an empty lane will not see the end: an outage
        after so many seconds; spent money and a refused key at once.
        """
        with self._lock:
            if isinstance(self._error, BudgetSpent | LlmForbidden):
                return self._error
            is_long = self._error is not None and self._clock() - self._since > patience
            return self._error if is_long else None
