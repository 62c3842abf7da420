"""Writes a text so that it looks the same to people and other to a machine, or the reverse; sign by
sign, so that a part of a text is disguised as it is within the whole.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

_ZERO_WIDTH = "\u200b"
_TO_FULL_WIDTH = 0xFEE0
_LIKE = str.maketrans("aceopxyiACEHKMOPTX", "асеорхуіАСЕНКМОРТХ")


def zero_width(text: str) -> str:
    """Put a space of no width after every sign."""
    return "".join(sign + _ZERO_WIDTH for sign in text)


def full_width(text: str) -> str:
    """Write ASCII signs as wide as Chinese ones; spaces stay."""
    return "".join(chr(ord(sign) + _TO_FULL_WIDTH) if "!" <= sign <= "~" else sign for sign in text)


def homoglyphs(text: str) -> str:
    """Write Latin letters as Cyrillic ones that look alike."""
    return text.translate(_LIKE)


def encoded(text: str) -> str:
    """Return base64 of the text (RFC 4648)."""
    return base64.b64encode(text.encode()).decode()


DISGUISES: tuple[Callable[[str], str], ...] = (zero_width, full_width, homoglyphs)
"""Those that people can still read."""
