"""Reads users' own decisions, from which their windows are counted: one statement for all views of
users, and only the columns that features need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from intent.features.definitions.definitions import Definitions, Feature
from intent.features.definitions.events import DEMAND_ROLES, ENTITIES, Topics
from intent.features.definitions.told_beside import gap_in
from intent.features.online.read_columns import OF_TOPICS, Rows
from intent.features.online.rows import COUNTED, OF_MASK, d, instant_column, instants, of_entities
from intent.model.decision import UNMEASURED
from intent.store.times import from_microseconds


@dataclass(frozen=True, slots=True)
class UserRows:
    """Decisions of users within the longest window, in no order.

    Attributes:
        users: platform and user id of each.
        rows: owners number the users.
        views: those with features that count rows; the columns of their keys were read, and of no
            other view.
    """

    users: Sequence[tuple[str, ...]]
    rows: Rows
    views: frozenset[str]

    def of(self, view: str, keys: Sequence[tuple[str, ...]]) -> Rows:
        """Return the rows of the keys of one of :attr:`views`: users, or users with one of the
        columns that were read.
        """
        number = {key: place for place, key in enumerate(keys)}
        others = [self.rows.columns[name].tolist() for name in ENTITIES[view][2:]]
        if not others:
            return self.rows.owned(
                np.array([number.get(user, -1) for user in self.users], dtype=np.int64)[
                    self.rows.owners
                ]
            )
        spoken = zip(self.rows.owners.tolist(), *others, strict=True)
        return self.rows.owned(
            np.array(
                [number.get((*self.users[owner], *rest), -1) for owner, *rest in spoken],
                dtype=np.int64,
            )
        )


def read_user_rows(
    connection: Connection,
    definitions: Definitions,
    topics: Topics,
    features: Sequence[Feature],
    users: Sequence[tuple[str, ...]],
    at: int,
) -> UserRows:
    """Read the decisions of users that these features count at ``at`` microseconds; one row a
    decision.
    """
    query, ids, probabilities = _query(connection, definitions, topics, features, users, at)
    found = connection.execute(query).all()
    every = 2 + len(OF_MASK)
    columns = list(zip(*found, strict=True)) or [()] * (every + len(ids) + len(probabilities))
    (owners, times, *decided), rest = columns[:every], columns[every:]
    _, _, calibration, roles, _, gaps, _ = decided
    masks = [topics.row_mask(*one) for one in zip(*decided, strict=True)]
    summed = np.array(
        [
            version != UNMEASURED and role in DEMAND_ROLES
            for version, role in zip(calibration, roles, strict=True)
        ],
        dtype=bool,
    )
    p = {
        name: np.where(summed, np.array(column, dtype=np.int64), 0)
        for name, column in zip(probabilities, rest[len(ids) :], strict=True)
    }
    rows = Rows(
        np.array(owners, dtype=np.int64) - 1,
        instants(times),
        np.array(masks, dtype=np.int64),
        {
            topic: np.maximum.reduce([p[column] for column in topics.columns(topic)])
            for topic in _summed(features)
        },
        np.array([gap_in(*one) for one in zip(masks, gaps, strict=True)], dtype=np.int64),
        {name: np.array(column, dtype=object) for name, column in zip(ids, rest, strict=False)},
    )
    return UserRows(users, rows, frozenset(feature.view for feature in features))


def _query(
    connection: Connection,
    definitions: Definitions,
    topics: Topics,
    features: Sequence[Feature],
    users: Sequence[tuple[str, ...]],
    at: int,
) -> tuple[Any, list[str], list[str]]:
    """Return the query, and the columns that it selects after those of every row: ids, and
    probabilities.
    """
    since = min(
        definitions.windows[feature.window].start(at)
        if feature.window
        else at - definitions.time_to_live
        for feature in features
    )
    views = {feature.view for feature in features}
    ids = {
        definitions.views[feature.view].distinct[feature.what]
        for feature in features
        if feature.what
    }
    ids |= {name for view in views for name in ENTITIES[view][2:]} | {
        name
        for feature in features
        if feature.statistic == "sequence_50"
        for name in ("item_id", "message_id")
    }
    probabilities = sorted(
        {column for topic in _summed(features) for column in topics.columns(topic)}
    )
    wanted, decided, same = of_entities(connection, ENTITIES["user"], users)
    every = (wanted.c.number, instant_column(connection), *OF_MASK)
    query = select(
        *every, *(d[name] for name in sorted(ids)), *(d[name] for name in probabilities)
    ).join_from(wanted, decided, same)
    return (
        query.where(
            COUNTED,
            d.event_timestamp >= from_microseconds(since),
            d.event_timestamp < from_microseconds(at),
        ),
        sorted(ids),
        probabilities,
    )


def _summed(features: Sequence[Feature]) -> list[str]:
    return sorted({feature.topic for feature in features if feature.statistic in OF_TOPICS})
