"""What is known of each token of a message when slots are looked for: the token and its neighbours,
what kind they are of, whether the room shows them, and what the message was taken for.

A token's features come in groups (:data:`Group`). A group depends on few words, so that its weights
are summed once and remembered; :func:`named` spells out the features of one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from intent.classify.slots.lexicon import Lexicon, Word
from intent.classify.slots.tokens import Span, cut, shape_of
from intent.model.message import Message

Group = tuple[Any, ...]
"""One group: its kind first, then all that its features depend on."""

REACH = 3
"""How many tokens before and behind are looked at."""

OFFSETS = range(-REACH, REACH + 1)
"""Places of those, counted from the token itself."""

OTHERS = 4
"""Groups of a token beside those of words and of pairs of words."""

EDGE = Word(" ", " ", "")
"""Stands before the first token and behind the last."""

_NEAR = 1
_UNSPACED = "\u0e00"
_SHORT, _PAIR = 2, 1
_WAY = re.compile("[io][<>=]?")
_PAIRED = 3
_MANY = 6
"""Classes of a word that are paired with its neighbour's."""

_STOP = frozenset(
    re.findall(
        r"\w+",
        "the a an of to in on and or for is are with you i my your me it this that do can be have "
        "has how much what when",
    )
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A message, ready to be tagged.

    Attributes:
        text: as it was written.
        spans: its tokens.
        words: of each token.
        others: :data:`OTHERS` groups for each token, one token after the other.
    """

    text: str
    spans: list[Span]
    words: list[Word]
    others: list[Group]

    def groups(self, at: int) -> list[Group]:
        """Return all groups of one token."""
        around = [
            self.words[place] if 0 <= place < len(self.words) else EDGE
            for place in (at + offset for offset in OFFSETS)
        ]
        return [
            *zip(OFFSETS, around, strict=True),
            ("<", *around[REACH - 1 : REACH + 1]),
            (">", *around[REACH : REACH + 2]),
            *self.others[at * OTHERS : (at + 1) * OTHERS],
        ]


class Reader:
    """Reads messages into groups of features."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Use a lexicon."""
        self.lexicon = lexicon
        self._of_told = lru_cache(maxsize=4096)(self._of_room)
        self._telling = lru_cache(maxsize=32_768)(self._of_word)
        self._kinds = lru_cache(maxsize=32_768)(lexicon.kinds.of)

    def read(self, message: Message, labels: Sequence[str], contacts: Sequence[Span]) -> Cut:
        """Read one message.

        Args:
            labels: what the message was taken for.
            contacts: where the contact details stand in it.
        """
        text = message.text
        spans = cut(text)
        tokens = [text[start:end] for start, end in spans]
        words = self.lexicon.words(tokens)
        shapes = ["", "", *map(shape_of, tokens), "", ""]
        shown = ["", *self._shown(message, spans, words), ""]
        taken = _within(spans, contacts)
        asked = tuple(labels)
        count = min(len(spans), _MANY)
        glued = [
            False,
            *(left[1] == right[0] for left, right in itertools.pairwise(spans)),
            False,
        ]
        others: list[Group] = []
        for at, shape in enumerate(shapes[2:-2]):
            others += [
                ("shapes", *shapes[at : at + 5]),
                ("place", glued[at], glued[at + 1], count, shape),
                ("shown", *shown[at : at + 3], taken[at]),
                ("labels", asked, shape, bool(shown[at + 1])),
            ]
        return Cut(text, spans, words, others)

    def _shown(self, message: Message, spans: Sequence[Span], words: Sequence[Word]) -> list[str]:
        """Say of each token how the room's item and offer name it: one letter for each way."""
        context = message.context
        if context is None:
            return [""] * len(words)
        found = [""] * len(words)
        for letter, told in (("i", context.item), ("o", context.offer)):
            if told:
                self._mark(found, letter, told.lower(), message.text.lower(), spans, words)
        return found

    def _mark(
        self,
        found: list[str],
        letter: str,
        told: str,
        text: str,
        spans: Sequence[Span],
        words: Sequence[Word],
    ) -> None:
        kinds = self._of_told(told)
        for at, word in enumerate(words):
            start, end = spans[at]
            token = text[start:end]
            if len(token) > (1 if token >= _UNSPACED else 2) and token in told:
                found[at] += letter
            if at + 1 < len(words) and spans[at + 1][1] - start > _PAIR:
                pair = text[start : spans[at + 1][1]]
                if pair in told:
                    found[at] += letter + ">"
                    found[at + 1] += letter + "<"
            if not kinds.isdisjoint(self._telling(word.entry)):
                found[at] += letter + "="

    def _of_room(self, told: str) -> frozenset[str]:
        """Return the finest kinds of the words of an item or offer."""
        words = self.lexicon.words([told[start:end] for start, end in cut(told)])
        return frozenset().union(*(self._telling(word.entry) for word in words))

    def _of_word(self, entry: str) -> frozenset[str]:
        """Return the finest kinds of a word; nothing for words that stand everywhere."""
        if entry in _STOP or (entry[0] < _UNSPACED and len(entry) <= _SHORT):
            return frozenset()
        return self.lexicon.kinds.finest(entry)

    def named(self, group: Group) -> list[str]:
        """Spell out the features of one group."""
        kind, *rest = group
        if isinstance(kind, int):
            return self._of_neighbour(kind, rest[0])
        if kind in ("<", ">"):
            return self._of_pair(str(kind), *rest)
        if kind == "shapes":
            first, left, here, right, last = map(str, rest)
            return [
                f"s {left}|{here}|{right}",
                f"s< {first}|{left}|{here}",
                f"s> {here}|{right}|{last}",
            ]
        if kind == "place":
            before, behind, count, shape = rest
            return ["bias", f"glued {before:d}{behind:d} {shape}", f"of {count} {shape}"]
        if kind == "shown":
            left, here, right, taken = map(str, rest)
            ways = [
                f"{side}{way}"
                for side, told in (("-", left), ("", here), ("+", right))
                for way in _ways(told)
            ]
            return [f"r {way}" for way in ways] + [f"r= {here}"] * bool(here) + [f"k {taken}"]
        asked, shape, shown = rest
        return [
            name
            for label in asked
            for name in (f"l {label}", f"l {label} {shape}", *[f"l {label} shown"] * shown)
        ]

    def _of_neighbour(self, offset: int, word: Word) -> list[str]:
        if abs(offset) == REACH:
            return [f"{offset} w{word.token.lower()}"]
        features = self._of_token(word, near=abs(offset) <= _NEAR)
        return [f"{offset} {feature}" for feature in features]

    def _of_token(self, word: Word, *, near: bool) -> list[str]:
        lower = word.token.lower()
        features = [f"w{lower}", f"s{shape_of(word.token)}"]
        classes = self.lexicon.classes_of(word)
        features += [f"x{name}{word.place}" for name in classes]
        features += [f"x {'+'.join(sorted(classes))}"] * (len(classes) > 1)
        if word.place:
            features.append(f"q{word.entry}{word.place}")
        features += [f"c{kind}" for kind in self._kinds(word.entry)]
        if near:
            features += [f"p{size}{lower[:size]}" for size in (3, 4) if len(lower) > size]
            features += [f"e{size}{lower[-size:]}" for size in (2, 3, 4) if len(lower) > size]
            if word.place:
                features.append(f"u{word.place}{min(len(word.entry), 4)}")
        return features

    def _of_pair(self, side: str, left: Word, right: Word) -> list[str]:
        before, behind = left.token.lower(), right.token.lower()
        classes = [self.lexicon.classes_of(word)[:_PAIRED] for word in (left, right)]
        features = [f"{side} {before} {behind}"]
        features += [f"{side}x {one} {other}" for one in classes[0] for other in classes[1]]
        number, other = (right, classes[0]) if side == "<" else (left, classes[1])
        if number.token.isdigit():
            features += [f"{side}d {name}" for name in other]
        return features


def _ways(told: str) -> list[str]:
    """Take apart in which ways the room names a token: "ii>o=" is i, i> and o=."""
    return _WAY.findall(told)


def _within(spans: Sequence[Span], contacts: Sequence[Span]) -> list[str]:
    """Say of each token whether a contact detail begins with it or goes on in it."""
    found = [""] * len(spans)
    for start, end in contacts:
        for at, (begin, stop) in enumerate(spans):
            if begin >= start and stop <= end:
                found[at] = "B" if begin == start else "I"
    return found
