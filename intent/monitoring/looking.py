"""Looks at the database for whoever asks for metrics: once a second at most, in bounded time, and
without a stale number when it is away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock

from intent.model.database_instruments import DATABASE_UP
from intent.model.errors import IntentError
from intent.model.instruments import Level
from intent.telemetry import logger

KEPT_SECONDS = 1.0


class Looking:
    """Readings of the database; used by several threads at once, of which one looks."""

    def __init__(
        self,
        read: Callable[[], Sequence[Level]],
        *,
        kept: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to look.

        Args:
            read: looks at the database, in bounded time, or raises what is wrong with it.
            kept: seconds for which what was seen, or that nothing was, is told again.
            clock: monotonic time in seconds.
        """
        self._read, self._kept, self._clock = read, kept, clock
        self._lock, self._looked_at = Lock(), float("-inf")
        self._readings: Sequence[Level] | None = None
        self._log = logger("metrics")

    def __call__(self) -> list[Level]:
        """Return what the database tells, ages as they are by now."""
        with self._lock:
            if self._clock() - self._looked_at >= self._kept:
                self._look()
            seen, passed = self._readings, self._clock() - self._looked_at
        if seen is None:
            return [Level(DATABASE_UP, 0.0)]
        return [Level(DATABASE_UP, 1.0), *(_by_now(one, passed) for one in seen)]

    def _look(self) -> None:
        was_there = self._readings is not None or self._looked_at == float("-inf")
        try:
            self._readings = self._read()
        except IntentError as error:
            self._readings = None
            say = self._log.warning if was_there else self._log.debug
            say("the database cannot be read for metrics", error=str(error))
        self._looked_at = self._clock()


def _by_now(reading: Level, passed: float) -> Level:
    # Nothing that does not wait grows older.
    if not reading.instrument.ages or not reading.value:
        return reading
    return replace(reading, value=reading.value + passed)
