"""Says when a receiver is tried again: one delivery by its schedule, all of a hook by its breaker.

- The **schedule** spreads the tries of one delivery over about a day: exponential backoff with full
  jitter (Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015), and never before
  the time for which the receiver asks to be left alone.
- The **breaker**, one a hook and process, lets nothing through while the receiver fails again and
  again (Nygard, *Release It!*), and then one delivery at a time until one is accepted. What is not
  tried loses no try, so that an outage buries little.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from intent.retry import Backoff


@dataclass(frozen=True, slots=True)
class TrySchedule:
    """When one delivery is tried again; the defaults are spread over 15 h on average, 30 h at most.

    Attributes:
        tries: after so many that failed a delivery is dead.
        first: seconds before the second try, at most; each further pause may be ``factor`` times as
            long, up to ``most``.
    """

    tries: int = 10
    first: float = 20.0
    factor: float = 3.0
    most: float = 43_200.0

    def pause(
        self, tried: int, asked: float | None, draw: Callable[[], float] = random.random
    ) -> float | None:
        """Return the seconds before the next try; None where there is none.

        Args:
            tried: how often it was tried, from 1 on.
            asked: seconds for which the receiver asks to be left alone.
            draw: returns a number from 0 to 1.
        """
        if tried >= self.tries:
            return None
        longest = self.first
        for _ in range(tried - 1):
            longest = min(longest * self.factor, self.most)
        return max(draw() * min(longest, self.most), asked or 0.0)


class ReceiverBreaker:
    """Watches one receiver; used by several threads at once."""

    def __init__(
        self,
        *,
        failures: int = 5,
        first: float = 2.0,
        most: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Begin, and let all through.

        Args:
            failures: so many in a row, and nothing is let through.
            first: seconds before one is let through again; doubles with every one that fails, up
                to ``most``.
        """
        self._most_failures, self._clock, self._lock = failures, clock, Lock()
        self._backoff = Backoff(first, most, draw=draw)
        self._in_a_row, self._until = 0, float("-inf")

    def places(self, most: int) -> int:
        """Return how many may be on their way now, of at most ``most``: all, one, or none."""
        with self._lock:
            if self._clock() < self._until:
                return 0
            return most if self._in_a_row < self._most_failures else 1

    def accepted(self) -> None:
        """Note that the receiver took one: whatever it was is over."""
        with self._lock:
            self._in_a_row, self._until = 0, float("-inf")
            self._backoff.reset()

    def failed(self, asked: float | None) -> None:
        """Note that it did not; ``asked`` is for how many seconds it wants to be left alone."""
        with self._lock:
            self._in_a_row += 1
            pauses = [asked or 0.0]
            if self._in_a_row >= self._most_failures:
                pauses.append(self._backoff.next())
            self._until = max(self._until, self._clock() + max(pauses))
