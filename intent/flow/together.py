"""Puts several batches in one transaction; one that fails for its own sake fails alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from intent.model.batch import Accepted, Batch
from intent.model.errors import Later, OperatorError

PutAll: TypeAlias = Callable[[Sequence[Batch]], Sequence[Accepted]]
"""Stores batches in one transaction, all of them or none, as :meth:`Inbox.put_all`."""

Outcome: TypeAlias = Accepted | Exception
"""What became of a batch, or why it could not be put."""


def put_together(put_all: PutAll, batches: Sequence[Batch]) -> list[Outcome]:
    """Put batches, and return what became of each, in their order; nothing is raised.

    What the environment or the operator is to blame for is the same for all. For anything else one
    batch may be to blame: they are put in halves, and those in halves again, until it is alone.
    """
    if not batches:
        return []
    try:
        return [*put_all(batches)]
    except (Later, OperatorError) as error:
        return [error] * len(batches)
    # A fault of ours that only some batches meet: who waits for another one must not meet it.
    except Exception as error:  # noqa: BLE001
        if len(batches) == 1:
            return [error]
    half = len(batches) // 2
    return [*put_together(put_all, batches[:half]), *put_together(put_all, batches[half:])]
