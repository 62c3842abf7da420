"""Says what part of all orders of a horizon has arrived, and compares arms where many are still to
come: Kaplan and Meier's estimate over the delay, with whole rooms left out for the error.

A treatment that only brings orders forward looks like a lift for hours; so a lift of a short window
is never said without what part of the orders had arrived by then. Source: E. L. Kaplan and P.
Meier, Nonparametric estimation from incomplete observations, 1958.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intent.statistics.rooms import Floats, Integers

STEPS = 2048
"""Instants at which the curve may step, at most; orders between two of them count at the later."""


@dataclass(frozen=True, slots=True)
class WaitingUnits:
    """Viewers (or clicks) that may order.

    Attributes:
        waits: seconds until the order; where there is none, seconds for which nobody saw one.
        ordered: whether it came.
        rooms: number of each unit's room.
    """

    waits: Floats
    ordered: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    rooms: Integers


@dataclass(frozen=True, slots=True)
class ArrivalCurve:
    """The share of units that order within each delay.

    Attributes:
        delays: seconds, ascending, shape (steps,).
        share: of units that ordered by then, had all been watched long enough, shape (steps,).
        without: the same without one room, shape (rooms, steps).
    """

    delays: Floats
    share: Floats
    without: Floats

    def by(self, delay: float) -> float:
        """Return the share of units that order within a delay."""
        place = int(np.searchsorted(self.delays, delay, side="right"))
        return float(self.share[place - 1]) if place else 0.0

    def maturity(self, delay: float, horizon: float) -> float:
        """Return what part of the orders of a horizon arrive within a delay; NaN for none."""
        whole = self.by(horizon)
        return self.by(delay) / whole if whole > 0 else float("nan")


def arrival_curve(units: WaitingUnits, delays: Floats | None = None) -> ArrivalCurve:
    """Return the curve of one arm.

    Args:
        delays: where it may step, ascending; by default where orders came.
    """
    delays = order_delays(units) if delays is None else delays
    rooms, count = units.rooms, int(units.rooms.max()) + 1
    steps = len(delays)
    place = np.searchsorted(delays, units.waits, side="left")
    came = np.zeros((count, steps + 1))
    np.add.at(came, (rooms[units.ordered], np.minimum(place[units.ordered], steps)), 1)
    # One that was watched up to a step without an order was still at risk there.
    last = np.where(units.ordered, place, np.searchsorted(delays, units.waits, side="right") - 1)
    ends = np.zeros((count, steps + 2))
    np.add.at(ends, (rooms, np.minimum(last + 1, steps + 1)), 1)
    at_risk = ends[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1 : steps + 1]
    events = came[:, :steps]
    return ArrivalCurve(
        delays,
        _kaplan_meier(events.sum(axis=0), at_risk.sum(axis=0)),
        _kaplan_meier(events.sum(axis=0) - events, at_risk.sum(axis=0) - at_risk),
    )


def order_delays(units: WaitingUnits) -> Floats:
    """Return the instants at which orders came, :data:`STEPS` of them at most."""
    seen = np.unique(units.waits[units.ordered])
    if len(seen) <= STEPS:
        return np.asarray(seen, dtype=np.float64)
    return np.unique(np.quantile(seen, np.linspace(0, 1, STEPS), method="higher"))


def _kaplan_meier(events: Floats, at_risk: Floats) -> Floats:
    left = 1 - events / np.where(at_risk > 0, at_risk, 1.0)
    return np.asarray(1 - np.cumprod(left, axis=-1))
