"""How much of what will be ordered is known yet, and how much a click counts whose order may come.

The share of orders that is known at an age is estimated over all clicks, young ones too, by the
product limit (E. L. Kaplan and P. Meier, 1958): leaving young clicks out would waste them, and
taking them for clicks without orders would say too little. A click that has an order stands for
those of its age whose orders are not known yet, and one without counts less by as much (feedback
shift weights, S. Yasui et al., arXiv 2002.02068). Orders are taken back days later, too: by the
same estimate a young one counts for as much as will be left of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intent.ranking.impression_log import ShownRows

Floats = NDArray[np.float64]

LEAST = 0.05
"""A share below is taken as this: one order of a minute ago must not count for a hundred."""

KNOTS = 200
"""Ages at which a curve is kept, at most."""


@dataclass(frozen=True, slots=True)
class AgeCurve:
    """A share that grows with age.

    Attributes:
        ages: growing, in microseconds.
        shares: at these ages, growing from 0 to 1.
        rate: of all, to how many it happens in the end.
    """

    ages: tuple[float, ...]
    shares: tuple[float, ...]
    rate: float

    def share(self, age: NDArray[Any]) -> Floats:
        """Return the share to which it has happened at each age, of those to which it will."""
        return np.asarray(np.interp(age, self.ages, self.shares))

    def data(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {"ages": list(self.ages), "shares": list(self.shares), "rate": self.rate}


def curve_of_ages(data: Mapping[str, Any]) -> AgeCurve:
    """Read what :meth:`AgeCurve.data` wrote."""
    return AgeCurve(tuple(data["ages"]), tuple(data["shares"]), float(data["rate"]))


@dataclass(frozen=True, slots=True)
class Maturity:
    """When orders are told of, and when they are taken back.

    Attributes:
        told: by the age of a click, the share of orders that is told of; its rate is orders a
            click, before any is taken back.
        taken: by the age of what was told, the share that is taken back of what will be.
    """

    told: AgeCurve
    taken: AgeCurve

    @property
    def rate(self) -> float:
        """Orders a click that stand in the end, with those that are not known yet."""
        return self.told.rate * (1 - self.taken.rate)

    def weights(self, shown: ShownRows) -> Floats:
        """Return how much each row counts: one with an order for all of its age, as far as they
        will stand; one without as often as nothing comes any more.
        """
        share = np.clip(self.told.share(shown.age), LEAST, 1.0)
        silent = (1 - self.told.rate) / (1 - self.told.rate * share)
        back = self.taken.rate
        left = (1 - back) / (1 - back * self.taken.share(shown.known - shown.told_at))
        return np.where(shown.ordered, left / share, silent)

    def data(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {"told": self.told.data(), "taken": self.taken.data()}


def maturity_from_data(data: Mapping[str, Any]) -> Maturity:
    """Read what :meth:`Maturity.data` wrote."""
    return Maturity(curve_of_ages(data["told"]), curve_of_ages(data["taken"]))


def measured_maturity(shown: ShownRows) -> Maturity:
    """Estimate it from what was clicked, as it was known at one instant."""
    clicked, told, taken = shown.clicked, shown.told, shown.taken
    delay = shown.told_at - shown.clicked_at
    until = np.where(taken, shown.taken_at, shown.known)
    return Maturity(
        measured_curve(delay[clicked], told[clicked], shown.age[clicked]),
        measured_curve((until - shown.told_at)[told], taken[told], (until - shown.told_at)[told]),
    )


def measured_curve(delay: NDArray[Any], happened: NDArray[np.bool_], age: NDArray[Any]) -> AgeCurve:
    """Estimate when something happens, of what is not all old enough to tell.

    Args:
        delay: microseconds until it happened; where it did not, it is not read.
        happened: whether it did.
        age: microseconds for which it could have.
    """
    spent = np.where(happened, delay, age).astype(np.float64)
    at, events = np.unique(spent[happened], return_counts=True)
    if not len(at):
        return AgeCurve((0.0,), (1.0,), 0.0)
    waiting = len(spent) - np.searchsorted(np.sort(spent), at, side="left")
    came = 1 - np.cumprod(1 - events / waiting)
    kept = np.unique(np.linspace(0, len(at) - 1, min(len(at), KNOTS)).astype(int))
    shares = came / came[-1]
    return AgeCurve((0.0, *at[kept].tolist()), (0.0, *shares[kept].tolist()), float(came[-1]))
