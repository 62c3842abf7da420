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
    """What a value says of itself: a number, none, or why there is no number.

    Offline, where a whole view has one status, it is ``present``, ``never_seen`` or ``expired``;
    that a value is ``zero`` it says itself, and nothing is pending in the past.
    """

    PRESENT = 0
    ZERO = 1
    NEVER_SEEN = 2
    EXPIRED = 3
    PENDING = 4

    @property
    def word(self) -> str:
        """How it is written, online and offline."""
        return self.name.lower()
