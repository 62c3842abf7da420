"""What is to be learned from labelled texts: labels, targets, and the folds that are held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.training.calibrate import folds
from intent.training.data import Example, read_examples

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Task:
    """Labels and targets: ``targets`` of shape (examples, labels), with a last column for lead
    under our taxonomy.
    """

    labels: tuple[str, ...]
    exclusive: bool
    taxonomy: Taxonomy | None

    def targets(self, examples: Sequence[Example]) -> NDArray[np.float64]:
        """Return zeros and ones."""
        rows = [[float(label in example.labels) for label in self.labels] for example in examples]
        if self.taxonomy is not None:
            for row, example in zip(rows, examples, strict=True):
                row.append(float(not self.taxonomy.leads.isdisjoint(example.labels)))
        return np.array(rows)


def task_of(examples: Sequence[Example], taxonomy: Taxonomy | None) -> Task:
    """Return what the examples teach: our taxonomy if they use no other labels, else their own.

    Raises:
        OperatorError: they have one label only.
    """
    seen = {label for example in examples for label in example.labels}
    if len(seen) < 2:
        raise OperatorError(
            f"the data has the one label {next(iter(seen))!r}; a model needs at least two to tell "
            "apart"
        )
    if taxonomy is not None and seen <= set(taxonomy.names):
        return Task(taxonomy.names, exclusive=False, taxonomy=taxonomy)
    return Task(
        tuple(sorted(seen)),
        exclusive=all(len(example.labels) == 1 for example in examples),
        taxonomy=None,
    )


def read_judges(dev: Path, task: Task, progress: Progress) -> list[Example]:
    """Read the texts that thresholds are chosen on; at least one of their labels must be the
    model's, or there is nothing to judge by.

    Raises:
        OperatorError: none of them is, or the file cannot be read.
    """
    judges = read_examples(dev)
    seen = {label for example in judges for label in example.labels}
    unknown = sorted(seen - set(task.labels))
    named = ", ".join(repr(label) for label in unknown[:5]) + (
        f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    )
    if len(unknown) == len(seen):
        raise OperatorError(
            f"{dev} has no label that the training data has, only {named}; give a dev file with "
            "the same labels"
        )
    if unknown:
        progress(
            f"{dev} has labels that the training data lacks, and the model will never choose them: "
            f"{named}"
        )
    return judges


def split(
    examples: Sequence[Example], task: Task, count: int, progress: Progress
) -> NDArray[np.int64]:
    """Return the fold of each text, shape (texts,): by group where that leaves two labels to learn
    beside every fold, else by text.
    """
    targets = task.targets(examples)[:, : len(task.labels)]
    groups = [example.group for example in examples]
    part = folds(groups, count)
    if len(set(groups)) >= count and _teaches(part, targets):
        return part
    carried: dict[str, set[str]] = {}
    for example in examples:
        carried.setdefault(example.message.text, set()).update(example.labels)
    # Dealt out label by label: two texts of a label then never fall into one fold while another
    # fold has none, as hashing may do with a handful.
    dealt = {
        text: number % count
        for number, text in enumerate(
            sorted(carried, key=lambda text: (sorted(carried[text]), text))
        )
    }
    part = np.array([dealt[example.message.text] for example in examples], dtype=np.int64)
    if not _teaches(part, targets):
        raise OperatorError(
            "the data has too few different texts to train and check a model; give at least two "
            "labels two or more texts of their own"
        )
    if len(set(groups)) < len(carried):
        progress(
            f"the texts are of too few rooms ({len(set(groups))}) to hold out whole ones; single "
            "texts are held out, which flatters the figures"
        )
    return part


def _teaches(part: NDArray[np.int64], targets: NDArray[np.float64]) -> bool:
    """Whether the texts outside each fold still carry two labels; ``targets`` has shape (texts,
    labels).
    """
    return all(int(targets[part != number].any(axis=0).sum()) >= 2 for number in np.unique(part))
