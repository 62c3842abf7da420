"""Holds spending within the money of the hour and of the day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

from intent.model.attempt import NANO
from intent.model.errors import BudgetSpent
from intent.ports.asking import Ledger


class LedgerBudget:
    """Budgets of the calendar hour and day in UTC, by what the ledger has booked and what running
    calls hold.

    The ledger is shared by all processes, the holds are this process's own: several askers may pass
    a limit by what they have in flight.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        hour: float | None,
        day: float | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Set the limits.

        Args:
            hour: dollars that may be spent in an hour; None for no limit.
            day: dollars that may be spent on a day; None for no limit.
            clock: returns an aware instant.
        """
        self._ledger, self._clock = ledger, clock
        self._limits = [
            (name, round(limit * NANO))
            for name, limit in (("hour", hour), ("day", day))
            if limit is not None
        ]
        self._held = 0
        self._lock = Lock()

    @contextmanager
    def reserve(self, nanodollars: int) -> Iterator[None]:
        """Hold what a call may cost until it is booked; a call that costs nothing always passes.

        Raises:
            BudgetSpent: so much is not left; ``wait`` is the time until the next hour or day.
        """
        with self._lock:
            if nanodollars > 0:
                self._require(nanodollars)
            self._held += nanodollars
        try:
            yield
        finally:
            with self._lock:
                self._held -= nanodollars

    def _require(self, nanodollars: int) -> None:
        now = self._clock()
        for name, limit in self._limits:
            start = now.replace(
                minute=0, second=0, microsecond=0, hour=now.hour if name == "hour" else 0
            )
            spent = self._ledger.spent(start)
            if spent + self._held + nanodollars > limit:
                end = start + (timedelta(hours=1) if name == "hour" else timedelta(days=1))
                raise BudgetSpent(
                    f"the budget of this {name} is spent: ${spent / NANO:.4f} of "
                    f"${limit / NANO:.2f}; "
                    f"there is more at {end:%Y-%m-%d %H:%M} UTC, or raise "
                    f"INTENT_LLM_BUDGET_{name.upper()}",
                    wait=(end - now).total_seconds(),
                )
