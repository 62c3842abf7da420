"""Applies decisions to state in memory; the worker, the audit and a read in the past all count with
this one.

Counters are (value, instant) pairs: right as of the instant, and decayed again when read; the
result does not depend on the order of events. Tiles hold messages, sums of probabilities, and the
number of users whose newest event lies in them: the users of all tiles of a window together are its
distinct users, as long as it reaches to now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.events import (
    CONTAINERS,
    TILED_CODES,
    Event,
    Topics,
    codes,
)
from intent.features.definitions.told_beside import lanes, spread
from intent.features.online.fading import HALF_LIVES as HALF_LIVES
from intent.features.online.fading import SECOND as SECOND
from intent.features.online.fading import plus
from intent.features.online.packed import (
    COUNTER,
    NEVER,
    TILE_COUNT,
    TILE_KEY,
    TILE_TOPIC,
    Records,
    counters,
    sum_fields,
)

TILES = ((300, 3600), (3600, 86_400), (86_400, 2_592_000))
"""(size, retention) in seconds: 5 minutes kept for 1 hour, 1 hour for 1 day, 1 day for 30 days
before the newest event.
"""

LATE = 60 * SECOND
"""Microseconds that tiles are kept beyond their retention, so that what was said last can be taken
back from state: a read so far behind the newest event still finds the tiles of its windows.
"""

_SMALLEST = TILES[0][0] * SECOND
TILE_ORIGIN = 2**31
"""Added to tile numbers, so that those before 1970 are positive."""

_COUNTED = ~sum(1 << code for code in TILED_CODES)
_PAIRS = {pair: container for container, pair in CONTAINERS.items()}

Newest = Callable[[str, Event, int], int]
"""(entity, an event that names its key, topic code) → newest instant of the topic, or NEVER."""


@dataclass(slots=True)
class _Delta:
    """What a batch changes in one tile of the smallest size."""

    counts: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    users: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    sums: NDArray[np.int64] | None = None


class Tiles:
    """The tiles of one creator, room or item; ``horizon`` is the newest instant ever counted, and
    retention counts back from it.
    """

    def __init__(
        self, topics: int, horizon: int = NEVER, counts: bytes = b"", sums: bytes = b""
    ) -> None:
        self.horizon = horizon
        self.counts = Records(counts, TILE_COUNT.size)
        self.sums = Records(sums, sum_fields(topics).itemsize)

    def change(self, deltas: dict[int, _Delta], newest: int) -> None:
        """Apply the deltas of tiles of the smallest size to every size, and forget tiles that have
        passed their retention.
        """
        if newest > self.horizon:
            self._forget(newest)
        for tile, delta in deltas.items():
            for number, (size, _) in enumerate(TILES):
                coarse = tile * TILES[0][0] // size
                if coarse >= first_kept(self.horizon, number):
                    self._apply(TILE_KEY.pack(number, coarse + TILE_ORIGIN), delta)

    def _apply(self, key: bytes, delta: _Delta) -> None:
        span = self.counts.span(key)
        held = {
            code: (count, users)
            for _, _, code, count, users in TILE_COUNT.iter_unpack(self.counts.content[span])
        }
        for code in delta.counts.keys() | delta.users.keys():
            count, users = held.get(code, (0, 0))
            held[code] = count + delta.counts.get(code, 0), users + delta.users.get(code, 0)
        records = [
            key + TILE_TOPIC.pack(code, *held[code])
            for code in sorted(held)
            if held[code] != (0, 0)
        ]
        self.counts.content[span] = b"".join(records)
        if delta.sums is not None:
            span = self.sums.span(key)
            before = self.sums.content[span]
            sums = (
                delta.sums + np.frombuffer(before, "<i8", offset=TILE_KEY.size)
                if before
                else delta.sums
            )
            self.sums.content[span] = key + sums.tobytes() if sums.any() else b""

    def _forget(self, newest: int) -> None:
        before, self.horizon = self.horizon, newest
        for number in range(len(TILES)):
            kept = first_kept(newest, number)
            if before != NEVER and kept > first_kept(before, number):
                for records in (self.counts, self.sums):
                    records.drop_between(
                        bytes((number,)), TILE_KEY.pack(number, kept + TILE_ORIGIN)
                    )


class Tally:
    """State of some entities, by key: counters of every entity, tiles of creators, rooms and
    items.
    """

    def __init__(self, topics: Topics) -> None:
        self._lanes = topics.lanes
        self.counters: defaultdict[str, dict[int, list[Any]]] = defaultdict(dict)
        self.tiles: dict[str, Tiles] = {}
        self._deltas: defaultdict[str, defaultdict[int, _Delta]] = defaultdict(
            lambda: defaultdict(_Delta)
        )
        self._newest: defaultdict[str, int] = defaultdict(lambda: NEVER)
        self._doubtful: dict[tuple[str, int], tuple[str, Event]] = {}

    def load_counters(self, key: str, content: bytes) -> None:
        """Take stored counters as the state to start from."""
        self.counters[key] = dict(counters(content))

    def load_tiles(self, key: str, horizon: int, counts: bytes, sums: bytes) -> None:
        """Take stored tiles as the state to start from."""
        self.tiles[key] = Tiles(self._lanes, horizon, counts, sums)

    def change(self, new: Event | None, old: Event | None) -> None:
        """Count ``new`` instead of ``old``, two decisions of one message; either may be missing."""
        event = new or old
        if event is None:
            return
        added, removed = _minus(new, old), _minus(old, new)
        keys = event.keys
        added_codes, removed_codes = codes(added & _COUNTED), codes(removed & _COUNTED)
        for entity, key in keys.items():
            for code in added_codes:
                self._add(entity, key, keys, code, event.at)
            for code in removed_codes:
                self._take_away(entity, key, code, event)
        sums = self._sums(new, old)
        for container in CONTAINERS:
            if container in keys:
                self._note(keys[container], event.at, codes(added), codes(removed), sums)

    def doubts(self) -> Iterator[tuple[str, Event, int]]:
        """Yield (entity, an event that names its key, topic code) of each newest instant that
        :meth:`finish` will ask for.
        """
        for (_, code), (entity, event) in self._doubtful.items():
            yield entity, event, code

    def finish(self, newest: Newest) -> None:
        """Settle what could not be subtracted, and write the batch's deltas into the tiles.

        Args:
            newest: looks up the newest event of a topic that is still there.
        """
        for (key, code), (entity, event) in self._doubtful.items():
            after = newest(entity, event, code)
            self.counters[key][code][1] = after
            self._move_user(entity, event.keys, code, event.at, after)
        for key, deltas in self._deltas.items():
            self.tiles.setdefault(key, Tiles(self._lanes)).change(deltas, self._newest[key])
        self._doubtful.clear()
        self._deltas.clear()

    def counter_row(self, key: str) -> bytes:
        """Return a key's counters as they are stored, in the order of topic codes; empty when
        nothing is left.
        """
        return b"".join(
            COUNTER.pack(code, *values) for code, values in sorted(self.counters[key].items())
        )

    def _add(self, entity: str, key: str, keys: dict[str, str], code: int, at: int) -> None:
        held = self.counters[key]
        counter = held.get(code)
        before = NEVER if counter is None else counter[1]
        held[code] = plus(counter, 1, at)
        if at > before:
            self._doubtful.pop((key, code), None)  # a newer event settles it
            self._move_user(entity, keys, code, before, at)

    def _take_away(self, entity: str, key: str, code: int, event: Event) -> None:
        held = self.counters[key]
        if code not in held:
            return
        newest = held[code][1]
        held[code] = plus(held[code], -1, event.at)
        if held[code][0] <= 0:
            del held[code]
            self._doubtful.pop((key, code), None)
            self._move_user(entity, event.keys, code, newest, NEVER)
        elif event.at == newest:
            self._doubtful[key, code] = (entity, event)

    def _move_user(
        self, entity: str, keys: dict[str, str], code: int, before: int, after: int
    ) -> None:
        container = _PAIRS.get(entity)
        if container is None or before == after:
            return
        deltas = self._deltas[keys[container]]
        if before != NEVER:
            deltas[before // _SMALLEST].users[code] -= 1
        if after != NEVER:
            deltas[after // _SMALLEST].users[code] += 1

    def _note(
        self,
        key: str,
        at: int,
        added: tuple[int, ...],
        removed: tuple[int, ...],
        sums: NDArray[np.int64] | None,
    ) -> None:
        delta = self._deltas[key][at // _SMALLEST]
        for code in added:
            delta.counts[code] += 1
        for code in removed:
            delta.counts[code] -= 1
        if sums is not None:
            delta.sums = sums if delta.sums is None else delta.sums + sums
        self._newest[key] = max(self._newest[key], at)

    def _sums(self, new: Event | None, old: Event | None) -> NDArray[np.int64] | None:
        result: NDArray[np.int64] | None = None
        for event, sign in ((new, 1), (old, -1)):
            if event is not None and (event.probabilities or event.price_gap):
                added = lanes(event.probabilities, self._lanes - 1, event.price_gap)
                p = np.array(added, dtype=np.int64)
                both = sign * np.concatenate([p, spread(p)])
                result = both if result is None else result + both
        return result


def first_kept(horizon: int, number: int) -> int:
    """Return the first tile that is kept, of the tile size with this number."""
    size, retention = TILES[number]
    return (horizon - LATE - retention * SECOND) // (size * SECOND)


def _minus(one: Event | None, other: Event | None) -> int:
    return (one.mask if one else 0) & ~(other.mask if other else 0)
