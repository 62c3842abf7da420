"""What is expected of a message: what was adjudicated, else its author's labels, else what all
annotators agree on; a disagreement stays open until somebody settles it.
"""

from __future__ import annotations

from collections.abc import Iterator

from eval.data.dataset import ADJUDICATED, AUTHOR, Annotation, Entry, Expected, ExpectedSlot, Row


def settled(entry: Entry) -> Entry:
    """Return the entry as a row with what is expected, or without, where that is open."""
    expected = _expected(entry)
    fields = {name: getattr(entry, name) for name in ("id", "input", "labels", "metadata")}
    return Entry(**fields) if expected is None else Row(**fields, expected=expected)


def disagreements(entry: Entry) -> Iterator[str]:
    """Yield what annotators disagree about, and nobody has adjudicated."""
    if entry.by(ADJUDICATED) is not None:
        return
    if len({held.labels for held in entry.labels}) > 1:
        yield "the annotators disagree and nobody has adjudicated"
    elif len({frozenset(slots) for slots in _slots(entry)}) > 1:
        yield "the annotators disagree about slots and nobody has adjudicated"


def opinions(entry: Entry) -> dict[str, str]:
    """Return what each annotator said, in words for whoever adjudicates."""
    return {held.by: spelled(held) for held in entry.labels if held.by != ADJUDICATED}


def spelled(held: Annotation) -> str:
    """Return labels and slots in one line."""
    slots = "; ".join(f"{slot.kind}: {slot.text}" for slot in held.slots or ())
    return "+".join(held.labels) + (f" ({slots})" if slots else "")


def _expected(entry: Entry) -> Expected | None:
    before = entry.expected.slots if entry.expected else None
    adjudicated = next((held for held in entry.labels if held.by == ADJUDICATED), None)
    said = list(_slots(entry))
    if adjudicated is not None:
        slots = adjudicated.slots
        if slots is None:
            slots = before if before is not None else (said[0] if said else ())
        return Expected(labels=adjudicated.labels, slots=slots)
    author = entry.by(AUTHOR)
    if author is not None:
        return Expected(labels=author, slots=before or ())
    if not entry.labels or any(disagreements(entry)):
        return None
    return Expected(labels=entry.labels[0].labels, slots=said[0] if said else ())


def _slots(entry: Entry) -> Iterator[tuple[ExpectedSlot, ...]]:
    return (held.slots for held in entry.labels if held.slots is not None)
