"""State of entities as of an instant: as it is stored, with its newest messages taken back, or
counted anew.

A server that asks for the features of a request is always a little behind the newest message. So
what was said since the instant is taken back from the stored state in memory, as a deletion would
be; only instants further back than retention allows are counted anew from decisions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, literal, select

from intent.features.definitions.definitions import Definitions, Feature
from intent.features.definitions.events import CONTAINERS, ENTITIES, MESSAGE_CODE, Event, Topics
from intent.features.online.packed import NEVER
from intent.features.online.read_columns import FROM_ROWS, WITH_SUMS
from intent.features.online.rows import events_of_entities, newest_events
from intent.features.online.tally import LATE, Tally
from intent.store.feature_tables import feature_counters, feature_tiles
from intent.store.identities import within

Keys = Mapping[str, tuple[str, ...]]
"""Keys of entities of one view, with their parts."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the features of a view read of state.

    Attributes:
        tiles: whether they read windows from tiles.
        sums: whether they read sums of probabilities.
        last: codes of the topics of which they read the newest instant.
        users: codes of the topics of which they tell users apart.
    """

    view: str
    tiles: bool
    sums: bool
    last: frozenset[int]
    users: frozenset[int]


@dataclass(slots=True)
class Held:
    """State of one entity; ``newest`` is the newest instant ever counted, in microseconds."""

    newest: int = NEVER
    counters: bytes = b""
    counts: bytes = b""
    sums: bytes = b""


def wanted_of(
    view: str, features: Sequence[Feature], definitions: Definitions, topics: Topics
) -> Wanted:
    """Return what the features of a view read of state."""
    from_rows = definitions.views[view].from_rows

    def codes(statistic: str) -> set[int]:
        return {topics.code[f.topic] for f in features if f.statistic == statistic}

    return Wanted(
        view,
        tiles=not from_rows and any(f.statistic in FROM_ROWS for f in features),
        # Sums take most of the bytes, and few features need them.
        sums=any(f.statistic in WITH_SUMS for f in features),
        last=frozenset({MESSAGE_CODE, *codes("seconds_since_last")}),
        users=frozenset() if from_rows else frozenset(codes("distinct")),
    )


def state_at(
    connection: Connection,
    wanted: Wanted,
    keys: Keys,
    at: int,
    due: Sequence[Event],
    topics: Topics,
) -> dict[str, Held]:
    """Return the state of entities as of ``at`` microseconds; those without any are left out.

    Args:
        due: messages said before ``at`` that are still parked.
    """
    held = _stored(connection, wanted, keys)
    parked = {event.keys[wanted.view] for event in due if wanted.view in event.keys}
    far = {key: keys[key] for key, one in held.items() if one.newest - at > LATE}
    near = {
        key: parts
        for key, parts in keys.items()
        if key not in far and (key in parked or (key in held and held[key].newest >= at))
    }
    if near:
        held |= _corrected(connection, wanted, near, held, at, due, topics)
    if far:
        held |= _recounted(connection, wanted, far, at, topics)
    return held


def _stored(connection: Connection, wanted: Wanted, keys: Keys) -> dict[str, Held]:
    counters, tile = feature_counters.c, feature_tiles.c
    held = {
        row.key: Held(row.newest, row.state)
        for row in _rows(connection, [counters.key, counters.newest, counters.state], keys)
    }
    if wanted.tiles:
        sums = tile.sums if wanted.sums else literal(b"").label("sums")
        for row in _rows(connection, [tile.key, tile.horizon, tile.counts, sums], keys):
            one = held.setdefault(row.key, Held())
            one.newest, one.counts, one.sums = max(one.newest, row.horizon), row.counts, row.sums
    return held


def _corrected(
    connection: Connection,
    wanted: Wanted,
    keys: Keys,
    held: Mapping[str, Held],
    at: int,
    due: Iterable[Event],
    topics: Topics,
) -> dict[str, Held]:
    """Take back what was said at ``at`` or later, and count what is due and not counted yet."""
    tally, view = Tally(topics), wanted.view
    for key in keys:
        one = held.get(key, Held())
        tally.load_counters(key, one.counters)
        tally.load_tiles(key, one.newest, one.counts, one.sums)
    added = [_of_view(event, view) for event in due if event.keys.get(view) in keys]
    since = events_of_entities(
        connection, view, list(keys.values()), topics, since=at, parked=False
    )
    removed = [_of_view(event, view) for event in since]
    if wanted.users:
        pairs = {event.keys[CONTAINERS[view]]: None for event in (*added, *removed)}
        counters = feature_counters.c
        for row in _rows(connection, [counters.key, counters.state], pairs):
            tally.load_counters(row.key, row.state)
    for event in added:
        tally.change(event, None)
    for event in removed:
        tally.change(None, event)
    newest = _newest(connection, wanted, tally, at, topics)
    tally.finish(lambda entity, event, code: newest.get((event.keys[entity], code), NEVER))
    return _held(tally, keys)


def _newest(
    connection: Connection, wanted: Wanted, tally: Tally, at: int, topics: Topics
) -> dict[tuple[str, int], int]:
    """Look up what was last said before ``at``, for what the features read and nothing else."""
    read = {wanted.view: wanted.last, CONTAINERS.get(wanted.view): wanted.users}
    doubts = (
        (entity, event, code)
        for entity, event, code in tally.doubts()
        if code in read.get(entity, ())
    )
    return newest_events(connection, doubts, topics, before=at)


def _recounted(
    connection: Connection, wanted: Wanted, keys: Keys, at: int, topics: Topics
) -> dict[str, Held]:
    parts = list(keys.values())
    events = events_of_entities(connection, wanted.view, parts, topics, before=at)
    return counted_anew(events, keys, topics)


def counted_anew(events: Iterable[Event], keys: Iterable[str], topics: Topics) -> dict[str, Held]:
    """Return the state that all decisions of entities make together."""
    tally = Tally(topics)
    for event in events:
        tally.change(event, None)
    tally.finish(lambda entity, event, code: event.at)
    return _held(tally, keys)


def _held(tally: Tally, keys: Iterable[str]) -> dict[str, Held]:
    found = {key: Held(counters=tally.counter_row(key)) for key in keys}
    for key in found.keys() & tally.tiles.keys():
        tiles = tally.tiles[key]
        found[key].counts = bytes(tiles.counts.content)
        found[key].sums = bytes(tiles.sums.content)
    return found


def _of_view(event: Event, view: str) -> Event:
    """Return an event that names the entities of a view, and their users, alone."""
    names = {*ENTITIES[view], "user_id"}
    parts = {name: part if name in names else None for name, part in event.parts.items()}
    return dataclasses.replace(event, parts=parts)


def _rows(connection: Connection, columns: Sequence[Any], keys: Iterable[str]) -> Sequence[Any]:
    listed = list(keys)
    if not listed:
        return []
    return connection.execute(select(*columns).where(within(connection, columns[0], listed))).all()
