"""Reads a reply: ids out must be ids in, codes become labels, slots must stand in their message;
nothing else is accepted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from intent.classify.llm.shape import find_reply
from intent.model.decision import Slot
from intent.model.disguised import Disguised
from intent.model.taxonomy import Taxonomy

MAX_SLOTS = 20
"""Slots that one message may have; what follows is left out."""

_SEPARATOR = re.compile(r"\s*[,;|/]\s*")
_BLANK = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A message as it was asked about: its text as the author wrote it, and as it was sent."""

    original: str
    sent: Disguised


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one message: labels in the taxonomy's order, and slots that are verbatim
    substrings of it as it was sent.
    """

    labels: tuple[str, ...]
    slots: tuple[Slot, ...]


@dataclass(slots=True)
class Reading:
    """A reply, sorted by id.

    Attributes:
        verdicts: what is accepted.
        faults: for every other id that was asked: missing, duplicate or invalid.
        unknown: ids that nobody asked about; they decide nothing.
        lost_slots: slots that do not stand in their message, or belong to no verdict.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    unknown: int = 0
    lost_slots: int = 0


def is_reply(text: str) -> bool:
    """Say whether a text has the outer shape of a reply."""
    return find_reply(text) is not None


def read_reply(text: str, asked: Mapping[str, Asked], taxonomy: Taxonomy) -> Reading | None:
    """Return what a reply says of each id that was asked, or None where it is no reply at all."""
    value = find_reply(text)
    if value is None:
        return None
    reading = Reading()
    items, slots = value["labels"], value["slots"]
    ids = [_id(item) for item in items]
    counts = Counter(ids)
    reading.unknown = sum(one not in asked for one in ids)
    names = {
        _spelled(word): label.name for label in taxonomy.labels for word in (label.code, label.name)
    }
    labels = {
        one: _labels(item, names, taxonomy)
        for one, item in zip(ids, items, strict=True)
        if one in asked
    }
    for one in asked:
        chosen = labels.get(one)
        if counts[one] != 1:
            reading.faults[one] = "duplicate" if counts[one] else "missing"
        elif chosen is None:
            reading.faults[one] = "invalid"
        else:
            reading.verdicts[one] = Verdict(chosen, ())
    _add_slots(reading, slots, asked, taxonomy)
    return reading


def _id(item: object) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else None


def _labels(item: object, names: Mapping[str, str], taxonomy: Taxonomy) -> tuple[str, ...] | None:
    """Return the labels of an item, or None where they are not of the taxonomy or break its rule of
    what stands alone.
    """
    said = item.get("is") if isinstance(item, dict) else None
    listed = _SEPARATOR.split(said.strip()) if isinstance(said, str) else said
    if not isinstance(listed, list) or not listed:
        return None
    found = [names.get(_spelled(one)) if isinstance(one, str) else None for one in listed]
    labels = taxonomy.in_order(name for name in found if name is not None)
    if None in found:
        return None
    return None if len(labels) > 1 and taxonomy.alone.intersection(labels) else labels


def _spelled(label: str) -> str:
    """Return a code or a name as it is looked up: models write both in many ways."""
    return _BLANK.sub("_", label.strip().casefold())


def _add_slots(
    reading: Reading, slots: list[Any], asked: Mapping[str, Asked], taxonomy: Taxonomy
) -> None:
    found: dict[str, dict[Slot, None]] = {}
    for item in slots:
        one = _id(item)
        slot = _slot(item, asked[one], taxonomy) if one in reading.verdicts else None
        if one is None or slot is None or taxonomy.alone.intersection(reading.verdicts[one].labels):
            reading.lost_slots += 1
        else:
            found.setdefault(one, {})[slot] = None
    for one, kept in found.items():
        reading.verdicts[one] = Verdict(reading.verdicts[one].labels, tuple(kept)[:MAX_SLOTS])


def _slot(item: dict[str, Any], asked: Asked, taxonomy: Taxonomy) -> Slot | None:
    kind, said = item.get("kind"), item.get("text")
    if (
        kind not in taxonomy.slots
        or not isinstance(said, str)
        or not said.strip()
        or said not in asked.sent.text
    ):
        return None
    # A piece that cuts through a placeholder would put something else back than what its author
    # wrote.
    return Slot(kind, said) if asked.sent.restored(said) in asked.original else None
