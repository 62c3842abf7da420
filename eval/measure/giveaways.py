"""Names columns that give the answer away: from one of them alone nearly every positive could be
told, which no honest feature can.

A column that is the label, or was made after it, makes a model look perfect (in a public library of
rankers a model reached an AUC of 1 so, and nobody's tool noticed). What is clicked or bought can be
guessed from what was known before with an AUC of 0.6 to 0.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.measure.ranking_quality import area_under_roc
from eval.measure.scored import Booleans, Floats
from intent.model.errors import OperatorError

IMPOSSIBLE = 0.95
"""An area under the curve from which on a column, or a model, knows too much."""

PURE, BEYOND = 0.9, 100.0
"""Share of positives among the rows with one value from which on that value tells the answer, if
the odds are so many times those of all rows, too.
"""

NO_NEGATIVES = 3.0
"""What is added to the negatives of a value, of which none may have been seen by chance."""

FEWEST = 20
"""Positives without which nothing is said."""

_GROUPS = 64
_MOST_NEGATIVES = 50_000


@dataclass(frozen=True, slots=True)
class Giveaway:
    """A column that tells the answer alone.

    Attributes:
        auc: of what the other half of the rows had with the same value.
        purest: the highest share of positives among rows with one value, at least.
    """

    name: str
    label: str
    auc: float
    purest: float

    def words(self) -> str:
        """Return it in words."""
        if self.auc >= IMPOSSIBLE:
            return f"{self.name} (tells {self.label} with an AUC of {self.auc:.3f})"
        return f"{self.name} (where it has one value, {self.purest:.0%} are {self.label})"


def refuse_giveaways(
    names: Sequence[str], matrix: NDArray[np.floating], **labels: Booleans
) -> None:
    """Look at each column alone.

    Args:
        matrix: of shape (rows, columns); NaN is a value of its own.
        labels: what is to be predicted, by name.

    Raises:
        OperatorError: a column tells one of them.
    """
    found = [
        one for label, truth in labels.items() for one in giveaways(names, matrix, label, truth)
    ]
    if found:
        raise OperatorError(
            f"{len(found)} of the columns tell the answer, so that nothing would be learnt: "
            f"{'; '.join(one.words() for one in found[:5])}. No feature that was known before can "
            "do that: it is the label, or was counted after it; leave it out, or build it as known "
            "at the row's time"
        )


def giveaways(
    names: Sequence[str], matrix: NDArray[np.floating], label: str, truth: Booleans
) -> list[Giveaway]:
    """Return the columns that tell a label alone, the surest first."""
    rows = _balanced(truth)
    if int(truth.sum()) < FEWEST or rows is None:
        return []
    share = float(truth.mean())
    found = [
        Giveaway(name, label, *_alone(matrix[rows, place], truth[rows], share))
        for place, name in enumerate(names)
    ]
    odds = BEYOND * share / (1 - share)
    pure = max(PURE, odds / (1 + odds)) if share < 0.5 else 1.0
    told = [one for one in found if one.auc >= IMPOSSIBLE or one.purest >= pure]
    return sorted(told, key=lambda one: -one.auc)


def refuse_impossible(auc: float, what: str, gains: dict[str, float]) -> None:
    """Refuse a model that is better than anything honest can be.

    Args:
        auc: on rows that it did not learn from.
        gains: what each column is worth to the model; empty where it does not say.

    Raises:
        OperatorError: it is, naming the columns that it uses most.
    """
    if not auc >= IMPOSSIBLE:
        return
    most = sorted(gains, key=lambda name: -gains[name])[:3]
    named = f"; look first at what it uses most: {', '.join(most)}" if most else ""
    raise OperatorError(
        f"the model tells {what} of later days with an AUC of {auc:.3f}, which nothing that was "
        f"known before can do: columns know the answer together{named}"
    )


def _balanced(truth: Booleans) -> NDArray[np.int64] | None:
    """Return the rows that are looked at: all positives, and negatives drawn evenly."""
    negatives = np.flatnonzero(~truth)
    if not len(negatives):
        return None
    step = max(len(negatives) // _MOST_NEGATIVES, 1)
    return np.sort(np.concatenate([np.flatnonzero(truth), negatives[::step]]))


def _alone(column: NDArray[np.floating], truth: Booleans, share: float) -> tuple[float, float]:
    """Return how well the share of one half of the rows with a value tells the other half, and the
    highest share among rows with one value, as if no negatives had been left out.
    """
    group = _grouped(column.astype(np.float64))
    aucs = []
    half = np.arange(len(truth)) % 2 == 0
    for learnt in (half, ~half):
        rate = _rates(group[learnt], truth[learnt], int(group.max()) + 1, share)
        aucs.append(area_under_roc(truth[~learnt], rate[group[~learnt]]))
    positives = np.bincount(group[truth])
    drawn = share / (1 - share) * (~truth).sum() / max(truth.sum(), 1)
    others = np.bincount(group[~truth], minlength=len(positives))[: len(positives)] / drawn
    others += NO_NEGATIVES
    enough = positives >= FEWEST
    purest = positives[enough] / (positives[enough] + others[enough]) if enough.any() else [0.0]
    return float(np.nanmin(aucs)), float(np.max(purest))


def _grouped(column: Floats) -> NDArray[np.int64]:
    """Return the number of each row's value, or quantile where there are many; NaN is one."""
    there = ~np.isnan(column)
    edges = np.zeros(0)
    if there.any():
        edges = np.unique(np.quantile(column[there], np.linspace(0, 1, _GROUPS)))
    return np.where(there, np.searchsorted(edges, column, side="left") + 1, 0)


def _rates(group: NDArray[np.int64], truth: Booleans, groups: int, share: float) -> Floats:
    """Return the share of each group, drawn a little to that of all."""
    positives = np.bincount(group, truth, minlength=groups)
    return np.asarray((positives + share) / (np.bincount(group, minlength=groups) + 1))
