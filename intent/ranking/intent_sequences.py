"""Reads what viewers asked for before as fixed arrays: the last intents, and how long ago each was.

How long ago is told in steps, for a minute tells more now than a minute of last week, and a step is
what a model can learn a number for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intent.store.schema import INTENTS

LONGEST = 20
"""Entries that are read, the newest."""

STEPS = np.array([60, 300, 3_600, 21_600, 86_400, 259_200, 604_800]) * 1_000_000
"""Ages in microseconds that part one step from the next."""

PADDING = 0
"""Stands where there is no entry, both as an intent and as a step."""


@dataclass(frozen=True, slots=True)
class IntentSequences:
    """The last intents of each row's viewer, newest first: arrays of shape (rows, LONGEST).

    Attributes:
        intents: 1 for the first intent of the taxonomy, and so on.
        steps: how long ago, from 1 on.
        same_item: whether it was said before the item that is on screen in the row.
    """

    intents: NDArray[np.int8]
    steps: NDArray[np.int8]
    same_item: NDArray[np.bool_]

    def chosen(self, rows: NDArray[np.generic]) -> IntentSequences:
        """Return some rows, by number or by flag."""
        return IntentSequences(self.intents[rows], self.steps[rows], self.same_item[rows])


def read_sequences(
    column: pa.ChunkedArray, served: NDArray[np.int64], items: Sequence[str | None]
) -> IntentSequences:
    """Read a built sequence feature.

    Args:
        column: lists of (intent, item_id, at), newest first; null is no entry.
        served: when each row was shown, microseconds since 1970 UTC.
        items: the item on screen in each row.
    """
    lists = column.combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks)
    parents = pc.list_parent_indices(lists).to_numpy()
    entries = pc.list_flatten(lists)
    place = np.arange(len(parents)) - np.searchsorted(parents, parents, side="left")
    kept = place < LONGEST
    parents, place, entries = parents[kept], place[kept], entries.filter(pa.array(kept))
    shape = (len(served), LONGEST)
    intents, steps = (np.full(shape, PADDING, dtype=np.int8) for _ in range(2))
    same = np.zeros(shape, dtype=bool)
    numbers = pc.index_in(entries.field("intent"), value_set=pa.array(INTENTS)).fill_null(-1)
    intents[parents, place] = numbers.to_numpy() + 1
    ago = served[parents] - entries.field("at").to_numpy()
    steps[parents, place] = np.searchsorted(STEPS, ago, side="right") + 1
    shown = pa.array(items, pa.string()).take(pa.array(parents))
    equal = pc.equal(entries.field("item_id"), shown).fill_null(False)
    same[parents, place] = equal.to_numpy(zero_copy_only=False)
    return IntentSequences(intents, steps, same)
