"""Fits what says which question a message asks, on what a trained model has read already
(``python -m intent.training.questions``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from intent.classify.local.classifier import LocalClassifier
from intent.classify.local.question_head import QuestionHead, head_of, save_question_head
from intent.model.errors import OperatorError
from intent.model.question_types import QuestionTypes, load_question_types
from intent.training.data import Example, read_examples
from intent.training.logistic import fit
from intent.training.rows import read_rows

_STRENGTH = 10.0
_DENSE_SCALE, _LOGIT_SCALE = 2.0, 0.3
"""Weights of embedding and logits beside the n-grams, of 0 to 8 and 0 to 0.6 the best on dev."""

_AT_LEAST = 3
"""N-grams that stand in fewer of the labelled messages are left out."""


@dataclass(frozen=True, slots=True)
class AskedExample:
    """A labelled message and the name of its question type."""

    example: Example
    question: str


def read_asked(types: QuestionTypes, table: Path, *data: Path) -> list[AskedExample]:
    """Read the messages of ``data`` whose id stands in ``table``: two columns, id and question,
    parted by a tab, under one line of headings.

    Raises:
        OperatorError: a file cannot be read, a line has no two columns, a type is unknown, or no
            message is found.
    """
    try:
        lines = table.read_text(encoding="utf-8").splitlines()[1:]
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{table} cannot be read as UTF-8 text: {error}") from error
    asked = {}
    for number, line in enumerate(lines, 2):
        name, tab, question = line.partition("\t")
        if not tab or question not in types.names:
            raise OperatorError(
                f"{table} line {number}: write a message's id, a tab, and one of the types of "
                f"{types.name!r}; found {line!r}"
            )
        asked[name] = question
    found = [
        AskedExample(example, asked[example.message.message_id])
        for example in read_examples(*data)
        if example.message.message_id in asked
    ]
    if not found:
        raise OperatorError(f"no message of {', '.join(map(str, data))} stands in {table}")
    return found


def fit_questions(
    model: LocalClassifier, types: QuestionTypes, asked: Sequence[AskedExample]
) -> QuestionHead:
    """Fit one logistic regression a type, each against all others, on the model's n-grams,
    embedding and logits; the result depends on nothing but the arguments.

    Raises:
        OperatorError: the model has no encoder.
    """
    numbers = model.model.numbers
    if model.encoder is None:
        raise OperatorError("question types need a model with an encoder")
    examples = [one.example for one in asked]
    rows = read_rows(examples)
    matrix = rows.matrix(numbers.vocabulary)
    counts = np.asarray((matrix != 0).sum(axis=0)).ravel()
    grams = np.flatnonzero(counts >= _AT_LEAST).astype(np.int32)
    embedding = model.encoder.encode(rows.encoded) * _DENSE_SCALE
    logits = model.logits([example.message for example in examples]) * _LOGIT_SCALE
    beside = [scipy.sparse.csr_matrix(part.astype(np.float64)) for part in (embedding, logits)]
    targets = np.array([[float(one.question == name) for name in types.names] for one in asked])
    head = fit(
        scipy.sparse.hstack([matrix[:, grams], *beside]).tocsr(),
        targets,
        strength=_STRENGTH,
        exclusive=False,
    )
    return head_of(types, grams, _parts(head.weights, len(grams), logits.shape[1], head.bias))


def _parts(
    weights: NDArray[np.float32], grams: int, outputs: int, bias: NDArray[np.float32]
) -> tuple[NDArray[np.float32], ...]:
    """Undo the scales, so that serving multiplies what the model has as it is."""
    dense, logit = weights[grams:-outputs], weights[-outputs:]
    return weights[:grams], dense * np.float32(_DENSE_SCALE), logit * np.float32(_LOGIT_SCALE), bias


def main() -> int:
    """Read the command line and fit; 1 with one sentence on stderr when it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, help="folder that `intent train` wrote"
    )
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--table", type=Path, required=True, help="ids and question types")
    parser.add_argument("--types", type=Path, default=Path("prompts/questions.yaml"))
    given = parser.parse_args()
    try:
        types = load_question_types(given.types)
        asked = read_asked(types, given.table, *given.data)
        model = LocalClassifier.load(given.model, taxonomy=None, cache_dir=None)
        save_question_head(given.model, fit_questions(model, types, asked))
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{len(asked)} messages, {len(types.names)} types, written to {given.model}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
