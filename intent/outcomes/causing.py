"""What was caused: orders of people to whom something was done, less orders of people from whom it
was withheld at random.

People are what is dealt, once and for all, or the first time that each was dealt: what happens to
them later is evened out by the same chance. A person in each of several rooms is no unit: who was
not answered in one still wants in the next what the other has by now, so that part of what an
answer made is counted against it (half of it in a simulated world whose people come again). The
difference of the means is unbiased for what the doing causes, and its error by arm is never too
small (J. Neyman, 1923, translated in Statistical Science, 1990).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from intent.statistics.ratios import ArmUnits, compare_rooms, compare_viewers

FEWEST = 5
"""Units in each arm without which nothing is said."""

FEW_UNITS = 60
"""With fewer units in an arm the error leaves one out at a time, as for rooms."""


@dataclass(frozen=True, slots=True)
class DealtTouch:
    """Something that was done to a unit, or withheld from it, at random.

    Attributes:
        unit: who or what was dealt, such as (platform, user_id) or (platform, room_id).
        given: whether it was done.
    """

    unit: tuple[str, ...]
    at: datetime
    given: bool


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """An order that stands, of a unit."""

    unit: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class CausedOrders:
    """What the doing caused, with 95 % intervals.

    Attributes:
        given, withheld: units of each arm whose window has passed.
        young: units whose window has not passed, which are left out: an order that is only
            brought forward would look like one that was made.
        rate_given, rate_withheld: orders a unit.
        difference, low, high: orders that it makes, a unit.
        p: two-sided p-value of *it causes nothing*.
    """

    window: timedelta
    given: int
    withheld: int
    young: int
    rate_given: float
    rate_withheld: float
    difference: float
    low: float
    high: float
    p: float

    @property
    def caused(self) -> tuple[float, float, float]:
        """Orders that it made, and the ends of their interval."""
        return (
            self.difference * self.given,
            self.low * self.given,
            self.high * self.given,
        )

    @property
    def maturity(self) -> float:
        """Share of the units whose window has passed, 0 to 1."""
        known = self.given + self.withheld
        return known / (known + self.young) if known + self.young else 0.0


def caused_orders(
    touches: Iterable[DealtTouch],
    orders: Iterable[UnitOrder],
    window: timedelta,
    as_of: datetime,
) -> CausedOrders | None:
    """Compare units to whom it was done with those from whom it was withheld.

    Args:
        window: how long after it an order counts; choose it longer than people take, for what is
            only brought forward makes none.
        as_of: units that were dealt later than a window before are left out.

    Returns:
        None where an arm has fewer than :data:`FEWEST` units.
    """
    first = _first_of(touches)
    old = {unit: one for unit, one in first.items() if one.at + window <= as_of}
    counted = _counted(orders, old, window)
    units = sorted(old)
    given = np.array([old[unit].given for unit in units], dtype=bool)
    many, few = int(given.sum()), int((~given).sum())
    if min(many, few) < FEWEST:
        return None
    arms = ArmUnits(
        numerators=np.array([counted.get(unit, 0) for unit in units], dtype=np.float64),
        denominators=np.ones(len(units)),
        treated=given.astype(np.float64),
    )
    found = (compare_rooms if min(many, few) < FEW_UNITS else compare_viewers)(arms)
    estimate = found.estimate(len(units))
    return CausedOrders(
        window,
        many,
        few,
        len(first) - len(old),
        float(found.treated),
        float(found.control),
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.p,
    )


def _first_of(touches: Iterable[DealtTouch]) -> dict[tuple[str, ...], DealtTouch]:
    first: dict[tuple[str, ...], DealtTouch] = {}
    for one in touches:
        before = first.get(one.unit)
        if before is None or one.at < before.at:
            first[one.unit] = one
    return first


def _counted(
    orders: Iterable[UnitOrder],
    touched: Mapping[tuple[str, ...], DealtTouch],
    window: timedelta,
) -> dict[tuple[str, ...], int]:
    counted: dict[tuple[str, ...], int] = defaultdict(int)
    for one in orders:
        touch = touched.get(one.unit)
        if touch is not None and timedelta(0) <= one.at - touch.at <= window:
            counted[one.unit] += 1
    return counted
