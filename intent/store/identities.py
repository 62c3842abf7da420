"""Identities of messages, many in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Identity = tuple[str, str]
"""(platform, message_id) of a message."""

AT_ONCE = 500
"""Identities in one statement, at most."""


def parts(identities: Sequence[Identity]) -> Iterator[Sequence[Identity]]:
    """Yield them in parts that fit into one statement."""
    for start in range(0, len(identities), AT_ONCE):
        yield identities[start : start + AT_ONCE]
