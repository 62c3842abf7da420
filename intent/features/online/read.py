"""Reads features online: thousands of entity rows in one call, a few statements a view, one column
a feature.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, literal, select

from intent.features.definitions.definitions import Definitions, Feature, FeatureSet
from intent.features.definitions.events import ENTITIES, Topics, entity_key
from intent.features.definitions.status import Status
from intent.features.online.future import parked_identities
from intent.features.online.packed import COUNT_FIELDS, COUNTER_FIELDS, sum_fields, together
from intent.features.online.rows import events_of_entities, events_of_messages, within
from intent.features.online.tally import Tally
from intent.features.online.user_rows import UserRows, read_user_rows
from intent.features.online.values import (
    FROM_ROWS,
    WITH_SUMS,
    Column,
    Records,
    Rows,
    ViewValues,
    with_status,
)
from intent.features.online.waiting import waiting_keys
from intent.model.errors import OperatorError
from intent.store.engine import Database
from intent.store.feature_tables import feature_counters, feature_tiles
from intent.store.times import from_microseconds, microseconds


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Columns in the order of the feature set, one row for each entity row.

    Attributes:
        columns: float64 with NaN for missing, or objects, by feature.
        statuses: one :class:`Status` for each value, by feature.
    """

    feature_set: FeatureSet
    at: datetime
    columns: dict[str, Column]
    statuses: dict[str, NDArray[np.int8]]

    def matrix(self) -> NDArray[np.float64]:
        """Return the numeric features as a matrix, one row an entity row; ready for a model that
        takes NaN for missing.

        Raises:
            OperatorError: the set has none.
        """
        numeric = [column for column in self.columns.values() if column.dtype != object]
        if not numeric:
            raise OperatorError(
                f"the feature set {self.feature_set.name} has no numeric feature, so there is no "
                "matrix; read its columns"
            )
        return np.column_stack(numeric)


_Asked: TypeAlias = tuple[dict[str, tuple[str, ...]], NDArray[np.int64]]
"""(the distinct keys of a view with their parts, for each row the place of its key)."""


class FeatureReader:
    """Reads the feature state of entities as of an instant."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database, self._definitions = database, definitions
        self._topics = Topics(definitions.groups)

    def read(
        self, feature_set: FeatureSet, entity_rows: Mapping[str, Sequence[str]], at: datetime
    ) -> FeatureTable:
        """Return the features of entity rows as of ``at``, from what is known now.

        Args:
            entity_rows: columns of equal length, such as platform, user_id, room_id: all that the
                set's views have in their keys.
            at: an aware instant; an entity with newer messages than that is counted anew from
                decisions, which takes longer.

        Raises:
            OperatorError: a column is missing, too short, or holds what is no key; or ``at`` has no
                time zone, or is too near the year 1.
        """
        columns: dict[str, Column] = {}
        statuses: dict[str, NDArray[np.int8]] = {}
        instant = self._instant(at)
        with self._database.read() as connection:
            parked = self._parked(connection, instant)
            waiting = waiting_keys(connection)
            asked = {view: _keys(view, entity_rows) for view in feature_set.views}
            users = self._user_rows(connection, feature_set, asked, instant)
            for view, (keys, places) in asked.items():
                features = [feature for feature in feature_set.features if feature.view == view]
                rows = (
                    users.of(view, list(keys.values()))
                    if users is not None and view in users.views
                    else None
                )
                values = self._view(connection, view, features, keys, instant, parked, rows)
                of_entities = _with_waiting(values.statuses(), keys, waiting)
                for feature in features:
                    column, status = with_status(values.compute(feature), of_entities)
                    columns[feature.name], statuses[feature.name] = column[places], status[places]
        names = feature_set.names
        return FeatureTable(
            feature_set,
            at,
            {name: columns[name] for name in names},
            {name: statuses[name] for name in names},
        )

    def _instant(self, at: datetime) -> int:
        if at.tzinfo is None:
            raise OperatorError(
                f"{at.isoformat()} does not say in which time zone; give an instant such as "
                "datetime.now(UTC)"
            )
        instant = microseconds(at)
        try:
            from_microseconds(
                min(
                    instant - self._definitions.time_to_live,
                    *(w.start(instant) for w in self._definitions.windows.values()),
                )
            )
        except OverflowError:
            raise OperatorError(
                f"{at.isoformat()} is too early: windows would begin before the year 1; give a "
                "later time"
            ) from None
        return instant

    def _view(
        self,
        connection: Connection,
        view: str,
        features: Sequence[Feature],
        keys: Mapping[str, tuple[str, ...]],
        at: int,
        parked: set[str],
        rows: Rows | None,
    ) -> ViewValues:
        windowed = [feature for feature in features if feature.statistic in FROM_ROWS]
        from_rows = self._definitions.views[view].from_rows
        tile = feature_tiles.c
        # Sums take most of the bytes, and few features need them.
        sums_column = (
            tile.sums
            if any(feature.statistic in WITH_SUMS for feature in features)
            else literal(b"").label("sums")
        )
        counters = _stored(connection, list(feature_counters.c), keys)
        tiles = (
            _stored(connection, [tile.key, tile.horizon, tile.counts, sums_column], keys)
            if windowed and not from_rows
            else {}
        )
        stale = [
            key
            for key in keys
            if key in parked
            or (key in counters and counters[key].newest >= at)
            or (key in tiles and tiles[key].horizon >= at)
        ]
        content = {key: [row.state, b"", b""] for key, row in counters.items()}
        for key, row in tiles.items():
            content[key][1:] = [row.counts, row.sums]
        if stale:
            content.update(self._recounted(connection, view, {key: keys[key] for key in stale}, at))
        states, counts, sums = (
            [content[key][n] if key in content else b"" for key in keys] for n in range(3)
        )
        return ViewValues(
            self._definitions,
            self._topics,
            len(keys),
            at,
            counters=Records(*together(states, COUNTER_FIELDS)),
            counts=Records(*together(counts, COUNT_FIELDS)),
            sums=Records(*together(sums, sum_fields(len(self._topics.measured)))),
            rows=rows,
        )

    def _user_rows(
        self, connection: Connection, feature_set: FeatureSet, asked: Mapping[str, _Asked], at: int
    ) -> UserRows | None:
        """Read the decisions of all users that are asked for, alone or in a pair, if a feature
        counts them.
        """
        views = self._definitions.views
        windowed = [
            feature
            for feature in feature_set.features
            if feature.statistic in FROM_ROWS and views[feature.view].from_rows
        ]
        users = dict.fromkeys(
            parts[:2]
            for view in {feature.view for feature in windowed}
            for parts in asked[view][0].values()
        )
        return (
            read_user_rows(connection, self._definitions, self._topics, windowed, list(users), at)
            if users
            else None
        )

    def _recounted(
        self, connection: Connection, view: str, keys: Mapping[str, tuple[str, ...]], at: int
    ) -> dict[str, list[bytes]]:
        tally = Tally(self._topics)
        for event in events_of_entities(connection, view, list(keys.values()), at, self._topics):
            tally.change(event, None)
        tally.finish(lambda entity, event, code: event.at)
        tiles = tally.tiles
        return {
            key: [
                tally.counter_row(key),
                bytes(tiles[key].counts.content),
                bytes(tiles[key].sums.content),
            ]
            if key in tiles
            else [tally.counter_row(key), b"", b""]
            for key in keys
        }

    def _parked(self, connection: Connection, at: int) -> set[str]:
        """Return the keys of entities with future-dated messages that are due, but not counted
        yet.
        """
        identities = parked_identities(connection, at)
        return {
            key
            for event in events_of_messages(connection, identities, self._topics)
            for key in event.keys.values()
        }


def _keys(view: str, entity_rows: Mapping[str, Sequence[str]]) -> _Asked:
    """Return the distinct keys of a view with their parts, and for each row the place of its
    key.
    """
    parts = ENTITIES[view]
    absent = [name for name in parts if name not in entity_rows]
    if absent:
        raise OperatorError(
            f"the features of {view} need the column {absent[0]}; the rows have: "
            f"{', '.join(entity_rows) or 'none'}"
        )
    if len({len(column) for column in entity_rows.values()}) > 1:
        raise OperatorError("the columns of the entity rows differ in length")
    columns = [entity_rows[name] for name in parts]
    for name, column in zip(parts, columns, strict=True):
        _refuse_wrong_keys(view, name, column)
    number: dict[tuple[str, ...], int] = {}
    places = [number.setdefault(values, len(number)) for values in zip(*columns, strict=True)]
    return {entity_key(view, values): values for values in number}, np.array(places, dtype=np.int64)


def _refuse_wrong_keys(view: str, name: str, column: Sequence[Any]) -> None:
    if set(map(type, column)) <= {str} and _can_be_stored("".join(column)):
        return  # thousands of keys in a request: all at once
    for row, value in enumerate(column):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            raise OperatorError(
                f"row {row} has no {name}; leave the row out, or ask for a feature set without "
                f"{view} features"
            )
        if not isinstance(value, str):
            raise OperatorError(
                f"{name} of row {row} is {value!r:.60} ({type(value).__name__}), but keys are "
                'text; write it like "5"'
            )
        if not _can_be_stored(value):
            raise OperatorError(
                f"{name} of row {row} is {value!r:.60}, which no message can have: keys hold "
                "neither NUL nor half a character"
            )


def _can_be_stored(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _stored(
    connection: Connection, columns: Sequence[Any], keys: Mapping[str, Any]
) -> dict[str, Any]:
    if not keys:
        return {}
    return {
        row.key: row
        for row in connection.execute(
            select(*columns).where(within(connection, columns[0], keys))
        ).all()
    }


def _with_waiting(
    statuses: NDArray[np.int8], keys: Mapping[str, Any], waiting: set[str] | None
) -> NDArray[np.int8]:
    """Say PENDING instead of NEVER_SEEN or EXPIRED where messages wait to be decided; None means
    that more wait than can be looked through.
    """
    if waiting is not None and not waiting:
        return statuses
    silent = statuses != Status.PRESENT
    pending = silent & np.array([waiting is None or key in waiting for key in keys], dtype=bool)
    return np.where(pending, np.int8(Status.PENDING), statuses)
