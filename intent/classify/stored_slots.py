"""Writes slots as the stored text has them: with placeholders where the message has contact
details.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from intent.classify.placeholders import disguise
from intent.model.decision import Decision, Slot, Versions
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
    slots = tuple(Slot(slot.kind, details.without(slot.text, text)) for slot in decision.slots)
    return dataclasses.replace(decision, slots=tuple(dict.fromkeys(slots)))
