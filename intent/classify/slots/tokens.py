"""A text cut into what slots are made of: words, numbers and signs; scripts without spaces are cut
into single characters, with the vowels and tones that belong to them.
"""

from __future__ import annotations

import re

MOST = 120
"""Tokens of a text that are read; what follows is hardly ever part of an ask."""

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
# Every alternative takes a bounded number of characters or a run that it alone can take: a long
# text costs no more than its length.
_TOKEN = re.compile(
    r"[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e30-\u0e3a\u0e45\u0e47-\u0e4e]*"
    rf"|[{_UNSPACED}]|\d+|(?:(?![{_UNSPACED}])[^\W\d_][\u0300-\u036f]*)+|[^\w\s]|_"
)

Span = tuple[int, int]
"""Begin and end in characters, the end exclusive."""


def cut(text: str) -> list[Span]:
    """Return the tokens of a text in order, at most :data:`MOST`."""
    spans = []
    for match in _TOKEN.finditer(text):
        spans.append(match.span())
        if len(spans) == MOST:
            break
    return spans


def shape_of(token: str) -> str:
    """Return what a token looks like: digits and letters by number and by case, its script, or the
    sign itself.
    """
    size = min(len(token), 4)
    if token.isdigit():
        return "0" * min(len(token), 5)
    if token.isascii() and not token.isalpha():
        return token
    if "\u0e00" <= token[0] <= "\u0e7f":
        return "thai"
    if "\u3400" <= token[0] <= "\u9fff":
        return "han"
    if not token[0].isalpha():
        return "sign"
    case = "A" if token.isupper() else "Aa" if token[0].isupper() else "a"
    return f"{case}{size}" if token.isascii() else f"{case}{size}*"
