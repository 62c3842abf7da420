"""Labels that annotators gave elsewhere, brought into the dataset: all of them or none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from eval.data.dataset import (
    ADJUDICATED,
    AUTHOR,
    NAME,
    OPEN,
    SPLITS,
    Annotation,
    DatasetFault,
    Entry,
    ExpectedSlot,
    load_entries,
    write_file,
)
from eval.data.lint import label_faults
from eval.data.settling import settled
from intent.model.taxonomy import Taxonomy

SlotKinds = Set[str]


@dataclass(frozen=True, slots=True)
class Given:
    """What one annotator gave one row.

    Attributes:
        where: place in the file, for faults: a task's or line's number.
        row: id of the row; "" where the file knows the text alone.
        labels: names, or the guideline's two-letter codes.
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
    rows: Sequence[Entry], given: Sequence[Given], taxonomy: Taxonomy, *, replace: bool = False
) -> tuple[list[Entry], list[DatasetFault]]:
    """Return the rows with what was given, and everything that is wrong with it; rows with faults
    stay as they were.

    Args:
        replace: an annotator may give other labels than before.
    """
    merged = {row.id: row for row in rows}
    faults: list[DatasetFault] = []
    seen: set[tuple[str, str]] = set()
    for one in _found_by_text(given, rows):
        row = merged.get(one.row)
        labels = spelled_out(one.labels, taxonomy)
        wrong = _wrong(one, labels, row, taxonomy, seen, replace=replace)
        seen.add((one.row, one.by))
        if wrong or row is None:
            faults += [DatasetFault(f"{one.where} (row {one.row})", what) for what in wrong]
        else:
            merged[one.row] = _with(row, one, taxonomy.in_order(labels))
    return list(merged.values()), faults


def import_into(
    folder: Path, given: Sequence[Given], taxonomy: Taxonomy, *, replace: bool = False
) -> tuple[int, list[DatasetFault]]:
    """Write what annotators gave into a dataset's files; with any fault nothing is written. Return
    how many rows changed, and the faults.

    What is settled goes to its split, what is not to what is open.

    Raises:
        OperatorError: the dataset cannot be read or written.
    """
    before = load_entries(folder)
    after, faults = merge(before, given, taxonomy, replace=replace)
    if faults:
        return 0, faults
    changed = [(row, old) for row, old in zip(after, before, strict=True) if row != old]
    for split in SPLITS:
        held = [row for row in before if row.metadata.split == split]
        kept = {row.id: row for row in after if row.metadata.split == split and row.expected}
        if any(row.metadata.split == split for row, _ in changed):
            stay = [kept.pop(row.id) for row in held if row.expected and row.id in kept]
            write_file(folder / f"{split}.jsonl", placed(stay, kept.values()))
    if any(row.expected is None or old.expected is None for row, old in changed):
        write_file(folder / OPEN, [row for row in after if row.expected is None])
    return len(changed), []


def spelled_out(labels: Sequence[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the names of labels that were written as names or codes, in small letters or large;
    what is neither stays as it is.
    """
    names = {label.code.casefold(): label.name for label in taxonomy.labels}
    names |= {name: name for name in taxonomy.names}
    return tuple(names.get(re.sub(r"[\s-]+", "_", one.casefold()), one) for one in labels)


def slot_in(text: str, kind: str, said: Any, start: Any, end: Any) -> ExpectedSlot | None:
    """Return a slot as it stands in the text: where tools have escaped line breaks, or counted
    otherwise, by what fits; None where nothing does.
    """
    places = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
    written = [said, _unescaped(said)] if isinstance(said, str) else []
    candidates = [*written, *([text[start:end]] if places else [])]
    found = next((one for one in candidates if one and one in text), None)
    return None if found is None else ExpectedSlot(kind=kind, text=found)


def placed(rows: Sequence[Entry], fresh: Iterable[Entry]) -> list[Entry]:
    """Return rows with fresh ones among those of their room, in order of time."""
    found = list(rows)
    for one in sorted(fresh, key=_when):
        room = (one.input.platform, one.input.room_id)
        places = [
            place
            for place, row in enumerate(found)
            if (row.input.platform, row.input.room_id) == room
        ]
        earlier = [place for place in places if _when(found[place]) <= _when(one)]
        place = earlier[-1] + 1 if earlier else places[0] if places else len(found)
        found.insert(place, one)
    return found


def _when(row: Entry) -> tuple[datetime, str]:
    return datetime.fromisoformat(row.input.sent_at), row.id


def _found_by_text(given: Sequence[Given], rows: Sequence[Entry]) -> list[Given]:
    ids: dict[str, str] = {}
    for row in rows:
        ids.setdefault(_plain(row.input.text), row.id)
    return [
        _in_row(one, ids.get(_plain(one.text or ""), "")) if one.row == "" else one for one in given
    ]


def _in_row(one: Given, row: str) -> Given:
    return Given(one.where, row, one.by, one.labels, one.text, one.slots, one.guideline)


def _wrong(
    one: Given,
    labels: tuple[str, ...],
    row: Entry | None,
    taxonomy: Taxonomy,
    seen: set[tuple[str, str]],
    *,
    replace: bool,
) -> list[str]:
    if row is None:
        return ["the dataset has no such row"]
    wrong = [] if labels else ["has no label"]
    # Annotators tick boxes in any order: only what is repeated or unknown is wrong, and what stands
    # alone beside another.
    known = set(labels) <= set(taxonomy.names)
    wrong += label_faults(taxonomy.in_order(labels) if known else labels, taxonomy)
    if len(set(labels)) != len(labels):
        wrong.append("a label is repeated")
    if not re.fullmatch(NAME, one.by):
        wrong.append(f"the annotator's name {one.by!r} is not made of letters, digits and _ . + -")
    if one.text is not None and _plain(one.text) != _plain(row.input.text):
        wrong.append("the text is not the dataset's: it was labelled in another version")
    if (one.row, one.by) in seen:
        wrong.append(f"{one.by} stands twice")
    before = row.by(one.by)
    if before is not None and not replace and set(before) != set(labels):
        wrong.append(
            f"{one.by} gave other labels before ({', '.join(before)}); use --replace to change them"
        )
    return wrong + _wrong_slots(one, row, taxonomy)


def _wrong_slots(one: Given, row: Entry, taxonomy: Taxonomy) -> list[str]:
    slots = one.slots or ()
    return [
        f"the slot kind {slot.kind!r} is not in the taxonomy"
        for slot in slots
        if slot.kind not in taxonomy.slots
    ] + [
        f"the slot {slot.kind} {slot.text!r} is no part of the text"
        for slot in slots
        if slot.text not in row.input.text
    ]


def _with(row: Entry, one: Given, labels: tuple[str, ...]) -> Entry:
    others = tuple(held for held in row.labels if held.by != one.by)
    before = next((place for place, held in enumerate(row.labels) if held.by == one.by), None)
    place = len(others) if before is None else before
    slots = row.labels[place].slots if before is not None and one.slots is None else one.slots
    # Whoever wrote a message has given its slots; only an adjudicator gives it others.
    was_written = row.by(AUTHOR) is not None
    annotation = Annotation(
        by=one.by, labels=labels, guideline=one.guideline, slots=None if was_written else slots
    )
    found = row.model_copy(update={"labels": (*others[:place], annotation, *others[place:])})
    if was_written and one.by == ADJUDICATED and slots is not None and found.expected is not None:
        expected = found.expected.model_copy(update={"slots": slots})
        found = found.model_copy(update={"expected": expected})
    return settled(found)


def _plain(text: str) -> str:
    """Return a text without what tools do to it on the way: line breaks and composed letters."""
    lines = unicodedata.normalize("NFC", _unescaped(text)).replace("\r\n", "\n").replace("\r", "\n")
    return lines.strip()


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\t", "\t")
