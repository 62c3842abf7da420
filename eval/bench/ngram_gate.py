"""Would a gate over n-grams pay? How much could be settled as *no lead* before the encoder, at an
error below half a percent of what is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from intent.model.message import Message
from intent.model.taxonomy import Taxonomy
from intent.training.calibrate import folds
from intent.training.data import Example
from intent.training.rows import read_rows

TARGETS = (0.005, 0.004, 0.003, 0.002)
"""Errors that the threshold is chosen by; the gate is judged by the error of texts that the
threshold was not chosen on.
"""

STRENGTH = 20.0
FOLDS = 5


@dataclass(frozen=True, slots=True)
class GateRow:
    """What a gate would do whose threshold is chosen by one target.

    Attributes:
        target: error aimed at, a share of what is settled.
        below: probability of lead up to which a text is settled.
        settled: share of the labelled texts.
        wrong, count: leads among the settled, and how many are settled, where the threshold is
            chosen on the same texts.
        held_wrong, held_count: likewise where it is chosen on the other folds: the honest error.
        others: share of the unlabelled texts that is settled.
    """

    target: float
    below: float
    settled: float
    wrong: int
    count: int
    held_wrong: int
    held_count: int
    others: float


def gate(
    examples: Sequence[Example], others: Sequence[Message], taxonomy: Taxonomy
) -> list[GateRow]:
    """Cross-fit a lead classifier on n-grams alone, and its threshold for each target; ``others``
    are real texts without labels.
    """
    rows = read_rows(examples)
    lead = np.array([not taxonomy.leads.isdisjoint(example.labels) for example in examples])
    part = folds([example.group for example in examples], FOLDS)
    chances = np.zeros(len(lead))
    for number in range(FOLDS):
        kept, held = rows.only(part != number), rows.only(part == number)
        vocabulary = kept.vocabulary()
        head = LogisticRegression(C=STRENGTH, solver="liblinear").fit(
            kept.matrix(vocabulary), lead[part != number]
        )
        chances[part == number] = head.predict_proba(held.matrix(vocabulary))[:, 1]
    vocabulary = rows.vocabulary()
    head = LogisticRegression(C=STRENGTH, solver="liblinear").fit(rows.matrix(vocabulary), lead)
    real = read_rows([Example(message, (), "") for message in others])
    reached = head.predict_proba(real.matrix(vocabulary))[:, 1]
    return [judged(chances, lead, part, reached, target) for target in TARGETS]


def judged(
    chances: NDArray[np.float64],
    lead: NDArray[np.bool_],
    part: NDArray[np.int64],
    reached: NDArray[np.float64],
    target: float,
) -> GateRow:
    """Choose the threshold on all labelled texts, and once more for each fold on the others, and
    count the mistakes of both.
    """
    below = threshold(chances, lead, target)
    inside = chances <= below
    held = np.zeros(len(lead), dtype=np.bool_)
    for number in np.unique(part):
        mine = part == number
        held |= mine & (chances <= threshold(chances[~mine], lead[~mine], target))
    counts = (int(lead[inside].sum()), int(inside.sum()), int(lead[held].sum()), int(held.sum()))
    return GateRow(target, below, float(inside.mean()), *counts, float((reached <= below).mean()))


def threshold(chances: NDArray[np.float64], lead: NDArray[np.bool_], target: float) -> float:
    """Return the highest probability up to which fewer than ``target`` of the texts are leads; -1
    when there is none.
    """
    order = np.argsort(chances, kind="stable")
    errors = np.cumsum(lead[order]) / np.arange(1, len(lead) + 1)
    allowed = np.flatnonzero(errors < target)
    return float(chances[order][allowed[-1]]) if len(allowed) else -1.0
