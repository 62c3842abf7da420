"""How a text is dressed: styled letters, shouted names, letters set apart. Folding takes all this
away, and advertisers put it on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Mathematical, circled, squared, superscript, small-capital and full-width letters. Full-width
# digits and circled numbers are left out: East Asian keyboards and plain lists have them.
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\U0001f110-\U0001f189\u24b6-\u24e9\u2070-\u209c\u1d00-\u1dbf\u02b0-\u02b8\ua730\ua731\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u029f\uff21-\uff5a]"
)
_MARKED = re.compile("[A-Za-z][\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
_MIXED = re.compile("[A-Za-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][A-Za-z]")
_APART = re.compile(r"(?<!\w)(?:\w[ .*|_-]){4,}\w(?!\w)")
_SHOUTED = re.compile(r"(?<!\w)[A-Z0-9]*[A-Z]{3}[A-Z0-9]*(?!\w)")
_NAME_WITH_NUMBER = re.compile(r"(?<!\w)[A-Za-z]{3,20}\d{1,3}[A-Za-z]?(?!\w)")

MANY = 3
"""From so many styled letters on, styling is meant."""


def styled_letters(text: str) -> int:
    """Return how many letters and digits of the text stand in a styled alphabet."""
    return 0 if text.isascii() else len(_STYLED.findall(text))


def styling_features(text: str) -> Iterator[str]:
    """Yield features of the dress of a text as it was written, before folding.

    A name in styled letters among plain words is how adverts hide; a text that is styled throughout
    is somebody's taste.
    """
    if not text.isascii():
        yield from _letters(text)
    if _APART.search(text):
        yield "d:letters apart"
    shouted = _SHOUTED.findall(text)
    if shouted and not text.isupper():
        yield "d:shouted"
        if any(any(sign.isdigit() for sign in word) for word in shouted):
            yield "d:shouted with a number"
    if _NAME_WITH_NUMBER.search(text):
        yield "d:name with a number"


def _letters(text: str) -> Iterator[str]:
    styled = styled_letters(text)
    if styled:
        among = (
            "throughout" if styled >= 0.8 * sum(sign.isalnum() for sign in text) else "among plain"
        )
        yield f"d:styled {among}"
        yield f"d:styled {among} {min(styled // MANY, 4)}"
    if len(_MARKED.findall(unicodedata.normalize("NFC", text))) >= MANY:
        yield "d:marked"
    if _MIXED.search(text):
        yield "d:two scripts in a word"
