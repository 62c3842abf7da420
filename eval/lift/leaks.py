"""Finds columns that know what comes after their row, and names them.

An honest count of what somebody wrote can only rise *after* they clicked: words come while a room
is watched. So around every rise of a column, clicks must lie before it and not behind it. A column
that rises with clicks still to come knows the future. Clicks are counted as more or less than the
entity's own mean, so that neither busy people nor long sessions matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intent.statistics.rooms import Estimate, above_zero, holm, mean

Integers = NDArray[np.int64]

AROUND = 3_600 * 1_000_000
"""Microseconds before and after a rise in which clicks are counted."""

LEVEL = 0.001
"""All columns together raise a false alarm so often, at most."""

_FALLING = ("seconds_since_last",)
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class LeakingColumn:
    """What a column's rises say.

    Attributes:
        after: clicks after a rise beyond the entity's mean, less those before it: below zero for
            honest columns; with its interval over entities.
        p: of *not above zero*, corrected for all columns.
        rises: how many rises there were.
    """

    name: str
    after: Estimate
    p: float
    rises: int

    @property
    def leaks(self) -> bool:
        """Whether the column knows what comes after its row."""
        return self.after.value > 0 and self.p < LEVEL


@dataclass(frozen=True)
class ColumnsOfEntity:
    """Columns that are the same for all rows of one entity at one time.

    Attributes:
        entity: number of each row's entity.
        values: shape (rows, names); NaN is missing.
    """

    entity: Integers
    names: Sequence[str]
    values: NDArray[np.float32]


def find_leaks(
    groups: Sequence[ColumnsOfEntity], at: Integers, clicked: NDArray[np.bool_]
) -> list[LeakingColumn]:
    """Return all columns, those that leak first.

    Args:
        at: when each row was served, in microseconds.
        clicked: whether it was clicked.
    """
    found: list[tuple[str, Estimate, int]] = []
    for group in groups:
        steps = _Steps(group.entity, at, clicked)
        for name, column in zip(group.names, group.values.T, strict=True):
            found.append((name, *steps.clicks_after_rises(column, name.endswith(_FALLING))))
    raw = [above_zero(after) if after.rooms >= _FEWEST else 1.0 for _, after, _ in found]
    told = [
        LeakingColumn(name, after, p, rises)
        for (name, after, rises), p in zip(found, holm(raw), strict=True)
    ]
    return sorted(told, key=lambda one: (not one.leaks, -_distance(one.after)))


def _distance(after: Estimate) -> float:
    return after.value / after.error if after.error > 0 else 0.0


class _Steps:
    """The moments of each entity in order, with the clicks around them."""

    def __init__(self, entity: Integers, at: Integers, clicked: NDArray[np.bool_]) -> None:
        order = np.lexsort((at, entity))
        entity, at, clicked = entity[order], at[order], clicked[order]
        first = np.flatnonzero(np.append(True, (entity[1:] != entity[:-1]) | (at[1:] != at[:-1])))
        self._rows = order[first]
        self._entity, self._at = entity[first], at[first]
        clicks = np.add.reduceat(clicked.astype(np.float64), first)
        _, whose = np.unique(self._entity, return_inverse=True)
        expected = np.bincount(whose, clicks) / np.bincount(whose)
        more = clicks - expected[whose]
        total = np.append(0.0, more.cumsum())
        until = self._reach(AROUND, "right")
        since = self._reach(-AROUND, "left")
        here = np.arange(len(first))
        self._contrast = (total[until] - total[here]) - (total[here] - total[since])
        self._follows = np.append(False, self._entity[1:] == self._entity[:-1])

    def _reach(self, ahead: int, side: str) -> Integers:
        """Return the place of the moment that lies so far ahead, within the entity."""
        span = int(self._at.max() - self._at.min()) + 2 * AROUND + 1
        _, number = np.unique(self._entity, return_inverse=True)
        base = int(self._at.min()) - AROUND
        along = number * span + (self._at - base)
        return np.asarray(
            np.searchsorted(along, along + ahead, side="right" if side == "right" else "left")
        )

    def clicks_after_rises(
        self, column: NDArray[np.float32], falling: bool
    ) -> tuple[Estimate, int]:
        """Return clicks after the rises of a column less those before, with how many rises there
        were.
        """
        values = column[self._rows].astype(np.float64)
        values = np.nan_to_num(-values if falling else values, nan=-np.inf if falling else 0.0)
        rose = np.zeros(len(values), dtype=bool)
        rose[1:] = self._follows[1:] & (values[1:] > values[:-1])
        rows = np.flatnonzero(rose)
        if not len(rows):
            return Estimate(0.0, np.nan, np.nan, np.nan, np.nan, 0, 0.0), 0
        return mean(self._contrast[rows], self._entity[rows]), len(rows)
