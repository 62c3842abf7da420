"""Reads what one message orders of a round's items, from free wording; what is unclear is asked
back and never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from intent.claims import claim_words as known
from intent.classify.folding import fold
from intent.model.claim_round import ClaimItem, ClaimItems, Ordered

_QUOTED = re.compile(r"^\s*(?:[@>\"“'«]|\S+\s*:\s*\")")
_SPACED = re.compile(r"[a-z0-9\u00c0-\u024f\u1e00-\u1eff]")
_DIGITS = re.compile(
    r"(?<![\w.,])(?:x|\+)?\s?(\d{1,7})(?:x|k)?(?![\d%]|[.,]\d)|(?<=[\u0e00-\u9fff])(\d{1,7})"
)
_NO_NUMBERS = re.compile("一共|一起|一下|一直|第一")
"""Words with a number in them that counts nothing."""
_CODE = re.compile(r"(?<![a-z0-9])[a-z]{1,2}-?\d{1,3}(?![a-z0-9])|#\d{1,3}\b")
"""What looks like a code; one that is none of the round's is of something else."""
_SIZE = re.compile(r"^(?:x|rp|rm)\d+$")
_HALF_DOZEN = re.compile(r"half a dozen|media docena|setengah lusin")
_LONGEST = 12
"""Words of a message that orders without naming a code."""


class Move(StrEnum):
    """What a message does to what its author ordered."""

    ORDER = "order"
    ADD = "add"
    CHANGE = "change"
    CANCEL = "cancel"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Mention:
    """An item that was named, with what stands beside it; what was not said is None.

    Attributes:
        by_code: by its code, and not by a word that may be talk about it.
    """

    code: str
    variant: str | None = None
    quantity: int | None = None
    by_code: bool = False


@dataclass(frozen=True, slots=True)
class ClaimReading:
    """What a message says.

    Attributes:
        mentions: items that it names, or none.
        variant: the names of variants that fit, where no item is named.
        quantity: pieces, where no item is named.
        orders: it has a word of ordering.
    """

    move: Move
    mentions: tuple[Mention, ...] = ()
    variant: tuple[str, ...] = ()
    quantity: int | None = None
    orders: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    kind: str
    value: str | int


class ClaimReader:
    """Reads messages for the items of one round."""

    def __init__(self, items: ClaimItems) -> None:
        self.items = items
        self._codes = [(_word(fold(one.code)), one.code) for one in items.items]
        self._names = [
            (pattern, one.code) for one in items.items for pattern in _name_patterns(one, items)
        ]
        self._variants = [
            (pattern, variant.name)
            for one in items.items
            for variant in one.variants
            for pattern in _variant_patterns(variant.names)
        ]
        words = sorted(known.NUMBERS, key=len, reverse=True)
        self._numbers = [(_word(word), known.NUMBERS[word]) for word in words]

    def read(self, text: str) -> ClaimReading:
        """Return what a message says."""
        folded = fold(text)
        if not folded or _QUOTED.match(text):
            return ClaimReading(Move.NONE)
        found = self._find(folded)
        move = _move(folded)
        if move in (Move.CANCEL, Move.CHANGE) or not known.DOUBTS.search(folded):
            return self._made(folded, found, move)
        return ClaimReading(Move.NONE)

    def _find(self, text: str) -> list[_Found]:
        text = _NO_NUMBERS.sub(lambda match: " " * len(match[0]), text)
        taken = bytearray(len(text))
        found: list[_Found] = []
        half = _HALF_DOZEN.search(text)
        if half:
            _take(found, taken, half.start(), half.end(), "quantity", 6)
        kinds = (("code", self._codes), ("variant", self._variants), ("item", self._names))
        for kind, patterns in kinds:
            for pattern, name in patterns:
                for match in pattern.finditer(text):
                    _take(found, taken, match.start(), match.end(), kind, name)
        for match in _DIGITS.finditer(text):
            number = int(match[1] or match[2])
            _take(found, taken, match.start(), match.end(), "quantity", number)
        for counted, value in self._numbers:
            for match in counted.finditer(text):
                _take(found, taken, match.start(), match.end(), "quantity", value)
        return sorted(found, key=lambda one: one.start)

    def _made(self, text: str, found: list[_Found], move: Move) -> ClaimReading:
        orders = known.ORDERS.search(text) is not None
        asks = known.QUESTIONS.search(text) and not known.POLITE.search(text)
        pieces = [int(one.value) for one in found if one.kind == "quantity"]
        if move not in (Move.CANCEL, Move.CHANGE) and (
            asks or any(not 1 <= one <= known.MOST_PIECES_SAID for one in pieces)
        ):
            return ClaimReading(Move.NONE)
        if known.EVERY_ITEM.search(text):
            every = tuple(
                Mention(one.code, None, pieces[0] if pieces else 1) for one in self.items.items
            )
            return ClaimReading(move, every, orders=orders)
        mentions = self._grouped(found)
        if mentions:
            if known.EACH.search(text) and pieces:
                mentions = [Mention(one.code, one.variant, pieces[0]) for one in mentions]
            told = orders or any(one.by_code or one.quantity or one.variant for one in mentions)
            if move is Move.ORDER and (not told or (len(text.split()) > _LONGEST and not orders)):
                return ClaimReading(Move.NONE)
            return ClaimReading(move, tuple(mentions), orders=orders)
        if self._names_something_else(text, found):
            return ClaimReading(move if move is Move.CANCEL else Move.NONE)
        several = self._variants_alone(found)
        if several:
            return ClaimReading(move, several, orders=orders)
        named = tuple(dict.fromkeys(str(one.value) for one in found if one.kind == "variant"))
        quantity = pieces[0] if len(pieces) == 1 else None
        if len(pieces) > 1 or len(text.split()) > _LONGEST:
            return ClaimReading(move if move is Move.CANCEL else Move.NONE)
        return ClaimReading(move, (), named, quantity, orders)

    def _names_something_else(self, text: str, found: list[_Found]) -> bool:
        mine = [(one.start, one.end) for one in found if one.kind in ("code", "variant")]
        return any(
            not _SIZE.match(match[0])
            and not any(start <= match.start() and match.end() <= end for start, end in mine)
            for match in _CODE.finditer(text)
        )

    def _variants_alone(self, found: list[_Found]) -> tuple[Mention, ...]:
        """Return several variants of one item that is not named, each with the number before it, or
        none.
        """
        named = [str(one.value) for one in found if one.kind == "variant"]
        items = [
            item
            for item in self.items.items
            if set(named) <= {variant.name for variant in item.variants}
        ]
        if len(set(named)) < 2 or len(items) != 1:
            return ()
        mentions, pieces = [], None
        for one in found:
            if one.kind == "quantity":
                pieces = int(one.value)
            else:
                mentions.append(Mention(items[0].code, str(one.value), pieces))
                pieces = None
        return tuple(mentions)

    def _grouped(self, found: list[_Found]) -> list[Mention]:
        """Give each named item the variant and quantity behind it, or before it where the item
        before has its own.
        """
        groups: list[dict[str, str | int | None]] = []
        loose: dict[str, str | int] = {}
        for one in found:
            if one.kind in ("code", "item"):
                same = groups and groups[-1]["code"] == one.value
                if not same:
                    empty = {"variant": None, "quantity": None}
                    groups.append({"code": one.value, "by": one.kind, **empty, **loose})
                    loose = {}
                continue
            last = groups[-1] if groups else None
            if last is not None and last[one.kind] is None and self._fits(last, one):
                last[one.kind] = one.value
            else:
                loose[one.kind] = one.value
        return [
            Mention(
                str(one["code"]),
                None if one["variant"] is None else str(one["variant"]),
                None if one["quantity"] is None else int(one["quantity"]),
                one["by"] == "code",
            )
            for one in groups
        ]

    def _fits(self, group: dict[str, str | int | None], one: _Found) -> bool:
        if one.kind != "variant":
            return True
        item = self.items.find(str(group["code"]))
        return item is not None and any(variant.name == one.value for variant in item.variants)


def _move(text: str) -> Move:
    if known.CANCELS.search(text):
        return Move.CANCEL
    if known.REFUSES.search(text):
        return Move.CANCEL
    if known.CHANGES.search(text):
        return Move.CHANGE
    return Move.ADD if known.ADDS.search(text) else Move.ORDER


def _take(
    found: list[_Found], taken: bytearray, start: int, end: int, kind: str, value: str | int
) -> None:
    if taken.find(1, start, end) < 0 and end > start:
        taken[start:end] = b"\1" * (end - start)
        found.append(_Found(start, end, kind, value))


def _word(word: str) -> re.Pattern[str]:
    """Return a pattern of a word: by itself where words are written apart."""
    left = r"(?<![a-z0-9\u00c0-\u024f\u1e00-\u1eff])" if _SPACED.match(word[0]) else ""
    right = r"(?![a-z0-9\u00c0-\u024f\u1e00-\u1eff])" if _SPACED.match(word[-1]) else ""
    return re.compile(left + re.escape(word) + right)


def _name_patterns(item: ClaimItem, items: ClaimItems) -> list[re.Pattern[str]]:
    """Return patterns for an item's names, and for parts of them that no other item has."""
    others = " ".join(fold(name) for one in items.items if one != item for name in one.names)
    found = []
    for name in map(fold, item.names):
        found.append(_word(name))
        if _SPACED.match(name[0]):
            parts = [word for word in name.split() if len(word) > 2 and word not in others.split()]
            stems = [
                re.sub(r"(?:es|s|a|o)$", "", word) if len(word) > 4 else word for word in parts
            ]
            found += [
                re.compile(rf"(?<!\w){re.escape(stem)}(?:e?s|nya|[ao]s?)?(?!\w)") for stem in stems
            ]
        else:
            least = 2 if name[0] > "\u2e80" else 4
            ends = [
                part for n in range(len(name) - 1, least - 1, -1) for part in (name[:n], name[-n:])
            ]
            found += [re.compile(re.escape(part)) for part in ends if part not in others]
    return found


def _inflected(word: str) -> re.Pattern[str]:
    stem = re.sub(r"(?:es|s|a|o)$", "", word) if len(word) > 4 else word
    return re.compile(rf"(?<!\w){re.escape(stem)}(?:e?s|nya|[ao]s?)?(?!\w)")


def _variant_patterns(names: tuple[str, ...]) -> list[re.Pattern[str]]:
    found = []
    for name in map(fold, names):
        same = next((words for words in known.COLOURS if name in words), frozenset({name}))
        if name.isdecimal():
            same |= {
                word
                for word, value in known.NUMBERS.items()
                if str(value) == name and len(word) > 2
            }
        found += [_word(word) for word in sorted(same, key=lambda word: (-len(word), word))]
    return found


def ordered(mention: Mention) -> Ordered:
    """Return a mention as an order; one piece where nobody said how many."""
    return Ordered(mention.code, mention.variant, mention.quantity or 1)
