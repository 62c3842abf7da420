"""Writes slots as the stored text has them: with placeholders where the message has contact
details.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from intent.classify.placeholders import disguise
from intent.model.decision import Decision, Slot, Versions
from intent.model.disguised import Disguised
from intent.model.message import MAX_TEXT_BYTES, Message
from intent.ports.deciding import Classifier


class StoredSlots:
    """Decides as another classifier does, from texts as they were written; implements
    ``Classifier``. Its slots are verbatim substrings of what is stored of these texts.
    """

    def __init__(self, inner: Classifier) -> None:
        self._inner = inner

    @property
    def versions(self) -> Versions:
        """The versions of the classifier behind it."""
        return self._inner.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        """Decide each message, in order."""
        decided = self._inner.classify(messages)
        return [
            _stored(decision, message.text) if decision.slots else decision
            for decision, message in zip(decided, messages, strict=True)
        ]


def _stored(decision: Decision, text: str) -> Decision:
    details = disguise(text, MAX_TEXT_BYTES)
    if not details.originals:
        return decision
    slots = tuple(Slot(slot.kind, _in_stored(slot.text, text, details)) for slot in decision.slots)
    return dataclasses.replace(decision, slots=tuple(dict.fromkeys(slots)))


def _in_stored(piece: str, text: str, details: Disguised) -> str:
    """Return a piece of a text as it is stored; what it cuts of a contact detail is all of its
    placeholder.
    """
    start = text.find(piece)
    end = start + len(piece)
    stored: list[str] = []
    at = 0
    for placeholder, original in details.originals.items():
        place = text.index(original, at)
        at_end = place + len(original)
        if start < at_end and place < end:
            stored += [text[start:place] if start < place else "", placeholder]
            start = at_end
        at = at_end
    return "".join([*stored, text[start:end] if start < end else ""])
