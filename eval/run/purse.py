"""The money of an eval: what may be spent by all its calls together, and what was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from intent.model.attempt import NANO
from intent.model.errors import BudgetSpent


class Purse:
    """Holds what calls may cost, and knows what they did cost; used by several threads at once."""

    def __init__(self, dollars: float | None = None) -> None:
        """Fill it; with None there is no limit."""
        self._limit = None if dollars is None else round(dollars * NANO)
        self._spent = self._held = 0
        self._lock = Lock()

    @property
    def dollars(self) -> float:
        """What was spent."""
        return self._spent / NANO

    def book(self, nanodollars: int) -> None:
        """Take out what a call did cost."""
        with self._lock:
            self._spent += nanodollars

    @contextmanager
    def reserve(self, nanodollars: int) -> Iterator[None]:
        """Hold what a call may cost until it is booked.

        Raises:
            BudgetSpent: so much is not left.
        """
        with self._lock:
            wanted = self._spent + self._held + nanodollars
            if self._limit is not None and nanodollars > 0 and wanted > self._limit:
                raise BudgetSpent(
                    f"the budget is spent: ${self._spent / NANO:.4f} of ${self._limit / NANO:.4f}; "
                    "raise --budget to go on",
                    wait=0.0,
                )
            self._held += nanodollars
        try:
            yield
        finally:
            with self._lock:
                self._held -= nanodollars
