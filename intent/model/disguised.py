"""A text without its contact details, and what stood in their places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NUMBER = re.compile(r" \d+")


@dataclass(frozen=True, slots=True)
class Disguised:
    """A text without its contact details.

    Attributes:
        text: with placeholders such as ``[phone]`` and ``[phone 2]``; none of them stood there
            before.
        originals: what each placeholder stands for, in the order of the text.
    """

    text: str
    originals: Mapping[str, str] = field(default_factory=dict)

    def restored(self, text: str) -> str:
        """Return a piece of the disguised text as its author wrote it."""
        for placeholder, original in self.originals.items():
            text = text.replace(placeholder, original)
        return text

    def without(self, piece: str, text: str) -> str:
        """Return a piece of the text as it was written (``text``) without contact details; what
        cuts one of them becomes all of its placeholder.
        """
        start = text.find(piece)
        if start < 0:
            return piece
        end = start + len(piece)
        stored: list[str] = []
        at = 0
        for placeholder, original in self.originals.items():
            place = text.index(original, at)
            at = place + len(original)
            if start < at and place < end:
                stored += [text[start:place], placeholder]
                start = at
        return "".join([*stored, text[start:end]])


def kind_of(placeholder: str) -> str:
    """Return what a placeholder stands for, such as ``phone`` for ``[phone 2]``."""
    return _NUMBER.sub("", placeholder.strip("[]"))
