"""One rule by which postal addresses are found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

CASELESS = re.IGNORECASE | re.UNICODE
"""Rules read capitals and small letters alike."""


@dataclass(frozen=True)
class AddressRule:
    """One way to write an address.

    Attributes:
        homes: ISO codes of countries where it is common.
        source: of the pattern. A group ``name``, if there is one, is the street's name, and must
            hold no word of ``NO_NAME``.
    """

    homes: str
    source: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern. All of them take a quarter of a second to compile, which most starts need
        not wait for.
        """
        return re.compile(self.source, CASELESS)


def address_rule(homes: str, pattern: str) -> AddressRule:
    """Return a rule that reads capitals and small letters alike."""
    return AddressRule(homes, pattern)
