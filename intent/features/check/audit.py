"""Recomputes the feature state from decisions, and compares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from intent.features.definitions.events import Topics
from intent.features.online.fading import HALF_LIVES, decay
from intent.features.online.packed import TILE_KEY, Records, counters
from intent.features.online.rows import all_events
from intent.features.online.tally import (
    TILE_ORIGIN,
    TILES,
    Tally,
    Tiles,
    first_kept,
)
from intent.store.feature_tables import feature_counters, feature_tiles

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
    """Recompute all state from current decisions, in the reader's one consistent view. Needs memory
    for all of it.
    """
    topics = Topics(groups)
    tally = Tally(topics)
    for event in all_events(connection, topics):
        tally.change(event, None)
    tally.finish(lambda entity, event, code: event.at)
    recomputed = len(tally.counters) + len(tally.tiles)
    mismatched = extra = 0
    for row in connection.execute(select(feature_counters).execution_options(yield_per=5000)):
        computed = tally.counters.pop(row.key, None)
        extra += computed is None
        mismatched += computed is not None and not _same_counters(row, computed)
    for row in connection.execute(select(feature_tiles).execution_options(yield_per=1000)):
        tiles = tally.tiles.pop(row.key, None)
        extra += tiles is None
        mismatched += tiles is not None and not _same_tiles(row, tiles)
    return StateCheck(
        recomputed, mismatched, missing=len(tally.counters) + len(tally.tiles), extra=extra
    )


def _same_counters(row: Any, computed: dict[int, list[Any]]) -> bool:
    stored = dict(counters(row.state))
    if stored.keys() != computed.keys() or row.newest < computed[0][2]:
        return False
    return all(_same_counter(stored[code], computed[code]) for code in stored)


def _same_counter(one: list[Any], other: list[Any]) -> bool:
    at = max(one[2], other[2])
    pairs = (
        (one[3 + n] * decay(at - one[2], half_life), other[3 + n] * decay(at - other[2], half_life))
        for n, half_life in enumerate(HALF_LIVES)
    )
    return one[:2] == other[:2] and all(
        math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for a, b in pairs
    )


def _same_tiles(row: Any, computed: Tiles) -> bool:
    # A message that was forgotten may have been the newest: what its time had pushed out of
    # retention does not come back.
    for records in (computed.counts, computed.sums):
        _forget_before(records, row.horizon)
    stored, expected = (
        (row.counts, row.sums),
        (bytes(computed.counts.content), bytes(computed.sums.content)),
    )
    return stored == expected and bool(row.horizon >= computed.horizon)


def _forget_before(records: Records, horizon: int) -> None:
    for number in range(len(TILES)):
        records.drop_between(
            bytes((number,)), TILE_KEY.pack(number, first_kept(horizon, number) + TILE_ORIGIN)
        )
