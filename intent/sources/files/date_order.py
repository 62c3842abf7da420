"""Tells from all dates of a file whether the day or the month comes first, and says so when it
cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from intent.model.errors import Malformed, WrongUse

_EARLIEST = 2005
"""Before this year nobody wrote what is read here."""

_BUDDHIST = 543
"""Years by which the calendar of Thailand is ahead."""


class DateOrder(StrEnum):
    """What comes first in a date of three numbers."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as it is written: three numbers and what stands between them."""

    first: str
    second: str
    third: str
    separator: str = "/"

    def __str__(self) -> str:
        return self.separator.join((self.first, self.second, self.third))

    def in_order(self, order: DateOrder) -> date:
        """Return the day.

        Raises:
            Malformed: there is no such day, or its calendar is not known here.
        """
        numbers = (self.first, self.second, self.third)
        day, month, year = (numbers[order.value.index(letter)] for letter in "dmy")
        if len(year) == 3 or len(day) > 2 or len(month) > 2:
            raise Malformed(f"the date {self} is not written as {order.value}")
        try:
            return date(_year(year), int(month), int(day))
        except ValueError:
            raise Malformed(f"there is no day {self}, read as {order.value}") from None


def _year(written: str) -> int:
    year = int(written)
    if len(written) <= 2:
        # 69 is no year of our calendar that a chat can have; in Thailand it is 2569, our 2026.
        return 2000 + year if year < 52 else 2500 + year - _BUDDHIST
    if year >= 2400:
        return year - _BUDDHIST
    if year < 1900:
        raise Malformed(f"the year {year} is of a calendar that is not read here")
    return year


@dataclass(slots=True)
class _Candidate:
    """One order, held against all dates so far."""

    order: DateOrder
    possible: bool = True
    likely: bool = True
    last: date | None = None

    def add(self, written: WrittenDate) -> None:
        if not self.possible:
            return
        try:
            day = written.in_order(self.order)
        except Malformed:
            self.possible = False
            return
        self.possible = day.year >= _EARLIEST and not self._two_digits_first(written)
        if self.last is not None and day != self.last:
            same_day = (day.month, day.day) == (self.last.month, self.last.day)
            self.likely = self.likely and day > self.last and not same_day
        self.last = day

    def _two_digits_first(self, written: WrittenDate) -> bool:
        # Years of two digits come first in a few places only, which write 26-11-20 or 26. 11. 20.
        short = self.order is DateOrder.YMD and len(written.first) < 4
        return short and written.separator in "/."


@dataclass(slots=True)
class DateSurvey:
    """Looks at all dates of a file, in bounded memory.

    Attributes:
        chronological: they stand from old to new, as in a chat; then an order in which they jump
            back, or in which years pass and days do not, is not the one.
        example: the first date that was seen; None if there was none.
    """

    chronological: bool = False
    example: WrittenDate | None = None
    _candidates: list[_Candidate] = field(
        default_factory=lambda: [_Candidate(order) for order in DateOrder]
    )

    def add(self, written: WrittenDate) -> None:
        """Look at one more date."""
        self.example = self.example or written
        for candidate in self._candidates:
            candidate.add(written)

    @property
    def orders(self) -> list[DateOrder]:
        """The orders in which all dates can have been written, the likely ones if there are any."""
        possible = [one for one in self._candidates if one.possible]
        likely = [one for one in possible if one.likely and self.chronological]
        return [one.order for one in likely or possible]

    def order(self) -> DateOrder:
        """Return the one order that fits.

        Raises:
            WrongUse: several do, or none.
        """
        orders = self.orders
        if len(orders) == 1:
            return orders[0]
        if not orders:
            raise WrongUse(
                f"no one order fits all dates, of which the first is {self.example}; say it with "
                "--date-order dmy, mdy or ymd, and what does not fit is refused line by line"
            )
        readings = " or ".join(_reading(self.example, order) for order in orders)
        raise WrongUse(
            f"the dates can be read in several ways ({self.example}: {readings}); say which with "
            f"--date-order {' or '.join(orders)}"
        )


def _reading(example: WrittenDate | None, order: DateOrder) -> str:
    assert example is not None
    return f"{order.value} is {example.in_order(order):%d %B %Y}"
