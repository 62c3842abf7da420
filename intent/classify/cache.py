"""Decides a text once: what was said before, by the same kind of author in the same situation, is
answered from memory.
"""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from intent.classify.contacts import find_contacts
from intent.classify.folding import INVISIBLE
from intent.classify.local.styling import styling_features
from intent.model.decision import Decision, Slot, Versions
from intent.model.message import Message
from intent.ports.deciding import Classifier

Key = tuple[str | None, ...]

LONGEST = 300
"""Longest text that is remembered, in characters; longer ones hardly ever come twice, unless as a
flood of spam.
"""

BARE = 16
"""A text of at most so many characters may be a bare detail, whose meaning hangs on the moment."""

_SIZE = re.compile(r"(?<![\w'’])(?:[sml]|x{1,5}[sl])(?!\w)", re.ASCII | re.IGNORECASE)
_FLOOD = re.compile(r"([^\w\s])\1{3,}")
_SPACE = re.compile(r"\s+")


def normalised(text: str) -> str:
    """Return the text without what never carries an ask: invisible characters, wide spaces, floods
    of one sign or emoji.

    Letters, digits and their case stay as they are: "ship to US" and "ship to us" are two asks, so
    are "5555" and "55555".
    """
    visible = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return _SPACE.sub(" ", _FLOOD.sub(r"\1\1\1", visible)).strip()


def is_bare_detail(text: str) -> bool:
    """Say whether a text is a size, a code or a number by itself, or little more: it answers the
    moment, not the text.
    """
    if len(text) > BARE:
        return False
    plain = "".join(sign for sign in text if sign.isalnum())
    if not plain:
        return False
    return len(plain) <= 3 or any(sign.isnumeric() for sign in plain) or bool(_SIZE.search(text))


def remembered_as(message: Message) -> Key | None:
    """Return the key under which a decision may be remembered, or None where it never may."""
    text = message.text
    if len(text) > LONGEST or is_bare_detail(text.strip()) or find_contacts(text):
        return None
    return normalised(text), " ".join(styling_features(text)), *message.substance[1:]


class FindsSlots(Protocol):
    """Finds the slots of messages whose labels are chosen."""

    def find(
        self, messages: Sequence[Message], labels: Sequence[Sequence[str]]
    ) -> list[tuple[Slot, ...]]:
        """Return the slots of each message."""


class CachedClassifier:
    """Remembers the decisions of another classifier; implements ``Classifier``. One instance serves
    one thread and one classifier, whose versions never change: they are no part of the key.
    """

    def __init__(self, inner: Classifier, slots: FindsSlots, *, capacity: int) -> None:
        """Remember up to ``capacity`` decisions, the least recently used go first.

        Args:
            slots: finds what the inner classifier would find in a text that differs by spaces or
                floods from the one that was decided.
        """
        self._inner, self._slots, self._capacity = inner, slots, capacity
        self._known: OrderedDict[Key, tuple[str, Decision]] = OrderedDict()

    @property
    def versions(self) -> Versions:
        """The versions of the classifier behind the cache."""
        return self._inner.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        """Decide each message, in order; repetitions inside the batch are decided once too, also
        of what is never remembered.
        """
        remembered = [remembered_as(message) for message in messages]
        # A substance has one part less than a key that is remembered: the two are never equal.
        keys = [key or message.substance for key, message in zip(remembered, messages, strict=True)]
        answers: dict[int, Decision] = {}
        asked: list[int] = []
        first: dict[Key, int] = {}
        for row, key in enumerate(keys):
            if key in self._known:
                self._known.move_to_end(key)
                answers[row] = self._again(*self._known[key], messages[row])
            elif first.setdefault(key, row) == row:
                asked.append(row)
        if asked:
            answers.update(
                zip(asked, self._inner.classify([messages[row] for row in asked]), strict=True)
            )
        for row, key in enumerate(keys):
            if row not in answers and remembered[row] is None:
                # The same word for word: decided beside its like, not taken from memory.
                answers[row] = answers[first[key]]
            elif row not in answers:
                known = first[key]
                answers[row] = self._again(messages[known].text, answers[known], messages[row])
        for key, row in first.items():
            if remembered[row] is not None:
                self._remember(key, messages[row].text, answers[row])
        return [answers[row] for row in range(len(messages))]

    def _remember(self, key: Key, text: str, decision: Decision) -> None:
        # A degraded decision is a stopgap; remembering it would outlive the outage.
        if decision.degraded or self._capacity <= 0:
            return
        self._known[key] = text, decision
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def _again(self, text: str, decision: Decision, message: Message) -> Decision:
        slots = decision.slots
        if text != message.text:
            (slots,) = self._slots.find([message], [decision.labels])
        return replace(decision, slots=slots, from_cache=True)
