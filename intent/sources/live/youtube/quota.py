"""Counts the units that YouTube's APIs cost a day, durably and before they are spent, so that a
restart does not forget them and all sources of one machine share them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from intent.model.errors import Later, OperatorError

FILE = "youtube-quota.json"

CHAT_UNITS = 5
"""What a call of streamList or of liveChat/messages costs, however long a stream lasts."""

VIDEO_UNITS = 1
"""What looking a video up costs."""

UNITS_A_DAY = 10_000
"""What a project of Google's cloud has when it is new."""


class QuotaSpent(Later):
    """The units of this day are spent; ``until`` is the instant of the next day, in UTC."""

    def __init__(self, text: str, until: datetime) -> None:
        super().__init__(text)
        self.until = until


@checked(frozen=True)
class _Spent:
    day: date
    units: int


_SPENT = TypeAdapter(_Spent)


class YouTubeQuota:
    """The units of a day, which ends at midnight in California."""

    def __init__(
        self,
        folder: Path,
        *,
        units: int = UNITS_A_DAY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Count in a file of this folder.

        Args:
            folder: made if it is missing.
            units: that may be spent a day; a share of the project's, where others use it too.
            now: the time of day, aware.
        """
        self._file, self._units, self._now = folder / FILE, units, now

    def spend(self, units: int) -> None:
        """Note units durably, before they are spent.

        Raises:
            QuotaSpent: fewer are left.
            OperatorError: the file cannot be written.
        """
        if not self._noted(lambda spent: spent + units):
            raise self._none_left()

    def close_day(self) -> QuotaSpent:
        """Spend all that is left, for YouTube counts more than we do; return what to say then.

        Raises:
            OperatorError: the file cannot be written.
        """
        self._noted(lambda spent: self._units)
        return self._none_left()

    @property
    def spent(self) -> int:
        """Units that were spent today."""
        return self._read(self._here().date())

    def _noted(self, more: Callable[[int], int]) -> bool:
        """Write down what is spent then, and return whether there was that much."""
        try:
            with self._alone():
                today = self._here().date()
                spent = more(self._read(today))
                if spent <= self._units:
                    self._write(_Spent(today, spent))
                return spent <= self._units
        except OSError as error:
            raise OperatorError(
                f"the units of YouTube cannot be counted in {self._file.absolute()} "
                f"({error.strerror}); make that folder writable"
            ) from error

    def _none_left(self) -> QuotaSpent:
        here = self._here()
        midnight = datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo)
        until = midnight.astimezone(UTC)
        return QuotaSpent(
            f"YouTube's {self._units:,} units of {here.date()} are spent: reading goes on at "
            f"{until:%Y-%m-%d %H:%M} UTC; if your project has more, raise the option quota",
            until,
        )

    def _here(self) -> datetime:
        return self._now().astimezone(_zone())

    def _read(self, today: date) -> int:
        try:
            counted = _SPENT.validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return 0
        return counted.units if counted.day == today else 0

    def _write(self, spent: _Spent) -> None:
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(_SPENT.dump_json(spent))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes out."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _zone() -> tzinfo:
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        # A machine without the table of zones: an hour late in summer, and never early.
        return timezone(timedelta(hours=-8))
