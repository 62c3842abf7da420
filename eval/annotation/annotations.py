"""Labels that annotators gave elsewhere, brought into the dataset: all of them or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.data.dataset import (
    ADJUDICATED,
    SPLITS,
    Annotation,
    DatasetFault,
    ExpectedSlot,
    Row,
    load_dataset,
    write_file,
)
from eval.data.lint import label_faults
from intent.model.taxonomy import Taxonomy

_NAME = re.compile(r"[a-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Given:
    """What one annotator gave one row.

    Attributes:
        where: place in the file, for faults: a task's or line's number.
        text: the text that the annotator saw; None where the file does not say.
        slots: None where no slots were asked for.
    """

    where: str
    row: str
    by: str
    labels: tuple[str, ...]
    text: str | None = None
    slots: tuple[ExpectedSlot, ...] | None = None
    guideline: int = 1


def merge(
    rows: Sequence[Row], given: Sequence[Given], taxonomy: Taxonomy, *, replace: bool = False
) -> tuple[list[Row], list[DatasetFault]]:
    """Return the rows with what was given, and everything that is wrong with it; rows with faults
    stay as they were.

    Args:
        replace: an annotator may give other labels than before.
    """
    merged = {row.id: row for row in rows}
    faults: list[DatasetFault] = []
    seen: set[tuple[str, str]] = set()
    for one in given:
        row = merged.get(one.row)
        wrong = _wrong(one, row, taxonomy, seen, replace=replace)
        seen.add((one.row, one.by))
        if wrong or row is None:
            faults += [DatasetFault(f"{one.where} (row {one.row})", what) for what in wrong]
        else:
            merged[one.row] = _with(row, one, taxonomy)
    return list(merged.values()), faults


def import_into(
    folder: Path, given: Sequence[Given], taxonomy: Taxonomy, *, replace: bool = False
) -> tuple[int, list[DatasetFault]]:
    """Write what annotators gave into a dataset's files; with any fault nothing is written. Return
    how many rows changed, and the faults.

    Raises:
        OperatorError: the dataset cannot be read or written.
    """
    before = load_dataset(folder)
    after, faults = merge(before, given, taxonomy, replace=replace)
    if faults:
        return 0, faults
    changed = {row.id for row, old in zip(after, before, strict=True) if row != old}
    for split in SPLITS:
        rows = [row for row in after if row.metadata.split == split]
        if any(row.id in changed for row in rows):
            write_file(folder / f"{split}.jsonl", rows)
    return len(changed), []


def _wrong(
    one: Given, row: Row | None, taxonomy: Taxonomy, seen: set[tuple[str, str]], *, replace: bool
) -> list[str]:
    if row is None:
        return ["the dataset has no such row"]
    wrong = [] if one.labels else ["has no label"]
    # Annotators tick boxes in any order: only what is repeated or unknown is wrong, and what stands
    # alone beside another.
    wrong += list(
        label_faults(
            taxonomy.in_order(one.labels) if set(one.labels) <= set(taxonomy.names) else one.labels,
            taxonomy,
        )
    )
    if len(set(one.labels)) != len(one.labels):
        wrong.append("a label is repeated")
    if not _NAME.fullmatch(one.by):
        wrong.append(
            f"the annotator's name {one.by!r} is not made of small letters, digits, _ and -"
        )
    if one.text is not None and one.text != row.input.text:
        wrong.append("the text is not the dataset's: it was labelled in another version")
    if (one.row, one.by) in seen:
        wrong.append(f"{one.by} stands twice")
    before = row.by(one.by)
    if before is not None and not replace and set(before) != set(one.labels):
        wrong.append(
            f"{one.by} gave other labels before ({', '.join(before)}); use --replace to change them"
        )
    wrong += [
        f"the slot {slot.kind} {slot.text!r} is no part of the text"
        for slot in one.slots or ()
        if slot.text not in row.input.text
    ]
    return wrong


def _with(row: Row, one: Given, taxonomy: Taxonomy) -> Row:
    labels = taxonomy.in_order(one.labels)
    others = tuple(held for held in row.labels if held.by != one.by)
    place = next(
        (number for number, held in enumerate(row.labels) if held.by == one.by), len(others)
    )
    annotation = Annotation(by=one.by, labels=labels, guideline=one.guideline)
    expected = row.expected
    if one.by == ADJUDICATED:
        expected = expected.model_copy(
            update={"labels": labels, "slots": expected.slots if one.slots is None else one.slots}
        )
    return row.model_copy(
        update={"labels": (*others[:place], annotation, *others[place:]), "expected": expected}
    )
