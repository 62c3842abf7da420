"""Gathers what a source reads one by one into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from intent.model.batch import Batch, Gap, Refused, Retraction
from intent.model.message import Message

AT_ONCE = 500
"""Payloads in a batch, at most."""


def gathered(
    read: Iterable[Message | Refused | Retraction | Gap | None], *, most: int = AT_ONCE
) -> Iterator[Batch]:
    """Yield a batch whenever ``most`` payloads are there, at every None (*nothing right now*: a
    good moment to hand on what was read), and at the end.
    """
    kinds = (Message, Refused, Retraction, Gap)
    kept: tuple[list[Any], ...] = tuple([] for _ in kinds)
    for one in read:
        if one is not None:
            kept[kinds.index(type(one))].append(one)
        if one is None or sum(map(len, kept)) >= most:
            yield _batch(*kept)
            kept = tuple([] for _ in kinds)
    if any(kept):
        yield _batch(*kept)


def _batch(
    messages: list[Message], refused: list[Refused], gone: list[Retraction], gaps: list[Gap]
) -> Batch:
    return Batch(messages, refused, tuple(gone), tuple(gaps))
