"""Recomputes the feature state from decisions, and compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, func, select

from intent.features.definitions.events import Topics
from intent.features.online.fading import HALF_LIVES, SECOND
from intent.features.online.packed import (
    COUNTER_FIELDS,
    TILE_COUNT,
    TILE_KEY,
    Records,
    sum_fields,
    together,
)
from intent.features.online.recount import Recounted, TileRow, recounted
from intent.features.online.tally import TILE_ORIGIN, TILES, first_kept
from intent.store.feature_tables import feature_counters, feature_tiles
from intent.store.identities import within

TOLERANCE = 1e-9
"""Relative and absolute; decayed counts are sums of floats, and their last digits depend on the
order of events.
"""


@dataclass(frozen=True, slots=True)
class StateCheck:
    """How the stored state compares with a recomputation: numbers of rows."""

    recomputed: int
    mismatched: int
    missing: int
    extra: int

    @property
    def holds(self) -> bool:
        """Whether both are equal."""
        return not (self.mismatched or self.missing or self.extra)


def check_state(connection: Connection, groups: Mapping[str, frozenset[str]]) -> StateCheck:
    """Recompute all state from current decisions and compare, in the reader's one consistent view,
    some thousands of entities at a time.
    """
    found = {"recomputed": 0, "mismatched": 0, "missing": 0}
    stored = 0
    topics = Topics(groups)
    for part in recounted(connection, topics):
        tiles = _tiles(connection, part, topics.lanes)
        for compared in (_counters(connection, part), tiles):
            for name, number in zip(found, compared, strict=True):
                found[name] += number
    for table in (feature_counters, feature_tiles):
        stored += connection.execute(select(func.count()).select_from(table)).scalar_one()
    return StateCheck(**found, extra=stored - found["recomputed"] + found["missing"])


def _counters(connection: Connection, part: Recounted) -> tuple[int, int, int]:
    """Return how many keys were recomputed, how many differ, how many are missing."""
    rows = {row.key: row for row in _rows(connection, feature_counters, part.keys)}
    stored, owners = together(
        [rows[key].state if key in rows else b"" for key in part.keys], COUNTER_FIELDS
    )
    differs = _differing(part.counters, stored, owners, len(part.keys))
    newest = np.array([rows[key].newest if key in rows else 0 for key in part.keys], dtype=np.int64)
    late = part.counters["last"] > newest[part.counters["owner"]]
    differs[part.counters["owner"][late]] = True
    missing = np.array([key not in rows for key in part.keys], dtype=bool)
    return len(part.keys), int((differs & ~missing).sum()), int(missing.sum())


def _differing(
    computed: NDArray[Any], stored: NDArray[Any], owners: NDArray[np.int64], size: int
) -> NDArray[np.bool_]:
    """Say of each of ``size`` entities whether its counters differ."""
    differs = np.zeros(size, dtype=bool)
    one, other = computed["owner"] * 64 + computed["code"], owners * 64 + stored["code"]
    for codes in (np.setdiff1d(one, other), np.setdiff1d(other, one)):
        differs[codes // 64] = True
    _, here, there = np.intersect1d(one, other, return_indices=True)
    computed, stored = computed[here], stored[there]
    at = np.maximum(computed["at"], stored["at"])
    wrong = (computed["count"] != stored["count"]) | (computed["last"] != stored["last"])
    for number, half_life in enumerate(HALF_LIVES):
        a, b = (
            held["decayed"][:, number] * np.exp2(-(at - held["at"]) / (half_life * SECOND))
            for held in (computed, stored)
        )
        wrong |= np.abs(a - b) > np.maximum(TOLERANCE, TOLERANCE * np.maximum(np.abs(a), np.abs(b)))
    differs[computed["owner"][wrong]] = True
    return differs


def _tiles(connection: Connection, part: Recounted, lanes: int) -> tuple[int, int, int]:
    if not part.tiles:
        return 0, 0, 0
    rows = {row.key: row for row in _rows(connection, feature_tiles, [t.key for t in part.tiles])}
    differ = [
        not _same_tiles(rows[computed.key], computed, lanes)
        for computed in part.tiles
        if computed.key in rows
    ]
    return len(part.tiles), sum(differ), len(part.tiles) - len(rows)


def _rows(connection: Connection, table: Table, keys: Sequence[str]) -> Sequence[Any]:
    return connection.execute(select(table).where(within(connection, table.c.key, keys))).all()


def _same_tiles(row: Any, computed: TileRow, lanes: int) -> bool:
    # A message that was forgotten may have been the newest: what its time had pushed out of
    # retention does not come back.
    counts = Records(computed.counts, TILE_COUNT.size)
    sums = Records(computed.sums, sum_fields(lanes).itemsize)
    if row.horizon > computed.horizon:
        for records in (counts, sums):
            _forget_before(records, row.horizon)
    same = (row.counts, row.sums) == (bytes(counts.content), bytes(sums.content))
    return same and bool(row.horizon >= computed.horizon)


def _forget_before(records: Records, horizon: int) -> None:
    for number in range(len(TILES)):
        records.drop_between(
            bytes((number,)), TILE_KEY.pack(number, first_kept(horizon, number) + TILE_ORIGIN)
        )
