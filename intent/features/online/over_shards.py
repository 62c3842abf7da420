"""Puts together what several databases hold of the same entities: counters and tiles add up, and so
do the rows of users.

Only users that are told apart do not: who wrote in two shards would count twice. Where a feature
asks for them, entities that stand in several shards are counted anew from decisions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import Connection

from intent.features.definitions.events import Event, Topics
from intent.features.online.as_of import Held, Keys, Wanted, counted_anew, state_at
from intent.features.online.fading import HALF_LIVES, SECOND
from intent.features.online.packed import COUNTER, counters
from intent.features.online.read_columns import Rows
from intent.features.online.rows import events_of_entities
from intent.features.online.user_rows import UserRows


def state_over(
    connections: Sequence[Connection],
    wanted: Wanted,
    keys: Keys,
    at: int,
    due: Sequence[Sequence[Event]],
    topics: Topics,
) -> dict[str, Held]:
    """Return the state of entities as of ``at`` microseconds, over all shards.

    Args:
        due: for each shard, messages said before ``at`` that are still parked.
    """
    found = [
        state_at(connection, wanted, keys, at, parked, topics)
        for connection, parked in zip(connections, due, strict=True)
    ]
    if len(found) == 1:
        return found[0]
    parts: dict[str, list[Held]] = {}
    for state in found:
        for key, held in state.items():
            parts.setdefault(key, []).append(held)
    several = {key: keys[key] for key, helds in parts.items() if len(helds) > 1}
    if wanted.users and several:
        anew = _counted_anew(connections, wanted, several, at, topics)
    else:
        anew = {key: _added(parts[key]) for key in several}
    return {key: helds[0] for key, helds in parts.items()} | anew


def rows_over(found: Sequence[UserRows]) -> UserRows:
    """Return the rows of the same users in several shards, together."""
    if len(found) == 1:
        return found[0]
    rows = [one.rows for one in found]
    together = Rows(
        np.concatenate([one.owners for one in rows]),
        np.concatenate([one.at for one in rows]),
        np.concatenate([one.mask for one in rows]),
        {
            topic: np.concatenate([one.probabilities[topic] for one in rows])
            for topic in rows[0].probabilities
        },
        np.concatenate([one.gaps for one in rows]),
        {name: np.concatenate([one.columns[name] for one in rows]) for name in rows[0].columns},
    )
    return UserRows(found[0].users, together, found[0].views)


def waiting_over(found: Iterable[set[str] | None]) -> set[str] | None:
    """Return the entities that wait in any shard; None where more wait in one than were looked
    through.
    """
    together: set[str] = set()
    for keys in found:
        if keys is None:
            return None
        together |= keys
    return together


def _counted_anew(
    connections: Sequence[Connection], wanted: Wanted, keys: Keys, at: int, topics: Topics
) -> dict[str, Held]:
    parts = list(keys.values())
    events = (
        event
        for connection in connections
        for event in events_of_entities(connection, wanted.view, parts, topics, before=at)
    )
    return counted_anew(events, keys, topics)


def _added(parts: Sequence[Held]) -> Held:
    together: dict[int, list[float]] = {}
    for part in parts:
        for code, (count, last, as_of, *decayed) in counters(part.counters):
            held = together.setdefault(code, [0, last, as_of, 0.0, 0.0, 0.0])
            newest = max(held[2], as_of)
            faded = [
                before * _left(newest - held[2], half_life)
                + more * _left(newest - as_of, half_life)
                for before, more, half_life in zip(held[3:], decayed, HALF_LIVES, strict=True)
            ]
            together[code] = [held[0] + count, max(held[1], last), newest, *faded]
    return Held(
        max(part.newest for part in parts),
        b"".join(COUNTER.pack(code, *values) for code, values in sorted(together.items())),
        # Whoever reads tiles sums them up, so that the same one may stand there twice.
        b"".join(part.counts for part in parts),
        b"".join(part.sums for part in parts),
    )


def _left(microseconds: float, half_life: int) -> float:
    return math.pow(0.5, microseconds / SECOND / half_life)
