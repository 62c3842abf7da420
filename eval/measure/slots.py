"""Which slots of a message are right, wrong and missed, as exact substrings.

On messages that are chatter or spam (whatever stands alone in the taxonomy) nobody acts, and the
LLM is told to mark nothing there. The guideline marks them all the same, so that what is true of a
text does not hang on its label: there a slot that stands in the truth is neither asked for nor
wrong, only one that does not stand in it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from eval.data.dataset import Row
from eval.run.predictions import Prediction, slots_of
from intent.model.decision import Slot
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class JudgedSlots:
    """The slots of one message, held against the truth."""

    right: frozenset[Slot]
    wrong: frozenset[Slot]
    missed: frozenset[Slot]

    @property
    def mistakes(self) -> int:
        """How many are wrong or missed."""
        return len(self.wrong) + len(self.missed)

    @property
    def story(self) -> str:
        """What is wrong with them, for people; empty where nothing is."""
        parts = (("wrong", self.wrong), ("missed", self.missed))
        return "; ".join(f"{word} {slot_words(found)}" for word, found in parts if found)


def judged_slots(row: Row, prediction: Prediction, taxonomy: Taxonomy) -> JudgedSlots:
    """Return what became of the slots of a message."""
    true = frozenset(Slot(slot.kind, slot.text) for slot in row.expected.slots)
    found = slots_of(prediction)
    if taxonomy.alone.intersection(row.expected.labels):
        return JudgedSlots(frozenset(), found - true, frozenset())
    return JudgedSlots(true & found, found - true, true - found)


def slot_words(slots: frozenset[Slot]) -> str:
    """Return slots as people read them, in a fixed order."""
    return ", ".join(f"{kind} “{text}”" for kind, text in slot_pairs(slots))


def slot_pairs(slots: frozenset[Slot]) -> list[tuple[str, str]]:
    """Return kinds and texts of slots, in a fixed order."""
    return sorted((slot.kind, slot.text) for slot in slots)
