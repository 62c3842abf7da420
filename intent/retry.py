"""Waits out an outage: of the database, of what a source reads, or of whoever asks us to wait."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TypeVar

from intent.model.errors import Later, Stopping

T = TypeVar("T")

LONGEST_WAIT = 3600.0
"""Seconds; a longer wait is cut to it, so that a wrong header cannot stop asking for good."""


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


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks us to wait: ``retry-after-ms``, or ``Retry-After`` in
    seconds or as a date (RFC 9110, 10.2.3).
    """
    milliseconds = finite_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return bounded_wait(milliseconds / 1000.0)
    said = headers.get("retry-after")
    seconds = finite_number(said)
    if seconds is not None or said is None:
        return None if seconds is None else bounded_wait(seconds)
    try:
        instant = parsedate_to_datetime(said)
    except ValueError:
        return None
    return bounded_wait((instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds())


def finite_number(text: str | None) -> float | None:
    """Return the number that a header says, None where it says none."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def bounded_wait(seconds: float) -> float:
    """Return a wait that was asked for, from 0 to :data:`LONGEST_WAIT`."""
    return min(max(seconds, 0.0), LONGEST_WAIT)
