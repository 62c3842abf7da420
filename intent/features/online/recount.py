"""Counts all state anew from decisions, entity by entity, in bounded memory: a rebuild writes it,
and the audit compares it.

Decisions are read once for users, and once for each kind of container, in the order of its key and
then of its users: then the newest message of a user in a container is known when the next user
begins, and an entity is complete when the next one begins, however many messages it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, select

from intent.features.definitions.events import (
    CONTAINERS,
    DEMAND_ROLES,
    ENTITIES,
    TILED_CODES,
    Topics,
    entity_key,
)
from intent.features.definitions.told_beside import gap_in, spread
from intent.features.online.aggregate import (
    OWNED_COUNTERS,
    OWNED_COUNTS,
    Array,
    added_counters,
    added_counts,
    added_sums,
    by_code,
    counters_of,
    counts_of,
    kept,
    sums_of,
)
from intent.features.online.packed import COUNT_FIELDS, COUNTER_FIELDS, sum_fields
from intent.features.online.rows import COUNTED, OF_MASK, PARKED, d, instant_column, instants
from intent.model.decision import UNMEASURED
from intent.store.schema import INTENTS

AT_ONCE = 10_000
"""Decisions that are read and added up at a time."""


@dataclass(frozen=True, slots=True)
class TileRow:
    """Tiles of one entity, as they are stored."""

    key: str
    horizon: int
    counts: bytes
    sums: bytes


@dataclass(frozen=True, slots=True)
class Recounted:
    """State of some entities.

    Attributes:
        keys: of entities with counters.
        counters: with the number of the key as ``owner``, sorted by it and by topic code.
        tiles: of the creators, rooms or items among them.
        messages: decisions of users that were counted since the last one.
    """

    keys: list[str]
    counters: Array
    tiles: list[TileRow]
    messages: int = 0


def recounted(
    connection: Connection, topics: Topics, *, at_once: int = AT_ONCE
) -> Iterator[Recounted]:
    """Yield the state of every entity, each entity once; ``at_once`` decisions are in memory."""
    yield from _Users(topics).read(connection, at_once)
    for container in CONTAINERS:
        yield from _Containers(topics, container).read(connection, at_once)


@dataclass(frozen=True, slots=True)
class _Part:
    """Decisions in the order of their keys, as columns; ``added`` is what each adds to sums."""

    keys: list[tuple[Any, ...]]
    at: Array
    masks: Array
    added: Array

    @classmethod
    def of(cls, rows: Sequence[Any], names: int, topics: Topics, *, sums: bool) -> _Part:
        columns = list(zip(*rows, strict=True))
        at, *rest = columns[names:]
        decided, p = rest[: len(OF_MASK)], rest[len(OF_MASK) :]
        masks = [topics.row_mask(*one) for one in zip(*decided, strict=True)]
        _, _, calibration, roles, _, gaps, _ = decided
        measured = [
            version != UNMEASURED and role in DEMAND_ROLES
            for version, role in zip(calibration, roles, strict=True)
        ]
        named = dict(zip(_probabilities(sums=sums), p, strict=True))
        by_name = {name: np.array(column, dtype=np.int64) for name, column in named.items()}
        of_topics = [
            np.maximum.reduce([by_name[column] for column in topics.columns(topic)])
            * np.array(measured, dtype=np.int64)
            for topic in topics.measured
            if sums
        ]
        of_gaps = [gap_in(mask, gap) for mask, gap in zip(masks, gaps, strict=True)]
        return cls(
            list(zip(*columns[:names], strict=True)),
            instants(at),
            np.array(masks, dtype=np.int64),
            np.stack([*of_topics, np.array(of_gaps, dtype=np.int64)], axis=1),
        )


class _Users:
    """Counters of users."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._codes = sorted(topics.code.values())
        self._key: tuple[Any, ...] | None = None
        self._held = np.zeros(0, dtype=OWNED_COUNTERS)

    def read(self, connection: Connection, at_once: int) -> Iterator[Recounted]:
        names = ENTITIES["user"]
        for rows in _partitions(connection, names, at_once, sums=False):
            part = _Part.of(rows, len(names), self._topics, sums=False)
            keys, owners = _numbered(part.keys, self._key)
            counters = counters_of(*by_code(owners, part.at, part.masks, self._codes))
            counters = added_counters(np.concatenate([self._held, counters]))
            done = len(keys) - 1  # the last one may go on
            self._key, last = keys[-1], counters["owner"] == done
            self._held = counters[last]
            self._held["owner"] = 0
            yield self._done(keys[:done], counters[~last], len(rows))
        if self._key is not None:
            yield self._done([self._key], self._held, 0)

    def _done(self, keys: Sequence[tuple[Any, ...]], counters: Array, messages: int) -> Recounted:
        return Recounted([entity_key("user", key) for key in keys], counters, [], messages)


class _Containers:
    """Counters and tiles of one kind of container, and counters of its pairs with users."""

    def __init__(self, topics: Topics, container: str) -> None:
        self._topics, self._container, self._pair = topics, container, CONTAINERS[container]
        self._codes = sorted(topics.code.values())
        self._fields = sum_fields(topics.lanes)
        self._key: tuple[Any, ...] | None = None
        self._pair_key: tuple[Any, ...] | None = None
        self._counters = self._pairs = np.zeros(0, dtype=OWNED_COUNTERS)
        self._counts = np.zeros(0, dtype=OWNED_COUNTS)
        self._sums = np.zeros(0, dtype=[("owner", "<i8"), *self._fields.descr])

    def read(self, connection: Connection, at_once: int) -> Iterator[Recounted]:
        platform, own = ENTITIES[self._container]
        names = (platform, own, "user_id")
        for rows in _partitions(connection, names, at_once, sums=True):
            part = _Part.of(rows, len(names), self._topics, sums=True)
            yield self._pairs_of(part)
            yield self._added(part)
        if self._key is not None and self._pair_key is not None:
            yield self._pairs_done([self._pair_key], self._pairs, [0])
            yield self._done([self._key])

    def _pairs_of(self, part: _Part) -> Recounted:
        keys, owners = _numbered(part.keys, self._pair_key)
        counters = counters_of(*by_code(owners, part.at, part.masks, self._codes))
        counters = added_counters(np.concatenate([self._pairs, counters]))
        done = len(keys) - 1
        last = counters["owner"] == done
        complete, self._pairs = counters[~last], counters[last]
        self._pairs["owner"], self._pair_key = 0, keys[-1]
        containers, _ = _numbered([key[:2] for key in keys], self._key)
        number = {key: place for place, key in enumerate(containers)}
        return self._pairs_done(keys[:done], complete, [number[key[:2]] for key in keys[:done]])

    def _pairs_done(
        self, keys: Sequence[tuple[Any, ...]], counters: Array, containers: Sequence[int]
    ) -> Recounted:
        """Note the users whose messages are all counted, under the tile of their newest."""
        owners = np.array(containers, dtype=np.int64)[counters["owner"]]
        users = counts_of(owners, counters["last"], counters["code"], users=True)
        self._counts = np.concatenate([self._counts, users])
        parts = ((platform, user, own) for platform, own, user in keys)
        return Recounted([entity_key(self._pair, key) for key in parts], counters, [])

    def _added(self, part: _Part) -> Recounted:
        keys, owners = _numbered([key[:2] for key in part.keys], self._key)
        counters = counters_of(*by_code(owners, part.at, part.masks, self._codes))
        self._counters = added_counters(np.concatenate([self._counters, counters]))
        every = [*self._codes, *TILED_CODES]
        counts = counts_of(*by_code(owners, part.at, part.masks, every), users=False)
        self._counts = np.concatenate([self._counts, counts])
        chosen = part.added.any(axis=1)
        added = part.added[chosen]
        sums = sums_of(owners[chosen], part.at[chosen], added, spread(added), self._fields)
        self._sums = added_sums(np.concatenate([self._sums, sums]))
        return self._done(keys, goes_on=True)

    def _done(self, keys: Sequence[tuple[Any, ...]], *, goes_on: bool = False) -> Recounted:
        """Hand over the containers, without the last one if it may go on."""
        horizons = _newest(self._counters, len(keys))
        counters, counts = self._counters, added_counts(self._counts, horizons)
        sums = self._sums[kept(self._sums, horizons)]
        done = len(keys) - goes_on
        self._key = keys[-1]
        self._counters, self._counts, self._sums = (
            _renumbered(held, done) for held in (counters, counts, sums)
        )
        written = zip(
            horizons[:done].tolist(),
            _bytes(counts, list(COUNT_FIELDS.names or ()), COUNT_FIELDS, done),
            _bytes(_not_zero(sums), list(self._fields.names or ()), self._fields, done),
            strict=True,
        )
        names = [entity_key(self._container, key) for key in keys[:done]]
        tiles = [TileRow(name, *row) for name, row in zip(names, written, strict=True)]
        return Recounted(names, counters[counters["owner"] < done], tiles)


def states(counters: Array, size: int) -> list[bytes]:
    """Return the counters of each of ``size`` owners as they are stored."""
    return _bytes(counters, list(COUNTER_FIELDS.names or ()), COUNTER_FIELDS, size)


def _newest(counters: Array, size: int) -> Array:
    newest = np.full(size, -(2**62), dtype=np.int64)
    np.maximum.at(newest, counters["owner"], counters["last"])
    return newest


def _renumbered(held: Array, owner: int) -> Array:
    rest: Array = held[held["owner"] == owner]
    rest["owner"] = 0
    return rest


def _not_zero(sums: Array) -> Array:
    something: Array = sums[sums["expected"].any(axis=1) | sums["variance"].any(axis=1)]
    return something


def _bytes(records: Array, names: list[str], fields: Any, size: int) -> list[bytes]:
    """Return the records of each of the first ``size`` owners, in their order."""
    plain = np.zeros(len(records), dtype=fields)
    for name in names:
        plain[name] = records[name]
    ends = np.searchsorted(records["owner"], np.arange(size + 1), side="left")
    return [plain[start:end].tobytes() for start, end in pairwise(ends)]


def _numbered(
    keys: Sequence[tuple[Any, ...]], goes_on: tuple[Any, ...] | None
) -> tuple[list[tuple[Any, ...]], Array]:
    """Return the distinct keys in order, and for each row the number of its key; what goes on from
    the part before is number 0, whether or not it does.
    """
    number: dict[tuple[Any, ...], int] = {} if goes_on is None else {goes_on: 0}
    owners = [number.setdefault(key, len(number)) for key in keys]
    return list(number), np.array(owners, dtype=np.int64)


def _partitions(
    connection: Connection, names: Sequence[str], at_once: int, *, sums: bool
) -> Iterator[Sequence[Any]]:
    query = _query(connection, names, sums=sums).execution_options(yield_per=at_once)
    yield from connection.execute(query).partitions(at_once)


def _query(connection: Connection, names: Sequence[str], *, sums: bool) -> Select[Any]:
    columns = (
        *(d[name] for name in names),
        instant_column(connection),
        *OF_MASK,
        *(d[name] for name in _probabilities(sums=sums)),
    )
    present = (d[name].is_not(None) for name in names)
    return select(*columns).where(COUNTED, ~PARKED, *present).order_by(*(d[name] for name in names))


def _probabilities(*, sums: bool) -> list[str]:
    return ["lead_probability", *(f"p_{intent}" for intent in INTENTS)] if sums else []
