"""What a ranker knows without any message: who clicked and ordered what before, as it was known
then.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from intent.ranking.impression_log import ShownRows

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]

HOUR = 3_600 * 1_000_000
COUNTED = 60 * 1_000_000
"""A click is taken as known a minute after it began, and an impression when it was served."""

_ALONE = ("user", "creator", "room", "item", "category")
_WITH_USER = ("creator", "room", "item", "category")
_COUNTED_OF = (*_ALONE, "user_creator", "user_category")

NAMES = (
    "hour",
    "position",
    *(f"{whose}_{what}" for whose in _COUNTED_OF for what in ("shown", "clicks", "orders")),
    "user_clicks_1h",
    "room_clicks_1h",
)
"""Columns of :func:`behaviour`, in order."""


def coded(ids: pa.ChunkedArray) -> Integers:
    """Return one number for each id, the same for the same; missing ids have one of their own."""
    indices = ids.combine_chunks().dictionary_encode().indices
    return np.asarray(indices.fill_null(len(ids))).astype(np.int64)


def shown_entities(spine: Path) -> dict[str, Integers]:
    """Return the number of each row's entity, by view; a row without a part of a key has that of
    all rows without it.

    Args:
        spine: rows as :func:`intent.ranking.impression_log.write_requests` writes them.
    """
    keys = pq.read_table(spine, columns=[f"{name}_id" for name in _ALONE])
    found = {name: coded(keys[f"{name}_id"]) for name in _ALONE}
    for other in _WITH_USER:
        pairs = found["user"] * (int(found[other].max()) + 1) + found[other]
        found[f"user_{other}"] = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return found


def behaviour(rows: ShownRows, entities: dict[str, Integers]) -> Floats:
    """Return the columns :data:`NAMES` of each row, shape (rows, columns): counts of what was known
    before it was served.

    Args:
        entities: what :func:`shown_entities` returns.
    """
    clicked, ordered = np.flatnonzero(rows.clicked), np.flatnonzero(rows.ordered)
    clicks_known = rows.clicked_at[clicked] + COUNTED
    orders_known = rows.told_at[ordered]
    columns = [rows.served % (24 * HOUR) // HOUR, rows.position]
    for whose in _COUNTED_OF:
        key = entities[whose]
        columns.append(before(key, rows.served, key, rows.served))
        columns.append(before(key, rows.served, key[clicked], clicks_known))
        columns.append(before(key, rows.served, key[ordered], orders_known))
    for whose in ("user", "room"):
        key = entities[whose]
        all_clicks, ago = key[clicked], rows.served - HOUR
        columns.append(
            before(key, rows.served, all_clicks, clicks_known)
            - before(key, ago, all_clicks, clicks_known)
        )
    return np.column_stack(columns).astype(np.float32)


def before(key: Integers, at: Integers, event_key: Integers, event_at: Integers) -> Integers:
    """Return how many events of its key happened before each row."""
    times = np.unique(np.concatenate([at, event_at]))
    scale = len(times) + 1
    events = np.sort(event_key * scale + np.searchsorted(times, event_at))
    until = np.searchsorted(events, key * scale + np.searchsorted(times, at), side="left")
    return np.asarray(until - np.searchsorted(events, key * scale, side="left"))
