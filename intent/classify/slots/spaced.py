"""Walks over a text in a language with spaces between words, and says what is a price, a quantity,
a variant.
"""

from __future__ import annotations

from collections.abc import Iterator

from intent.classify.slots import words as known
from intent.classify.slots.amounts import price_at, quantity_at
from intent.classify.slots.tokens import Tokens
from intent.classify.slots.variants import variant_at

Found = tuple[int, int, str]
"""Where a slot begins and ends, in characters, and its kind."""

_RULES = (("price", price_at), ("quantity", quantity_at), ("variant", variant_at))


def find_spaced(text: str) -> Iterator[Found]:
    """Yield prices, quantities and variants in order; they do not overlap."""
    tokens = Tokens(text)
    place = reached = 0
    while place < tokens.count:
        word = tokens.words[place]
        found = (
            _slot_at(tokens, place, reached)
            if word in known.TELLING or word[0].isdecimal()
            else None
        )
        if found is None:
            place += 1
            continue
        start, reached, kind = found
        yield tokens.starts[start], tokens.ends[reached - 1], kind
        place = reached


def _slot_at(tokens: Tokens, place: int, reached: int) -> Found | None:
    """Return the first slot that a rule sees at a place, in tokens; none that begins before
    ``reached``, where the last one ended.
    """
    for kind, rule in _RULES:
        span = rule(tokens, place)
        if span is not None and span[0] >= reached:
            return *span, kind
    return None
