"""Says what a message asks: a second head over what the local model has read already, held to the
labels that were chosen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from intent.classify.local.vocabulary import Sparse
from intent.model.errors import OperatorError
from intent.model.question_types import NONE, QuestionTypes

QUESTIONS = "questions.safetensors"
"""Name of the head's file in a model's folder; a model without it names no question types."""


@dataclass(frozen=True, slots=True)
class QuestionHead:
    """Linear weights of each type over n-grams, the embedding and the model's logits.

    Attributes:
        names: the types, one for each output.
        under: the labels that a type may stand beside, for each output.
        grams: which columns of the model's vocabulary it uses, ascending, shape (grams,).
        sparse, dense, logit: weights of shape (grams, types), (dimensions, types) and (the model's
            outputs, types).
        bias: shape (types,).
    """

    names: tuple[str, ...]
    under: tuple[frozenset[str], ...]
    grams: NDArray[np.int32]
    sparse: NDArray[np.float32]
    dense: NDArray[np.float32]
    logit: NDArray[np.float32]
    bias: NDArray[np.float32]

    def asks(self, labels: Sequence[str]) -> bool:
        """Say whether any type may stand beside the labels."""
        return any(not under.isdisjoint(labels) for under in self.under)

    def probabilities(
        self, read: Sparse, embedding: NDArray[np.float32], logits: NDArray[np.float32], row: int
    ) -> NDArray[np.float64]:
        """Return the probability of each type for one row of what the model has read, shape
        (types,); they are one against all, and do not sum to one.
        """
        span = slice(read.starts[row], read.starts[row + 1])
        columns = read.columns[span]
        place = np.searchsorted(self.grams, columns)
        known = self.grams[np.minimum(place, len(self.grams) - 1)] == columns
        scores = (
            read.values[span][known] @ self.sparse[place[known]]
            + embedding[row] @ self.dense
            + logits[row] @ self.logit
            + self.bias
        ).astype(np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -60.0, 60.0))))

    def name(self, probabilities: NDArray[np.float64], labels: Sequence[str]) -> str | None:
        """Return the likeliest type that may stand beside ``labels``, or None where nothing is
        asked.

        Args:
            probabilities: shape (types,).
        """
        admitted = [
            number for number, under in enumerate(self.under) if not under.isdisjoint(labels)
        ]
        if not admitted:
            return None
        best = max(admitted, key=lambda number: probabilities[number])
        return None if self.names[best] == NONE else self.names[best]


def save_question_head(folder: Path, head: QuestionHead) -> None:
    """Write a head beside its model; the same head gives the same bytes."""
    # One key: safetensors writes several in any order, and equal heads would differ.
    under = [sorted(labels) for labels in head.under]
    about = {"types": json.dumps([head.names, under])}
    tensors = {
        "grams": head.grams,
        "sparse": head.sparse.astype(np.float16),
        "dense": head.dense.astype(np.float16),
        "logit": head.logit,
        "bias": head.bias,
    }
    content = save({name: np.ascontiguousarray(one) for name, one in tensors.items()}, about)
    (folder / QUESTIONS).write_bytes(content)


def load_question_head(folder: Path) -> QuestionHead | None:
    """Read the head of the model in ``folder``; None where it has none.

    Raises:
        OperatorError: the file is damaged.
    """
    path = folder / QUESTIONS
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as opened:
            names, under = json.loads(opened.metadata()["types"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        return QuestionHead(
            tuple(names),
            tuple(frozenset(labels) for labels in under),
            tensors["grams"],
            *(tensors[name].astype(np.float32) for name in ("sparse", "dense", "logit", "bias")),
        )
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{path} is damaged ({type(error).__name__}); copy the whole folder of the model, or "
            "make the file again with `python -m intent.training.questions`"
        ) from error


def head_of(
    types: QuestionTypes, grams: NDArray[np.int32], weights: Sequence[NDArray[np.float32]]
) -> QuestionHead:
    """Put a head together; ``weights`` are those of n-grams, embedding and logits, and the bias."""
    under = tuple(types.under[name] for name in types.names)
    return QuestionHead(types.names, under, grams, *weights)
