"""Names what has numbers: ids as text, instants with a time zone, in Arrow."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eval.world.happening import Happened
from eval.world.population import ITEMS, SLOT, Integers, Population
from intent.store.times import microseconds

PLATFORM = "world"
BEGIN = microseconds(datetime(2026, 10, 1, tzinfo=UTC))
"""When every world begins."""

_ITEM_SLOTS = 6


def of(prefix: str, numbers: NDArray[np.integer]) -> pa.Array:
    """Return the names of numbers, such as ``u_7``; none for those below 0."""
    most = int(numbers.max()) + 1 if len(numbers) else 0
    every = pa.array([f"{prefix}_{number}" for number in range(most)], pa.string())
    return every.take(pa.array(numbers, mask=np.asarray(numbers) < 0))


def one(text: str, size: int) -> pa.Array:
    """Return the same text for every row."""
    return pa.repeat(pa.scalar(text), size)


def instants(times: Integers) -> pa.Array:
    """Return instants of times since the beginning; none for those below 0."""
    mask = np.asarray(times) < 0
    return pa.array(BEGIN + times, pa.int64(), mask=mask).cast(pa.timestamp("us", tz="UTC"))


def items(there: Population, happened: Happened) -> Integers:
    """Return the number of the item that was on screen at each impression: hosts take turns among
    theirs every half hour.
    """
    host = there.room_host[happened.room]
    return host * ITEMS + happened.at // SLOT // _ITEM_SLOTS % ITEMS
