"""Identities of messages, many in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Identity = tuple[str, str]
"""(platform, message_id) of a message."""

AT_ONCE = 500
"""Identities, or other keys, in one statement, at most."""

_Key = TypeVar("_Key")


def parts(identities: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    """Yield them in parts that fit into one statement."""
    for start in range(0, len(identities), AT_ONCE):
        yield identities[start : start + AT_ONCE]
