"""Waits out an outage: of the database, or of what a source reads."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from intent.model.errors import Later, Stopping

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


class Backoff:
    """Pauses between tries: each twice as long as the one before, and drawn from its upper half, so
    that many who were lost at once do not come back at once.
    """

    def __init__(
        self, first: float, most: float, *, draw: Callable[[], float] = random.random
    ) -> None:
        """Begin; ``first`` and ``most`` are seconds, ``draw`` returns a number from 0 to 1."""
        self._first, self._most, self._draw = first, most, draw
        self._longest = first

    def next(self) -> float:
        """Return the seconds to wait before the next try."""
        longest = self._longest
        self._longest = min(longest * 2, self._most)
        return longest * (1 + self._draw()) / 2

    def reset(self) -> None:
        """Begin with the first pause again: the last try was a success."""
        self._longest = self._first


class Repetition:
    """Counts what happens again and again, so that it is said less and less often."""

    def __init__(self) -> None:
        """Begin; it has not happened yet."""
        self.times = 0

    def is_due(self) -> bool:
        """Count once more; say whether to say so: the first time, the second, the fourth, the
        eighth, and so on.
        """
        self.times += 1
        return self.times & (self.times - 1) == 0

    def reset(self) -> None:
        """Begin anew: it is over."""
        self.times = 0
