"""Gathers what a source reads one by one into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from intent.model.batch import Batch, Refused, Retraction
from intent.model.message import Message

AT_ONCE = 500
"""Payloads in a batch, at most."""


def gathered(
    read: Iterable[Message | Refused | Retraction | None], *, most: int = AT_ONCE
) -> Iterator[Batch]:
    """Yield a batch whenever ``most`` payloads are there, at every None (*nothing right now*: a
    good moment to hand on what was read), and at the end.
    """
    messages: list[Message] = []
    refused: list[Refused] = []
    retractions: list[Retraction] = []
    for one in read:
        if isinstance(one, Message):
            messages.append(one)
        elif isinstance(one, Retraction):
            retractions.append(one)
        elif one is not None:
            refused.append(one)
        if one is None or len(messages) + len(refused) + len(retractions) >= most:
            yield Batch(messages, refused, tuple(retractions))
            messages, refused, retractions = [], [], []
    if messages or refused or retractions:
        yield Batch(messages, refused, tuple(retractions))
