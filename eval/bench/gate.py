"""Would a gate over n-grams pay? How much could be settled as *no lead* before the encoder, at an error below half a percent of what is settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from eval.bench.local import targets
from intent.classify.gloss import load_glossary
from intent.taxonomy import Taxonomy
from intent.training.calibrate import folds
from intent.training.data import Example
from intent.training.rows import read_rows

ERROR = 0.005
STRENGTH = 20.0
FOLDS = 5


def gate(examples: Sequence[Example], others: Sequence[Example], taxonomy: Taxonomy) -> tuple[float, float, float]:
    """Cross-fit a lead classifier on n-grams alone, and find the largest share of ``examples`` that it may settle.

    Returns:
        The share of ``examples`` that is settled, the probability below which a text is settled, and the share of ``others`` settled by it.
    """
    rows, lead = read_rows(examples, load_glossary()), targets(examples, taxonomy)[:, -1]
    part = folds([example.group for example in examples], FOLDS)
    chances = np.zeros(len(lead))
    for number in range(FOLDS):
        kept, held = rows.only(part != number), rows.only(part == number)
        vocabulary = kept.vocabulary()
        head = LogisticRegression(C=STRENGTH, solver="liblinear").fit(kept.matrix(vocabulary), lead[part != number])
        chances[part == number] = head.predict_proba(held.matrix(vocabulary))[:, 1]
    share, below = settled(chances, lead > 0.5)
    vocabulary = rows.vocabulary()
    head = LogisticRegression(C=STRENGTH, solver="liblinear").fit(rows.matrix(vocabulary), lead)
    reached = head.predict_proba(read_rows(others, load_glossary()).matrix(vocabulary))[:, 1]
    return share, below, float((reached <= below).mean())


def settled(chances: NDArray[np.float64], lead: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the largest share that may be settled at the allowed error, and the probability of its last row; (0, 0) when there is none."""
    order = np.argsort(chances)
    errors = np.cumsum(lead[order]) / np.arange(1, len(lead) + 1)
    allowed = np.flatnonzero(errors <= ERROR)
    if not len(allowed):
        return 0.0, 0.0
    last = int(allowed[-1])
    return (last + 1) / len(lead), float(chances[order][last])
