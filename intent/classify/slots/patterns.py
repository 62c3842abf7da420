"""Patterns for languages that are written without spaces between words, and how they are looked for
in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Patterns = tuple[tuple[str, re.Pattern[str]], ...]
"""Kinds of slots and what they look like; where two overlap, the earlier one counts."""


def any_of(*alternatives: str) -> re.Pattern[str]:
    """Return a pattern of alternatives; where one has a group, the group alone is the slot.

    Alternatives are bounded and begin with a class or a word, so that a long text costs no more
    than its length.
    """
    return re.compile("|".join(alternatives))


def matches(text: str, patterns: Patterns) -> Iterator[tuple[int, int, str]]:
    """Yield where each pattern matches, begin and end in characters, and its kind; those of
    different patterns may overlap.
    """
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            yield *match.span(match.lastindex or 0), kind
