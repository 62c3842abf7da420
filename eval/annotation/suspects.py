"""Labels that are probably wrong: where a decider that was not trained on the row is sure of
something else.

After C. Northcutt et al., Confident learning, 2021, in its form for several labels (A. Thyagarajan
et al., 2022): a row's score is its least confident label, so that one wrong label among right ones
is found. The list is for people to look at; nothing is changed by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.data.dataset import AUTHOR, SECOND
from eval.measure.scored import Scored
from eval.run.items import Item

SURE = 0.2
"""A label is suspected when the decider gives it less than this."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose labels somebody should look at.

    Attributes:
        given, decided: the row's labels, and the decider's.
        confidence: probability in [0, 1] that the decider gives to the row's least likely label
            being right.
        annotators_disagreed: whether two people already labelled it differently.
    """

    id: str
    text: str
    given: tuple[str, ...]
    decided: tuple[str, ...]
    confidence: float
    annotators_disagreed: bool


def suspects(items: dict[str, Item], scored: Scored, *, most: int = 100) -> list[Suspect]:
    """Return the rows whose labels are most doubtful, the worst first; the scored run must not be
    by a model trained on them.
    """
    confidence = np.where(scored.truth, scored.probabilities, 1 - scored.probabilities).min(axis=1)
    wrong = (scored.truth != scored.chosen).any(axis=1) & scored.answered
    order = [
        int(row)
        for row in np.argsort(confidence, kind="stable")
        if wrong[row] and confidence[row] < SURE
    ]
    found: dict[str, Suspect] = {}
    for row in order:
        key = scored.ids[row]
        if key not in found and len(found) < most:
            found[key] = _suspect(items[key], _names(scored, row), float(confidence[row]))
    return list(found.values())


def _suspect(item: Item, decided: Sequence[str], confidence: float) -> Suspect:
    first, second = item.row.by(AUTHOR), item.row.by(SECOND)
    disagreed = first is not None and second is not None and first != second
    return Suspect(
        item.row.id,
        item.row.input.text,
        item.row.expected.labels,
        tuple(decided),
        confidence,
        disagreed,
    )


def _names(scored: Scored, row: int) -> list[str]:
    return [name for name, chosen in zip(scored.labels, scored.chosen[row], strict=True) if chosen]
