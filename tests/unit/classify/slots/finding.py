"""Slots of one kind, for tests that look at one rule."""

from __future__ import annotations

from intent.classify.slots.find import find_slots


def found(kind: str, text: str) -> list[str]:
    """Return the texts of the slots of a kind."""
    return [slot.text for slot in find_slots(text) if slot.kind == kind]
