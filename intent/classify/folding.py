"""Brings a text into the form that the local model reads: styled letters, zero-width characters and
floods are undone.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 600
"""How much of a text the local model reads, in characters; what follows adds time, hardly meaning.
"""

# NFKC has composed every accent that belongs to a letter, so what is left in these blocks only
# decorates (underlines, Zalgo, keycaps).
_DECORATION = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)
INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Characters that show nothing: soft hyphens, zero-width joiners, marks of direction, tags."""

# Alphabets that look like letters and that NFKC leaves alone: small capitals, and letters in white
# on black circles and squares.
_LOOKALIKES = dict(
    zip(map(ord, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ"), "abcdefghijklmnopqrstuvwyz", strict=True)
)
_LOOKALIKES |= {
    start + number: chr(ord("a") + number) for start in (0x1F150, 0x1F170) for number in range(26)
}

# Cyrillic and Greek letters stand for the Latin ones that they look like where they share a word
# with Latin letters.
_MIXED = re.compile("[a-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][a-z]")
_LATIN = str.maketrans("авекмнорстухіјѕԁһαβεικνορτυχ", "abekmhopctyxijsdhabeikvoptux")

# YouTube's chat exports emoji by name, ":face-blue-smiling:"; read as words they look like what no
# viewer types. A name of several words may stick to a word on one side, "key:two-words:key" is
# none.
_NAME = "[a-z][a-z0-9]*(?:[_’-][a-z0-9]+)+"
_EMOJI_NAME = re.compile(rf"(?<!\w):{_NAME}:|:{_NAME}:(?!\w)|(?<![^\s:]):[a-z][a-z0-9]+:(?![^\s:])")
_EMOJI = "🙂"
_FLOOD = re.compile(r"(.)\1{3,}", re.DOTALL)
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return the text in NFKC, case-folded, without invisible characters, with floods cut to three
    and single spaces.
    """
    if text.isascii():
        plain = text.lstrip()[:MAX_CHARACTERS].lower()
    else:
        plain = unicodedata.normalize("NFKC", _visible(text))
        plain = _DECORATION.sub("", plain).casefold().translate(_LOOKALIKES)
        if _MIXED.search(plain):
            plain = plain.translate(_LATIN)
    if ":" in plain:
        plain = _EMOJI_NAME.sub(_EMOJI, plain)
    return _SPACE.sub(" ", _FLOOD.sub(r"\1\1\1", plain)).strip()


def _visible(text: str) -> str:
    """Return the first characters that show something; a thousand invisible ones before the ask
    must not hide it.
    """
    return INVISIBLE.sub("", text[: 8 * MAX_CHARACTERS]).lstrip()[:MAX_CHARACTERS]
