"""How much of what will be ordered is known yet, and how much a click counts whose order may come.

The share of orders that is known at an age is estimated over all clicks, young ones too, by the
product limit (E. L. Kaplan and P. Meier, 1958): leaving young clicks out would waste them, and
taking them for clicks without orders would say too little. A click that has an order stands for
those of its age whose orders are not known yet, and one without counts less by as much (feedback
shift weights, S. Yasui et al., arXiv 2002.02068).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST = 0.05
"""A share below is taken as this: one order of a minute ago must not count for a hundred."""

KNOTS = 200
"""Ages at which a curve is kept, at most."""


@dataclass(frozen=True, slots=True)
class Maturity:
    """The share of all orders that is known at an age.

    Attributes:
        ages: growing, in microseconds.
        shares: at these ages, growing to 1.
        rate: orders a click, with those that are not known yet.
    """

    ages: tuple[float, ...]
    shares: tuple[float, ...]
    rate: float

    def share(self, age: NDArray[Any]) -> Floats:
        """Return the share that is known at each age, from :data:`LEAST` to 1."""
        known = np.interp(age, self.ages, self.shares)
        return np.asarray(np.clip(known, LEAST, 1.0))

    def weights(self, ordered: NDArray[np.bool_], age: NDArray[Any]) -> Floats:
        """Return how much each click counts: one with an order for all of its age, one without as
        often as nothing comes any more.
        """
        share = self.share(age)
        silent = (1 - self.rate) / (1 - self.rate * share)
        return np.where(ordered, 1 / share, silent)

    def data(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {"ages": list(self.ages), "shares": list(self.shares), "rate": self.rate}


def maturity_from_data(data: Mapping[str, Any]) -> Maturity:
    """Read what :meth:`Maturity.data` wrote."""
    return Maturity(tuple(data["ages"]), tuple(data["shares"]), float(data["rate"]))


def measured_maturity(
    delay: NDArray[Any], ordered: NDArray[np.bool_], age: NDArray[Any]
) -> Maturity:
    """Estimate it from clicks.

    Args:
        delay: microseconds from click to the order becoming known; of clicks without an order it is
            not read.
        ordered: whether an order is known.
        age: microseconds from click to now.
    """
    spent = np.where(ordered, delay, age).astype(np.float64)
    at, events = np.unique(spent[ordered], return_counts=True)
    if not len(at):
        return Maturity((0.0,), (1.0,), 0.0)
    waiting = len(spent) - np.searchsorted(np.sort(spent), at, side="left")
    bought = 1 - np.cumprod(1 - events / waiting)
    kept = np.unique(np.linspace(0, len(at) - 1, min(len(at), KNOTS)).astype(int))
    shares = bought / bought[-1]
    return Maturity((0.0, *at[kept].tolist()), (0.0, *shares[kept].tolist()), float(bought[-1]))
