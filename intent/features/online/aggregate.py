"""Adds up what many events contribute to counters and tiles: arrays in, the records of state out.

What has been added up can be handed in again as a contribution, so that a busy entity is counted
part by part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from intent.features.online.fading import HALF_LIVES, SECOND
from intent.features.online.packed import COUNT_FIELDS, COUNTER_FIELDS
from intent.features.online.tally import LATE, TILE_ORIGIN, TILES

Array = NDArray[Any]

OWNED_COUNTERS = np.dtype([("owner", "<i8"), *COUNTER_FIELDS.descr])
OWNED_COUNTS = np.dtype([("owner", "<i8"), *COUNT_FIELDS.descr])
"""Records of state, each with the number of its entity."""


def by_code(owners: Array, at: Array, masks: Array, codes: list[int]) -> tuple[Array, Array, Array]:
    """Return owner, instant and topic code of every topic of every event."""
    chosen = [np.flatnonzero(masks >> code & 1) for code in codes]
    numbers = np.concatenate(chosen)
    repeated = np.repeat(np.array(codes, dtype=np.int64), [len(one) for one in chosen])
    return owners[numbers], at[numbers], repeated


def counters_of(owners: Array, at: Array, codes: Array) -> Array:
    """Return one counter for each event and topic."""
    made = np.zeros(len(owners), dtype=OWNED_COUNTERS)
    made["owner"], made["code"], made["last"], made["at"] = owners, codes, at, at
    made["count"], made["decayed"] = 1, 1.0
    return made


def added_counters(parts: Array) -> Array:
    """Return one counter for each owner and topic, sorted by them; decayed as of its newest."""
    if not len(parts):
        return parts
    identity = parts["owner"] * 64 + parts["code"]
    order = np.argsort(identity, kind="stable")
    parts, identity = parts[order], identity[order]
    starts = _starts(identity)
    added = parts[starts]
    added["count"] = np.add.reduceat(parts["count"], starts)
    added["last"] = np.maximum.reduceat(parts["last"], starts)
    added["at"] = np.maximum.reduceat(parts["at"], starts)
    sizes = np.diff(np.append(starts, len(parts)))
    gap = (np.repeat(added["at"], sizes) - parts["at"]) / SECOND
    for number, half_life in enumerate(HALF_LIVES):
        worth = parts["decayed"][:, number] * np.exp2(-gap / half_life)
        added["decayed"][:, number] = np.add.reduceat(worth, starts)
    return added


def counts_of(owners: Array, at: Array, codes: Array, *, users: bool) -> Array:
    """Return what events add to tiles of every size: a message, or a user whose newest it is."""
    made = []
    for number, (size, _) in enumerate(TILES):
        one = np.zeros(len(owners), dtype=OWNED_COUNTS)
        one["owner"], one["size"], one["code"] = owners, number, codes
        one["tile"] = at // (size * SECOND) + TILE_ORIGIN
        one["users" if users else "count"] = 1
        made.append(one)
    return np.concatenate(made)


def added_counts(parts: Array, horizons: Array) -> Array:
    """Return one record for each owner, tile and topic in the order of state, without tiles that
    have passed their retention; ``horizons`` is the newest instant of each owner.
    """
    parts = parts[kept(parts, horizons)]
    if not len(parts):
        return parts
    tile = parts["tile"].astype(np.int64)
    identity = ((parts["owner"] * 4 + parts["size"]) * 2**32 + tile) * 64 + parts["code"]
    order = np.argsort(identity, kind="stable")
    parts, identity = parts[order], identity[order]
    starts = _starts(identity)
    added = parts[starts]
    for field in ("count", "users"):
        added[field] = np.add.reduceat(parts[field].astype(np.int64), starts)
    return added


def sums_of(owners: Array, at: Array, expected: Array, variance: Array, fields: Any) -> Array:
    """Return what events with measured probabilities add to sums of tiles of every size."""
    made = []
    for number, (size, _) in enumerate(TILES):
        one = np.zeros(len(owners), dtype=[("owner", "<i8"), *fields.descr])
        one["owner"], one["size"] = owners, number
        one["tile"] = at // (size * SECOND) + TILE_ORIGIN
        one["expected"], one["variance"] = expected, variance
        made.append(one)
    return added_sums(np.concatenate(made))


def added_sums(parts: Array) -> Array:
    """Return one record of sums for each owner and tile in the order of state."""
    if not len(parts):
        return parts
    identity = (parts["owner"] * 4 + parts["size"]) * 2**32 + parts["tile"].astype(np.int64)
    order = np.argsort(identity, kind="stable")
    parts, identity = parts[order], identity[order]
    starts = _starts(identity)
    added = parts[starts]
    for field in ("expected", "variance"):
        added[field] = np.add.reduceat(parts[field], starts)
    return added


def kept(parts: Array, horizons: Array) -> Array:
    """Say which records of tiles have not passed their retention."""
    size, retention = (
        np.array(column, dtype=np.int64) * SECOND for column in zip(*TILES, strict=True)
    )
    number = parts["size"]
    first = (horizons[parts["owner"]] - LATE - retention[number]) // size[number] + TILE_ORIGIN
    of_state: Array = parts["tile"].astype(np.int64) >= first
    return of_state


def _starts(identity: Array) -> Array:
    """Return where each run of equal values begins."""
    return np.flatnonzero(np.concatenate([[True], identity[1:] != identity[:-1]]))
