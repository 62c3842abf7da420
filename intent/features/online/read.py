"""Reads features online: thousands of entity rows in one call, a few statements a view, one column
a feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from intent.features.definitions.definitions import Definitions, Feature, FeatureSet
from intent.features.definitions.events import Event, Topics
from intent.features.definitions.status import Status
from intent.features.online.as_of import Held, wanted_of
from intent.features.online.entity_rows import Asked, EntityRows, asked_of
from intent.features.online.future import parked_identities
from intent.features.online.over_shards import rows_over, state_over, waiting_over
from intent.features.online.packed import COUNT_FIELDS, COUNTER_FIELDS, sum_fields, together
from intent.features.online.read_columns import FROM_ROWS, Column, Records, Rows
from intent.features.online.rows import events_of_messages
from intent.features.online.user_rows import UserRows, read_user_rows
from intent.features.online.value_status import with_nobody, with_status
from intent.features.online.values import ViewValues
from intent.features.online.waiting import waiting_keys
from intent.model.errors import OperatorError
from intent.store.engine import Database
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


NOTHING = Held()


class FeatureReader:
    """Reads the feature state of entities as of an instant."""

    def __init__(
        self, database: Database, definitions: Definitions, *, others: Sequence[Database] = ()
    ) -> None:
        """Prepare; ``others`` are more shards, in which the same entities may be found."""
        self._databases, self._definitions = (database, *others), definitions
        self._topics = Topics(definitions.groups)

    def read(self, feature_set: FeatureSet, entity_rows: EntityRows, at: datetime) -> FeatureTable:
        """Return the features of entity rows as of ``at``, from what is known now.

        Args:
            entity_rows: columns of equal length, such as platform, user_id, room_id: all that the
                set's views have in their keys. A row whose key lacks a part (None or NaN), such as
                a room without an item, is never seen.
            at: an aware instant; an entity with messages more than a minute newer than that is
                counted anew from decisions, which takes longer.

        Raises:
            OperatorError: a column is missing, too short, or holds what is no key; or ``at`` has no
                time zone, or is too near the year 1.
        """
        columns: dict[str, Column] = {}
        statuses: dict[str, NDArray[np.int8]] = {}
        instant = self._instant(at)
        asked = {view: asked_of(view, entity_rows) for view in feature_set.views}
        with ExitStack() as opened:
            shards = [opened.enter_context(database.read()) for database in self._databases]
            due = [
                list(events_of_messages(one, parked_identities(one, instant), self._topics))
                for one in shards
            ]
            waiting = waiting_over(waiting_keys(one) for one in shards)
            users = self._user_rows(shards, feature_set, asked, instant)
            for view, of_view in asked.items():
                keys = of_view.keys
                features = [feature for feature in feature_set.features if feature.view == view]
                rows = (
                    users.of(view, list(keys.values()))
                    if users is not None and view in users.views
                    else None
                )
                values = self._view(shards, view, features, keys, instant, due, rows)
                of_entities = _with_waiting(values.statuses(), keys, waiting)
                for feature in features:
                    column, status = with_nobody(*with_status(values.compute(feature), of_entities))
                    columns[feature.name] = column[of_view.places]
                    statuses[feature.name] = status[of_view.places]
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
        shards: Sequence[Connection],
        view: str,
        features: Sequence[Feature],
        keys: Mapping[str, tuple[str, ...]],
        at: int,
        due: Sequence[Sequence[Event]],
        rows: Rows | None,
    ) -> ViewValues:
        wanted = wanted_of(view, features, self._definitions, self._topics)
        state = state_over(shards, wanted, keys, at, due, self._topics)
        held = [state.get(key, NOTHING) for key in keys]
        lanes = self._topics.lanes
        return ViewValues(
            self._definitions,
            self._topics,
            len(keys),
            at,
            counters=Records(*together([one.counters for one in held], COUNTER_FIELDS)),
            counts=Records(*together([one.counts for one in held], COUNT_FIELDS)),
            sums=Records(*together([one.sums for one in held], sum_fields(lanes))),
            rows=rows,
        )

    def _user_rows(
        self,
        shards: Sequence[Connection],
        feature_set: FeatureSet,
        asked: Mapping[str, Asked],
        at: int,
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
            for parts in asked[view].keys.values()
        )
        if not users:
            return None
        parts = (self._definitions, self._topics, windowed, list(users), at)
        return rows_over([read_user_rows(one, *parts) for one in shards])


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
