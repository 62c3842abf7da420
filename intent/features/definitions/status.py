"""What a value says of itself, online and offline alike."""

from __future__ import annotations

from enum import IntEnum

FADED = 1e-9
"""Decayed counts below are zero; it also hides the rounding that a count leaves when it is taken
back.
"""

SEQUENCE = 50
"""Entries of a sequence feature, at most."""


class Status(IntEnum):
    """What a value says of itself: a number, none, or why there is no number."""

    PRESENT = 0
    ZERO = 1
    NEVER_SEEN = 2
    EXPIRED = 3
    PENDING = 4
