"""One rule by which postal addresses are found."""

from __future__ import annotations

import re
from typing import NamedTuple


class AddressRule(NamedTuple):
    """One way to write an address.

    Attributes:
        homes: ISO codes of countries where it is common.
        pattern: a group ``name``, if there is one, is the street's name, and must hold no word of
            ``NO_NAME``.
    """

    homes: str
    pattern: re.Pattern[str]


def address_rule(homes: str, pattern: str) -> AddressRule:
    """Return a rule that reads capitals and small letters alike."""
    return AddressRule(homes, re.compile(pattern, re.IGNORECASE))
