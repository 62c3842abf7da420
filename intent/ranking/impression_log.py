"""Reads what was shown, clicked and ordered as rows to learn from, as it was known at an instant.

A log is a folder with ``impressions.parquet``, ``clicks.parquet`` and ``conversions.parquet``, with
the columns of the store's tables. An order counts for the last click of the same user in the same
room before it, within a window; what was cancelled, refunded or never shown up for by then counts
for nothing. An order that names nobody counts nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from intent.model.errors import OperatorError
from intent.store.times import microseconds

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

FILES = ("impressions", "clicks", "conversions")
KEYS = ("platform", "user_id", "creator_id", "room_id", "item_id", "category_id")
MAY_LACK = "category_id"
"""A key that not every log has."""

WINDOW = 7 * 86_400 * 1_000_000
"""Microseconds after a click within which an order counts for it."""

NEVER = -1
"""Stands for *no click* and *no order*, where an instant is held."""

_SPINE = """
COPY (
  SELECT served_at AS event_timestamp, {keys}, request_id, position FROM impressions
) TO '{out}' (FORMAT parquet)
"""

_ROWS = """
WITH shown AS (
  SELECT row_number() OVER () AS number, * FROM impressions
), clicked AS (
  SELECT request_id, platform, user_id, room_id, epoch_us(min(clicked_at)) AS clicked_at
  FROM clicks WHERE epoch_us(created_timestamp) < {known} GROUP BY ALL
), latest AS (
  -- A refund is a newer revision; when it was ordered, and known, says the first one.
  SELECT arg_max(platform, revision) AS platform, arg_max(user_id, revision) AS user_id,
    arg_max(room_id, revision) AS room_id, arg_max(status, revision) AS status,
    epoch_us(arg_min(event_timestamp, revision)) AS ordered_at,
    epoch_us(min(created_timestamp)) AS told_at,
    epoch_us(arg_max(created_timestamp, revision)) AS changed_at
  FROM conversions WHERE epoch_us(created_timestamp) < {known}
  GROUP BY source, conversion_id
), linked AS (
  -- Of several orders for one click one that stands counts, the first of them.
  SELECT c.request_id, c.platform, c.user_id, c.room_id,
    arg_min(o.told_at, (NOT o.status IN ('placed', 'paid'), o.told_at)) AS told_at,
    min(o.changed_at) FILTER (NOT o.status IN ('placed', 'paid')) AS taken_at,
    bool_or(o.status IN ('placed', 'paid')) AS stands
  FROM latest o
  ASOF JOIN clicked c ON c.platform = o.platform AND c.user_id = o.user_id
    AND c.room_id = o.room_id AND c.clicked_at <= o.ordered_at
  WHERE o.ordered_at - c.clicked_at <= {window}
  GROUP BY ALL
)
SELECT s.request_id AS request, epoch_us(s.served_at) AS served, s.position,
  coalesce(c.clicked_at, {never}) AS clicked_at, coalesce(l.told_at, {never}) AS told_at,
  CASE WHEN l.stands THEN {never} ELSE coalesce(l.taken_at, {never}) END AS taken_at
FROM shown s
LEFT JOIN clicked c ON c.request_id = s.request_id AND c.platform = s.platform
  AND c.user_id = s.user_id AND c.room_id = s.room_id
LEFT JOIN linked l ON l.request_id = s.request_id AND l.platform = s.platform
  AND l.user_id = s.user_id AND l.room_id = s.room_id
ORDER BY s.number
"""


@dataclass(frozen=True, slots=True)
class ShownRows:
    """Impressions in the order of the log; instants are microseconds since 1970 UTC.

    Attributes:
        request: number of the list that a row stood in.
        position: in that list, 1 first.
        clicked_at: the first click, or :data:`NEVER`.
        told_at: when the first order for that click was known, or :data:`NEVER`.
        taken_at: when it was known to be taken back (refunded, cancelled, never shown up for), or
            :data:`NEVER`.
        known: what was stored before this instant is in.
    """

    request: Integers
    served: Integers
    position: Integers
    clicked_at: Integers
    told_at: Integers
    taken_at: Integers
    known: int

    def __len__(self) -> int:
        return len(self.served)

    @property
    def clicked(self) -> Flags:
        """Whether a row was clicked."""
        return np.asarray(self.clicked_at != NEVER)

    @property
    def told(self) -> Flags:
        """Whether an order for a row was known, may it stand or not."""
        return np.asarray(self.told_at != NEVER)

    @property
    def taken(self) -> Flags:
        """Whether that order was taken back."""
        return np.asarray(self.taken_at != NEVER)

    @property
    def ordered(self) -> Flags:
        """Whether an order for a row was known that stood."""
        return self.told & ~self.taken

    @property
    def age(self) -> Integers:
        """How long ago a row was clicked, or shown if it was not."""
        return self.known - np.where(self.clicked, self.clicked_at, self.served)

    @property
    def days(self) -> Integers:
        """The day (UTC) on which a row was shown, since 1970."""
        return self.served // (86_400 * 1_000_000)

    def chosen(self, rows: NDArray[np.generic]) -> ShownRows:
        """Return some rows, by number or by flag."""
        parts = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name != "known"
        }
        return ShownRows(**parts, known=self.known)


def write_requests(log: Path, out: Path) -> None:
    """Write the impressions as a spine for ``intent features build``: its rows are in their order.
    Where the log knows no categories, no row has one.

    Raises:
        OperatorError: the log lacks a file.
    """
    with opened_log(log) as connection:
        there = {name for name, *_ in connection.execute("DESCRIBE impressions").fetchall()}
        columns = {key: "NULL" if key == MAY_LACK and key not in there else key for key in KEYS}
        named = ", ".join(f"CAST({column} AS VARCHAR) AS {key}" for key, column in columns.items())
        connection.execute(_SPINE.format(keys=named, out=quoted(out)))


def read_impressions(log: Path, known: datetime | None = None, window: int = WINDOW) -> ShownRows:
    """Return one row an impression, in the order of the log.

    Args:
        known: what was stored from this instant on is unknown; None knows all.
        window: microseconds after a click within which an order counts for it.

    Raises:
        OperatorError: the log lacks a file, or holds no impression.
    """
    with opened_log(log) as connection:
        until = _end(connection) if known is None else microseconds(known)
        query = _ROWS.format(known=until, window=window, never=NEVER)
        columns = connection.execute(query).fetchnumpy()
    if not len(columns["served"]):
        raise OperatorError(f"{log} holds no impressions, so there is nothing to learn from")
    request = np.unique(columns["request"].astype(str), return_inverse=True)[1]
    rest = {
        name: np.asarray(columns[name], dtype=np.int64)
        for name in ("served", "position", "clicked_at", "told_at", "taken_at")
    }
    return ShownRows(request=request.astype(np.int64), **rest, known=until)


def _end(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the instant after everything that was stored."""
    tables = " UNION ALL ".join(
        f"SELECT max(created_timestamp) AS newest FROM {name}" for name in FILES
    )
    found = connection.execute(f"SELECT epoch_us(max(newest)) FROM ({tables})").fetchone()
    return int(found[0]) + 1 if found and found[0] is not None else 0


def opened_log(log: Path) -> duckdb.DuckDBPyConnection:
    """Open a log: its files are tables of their names.

    Raises:
        OperatorError: it lacks a file.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name in FILES:
        path = log / f"{name}.parquet"
        if not path.exists():
            raise OperatorError(
                f"there is no {path}; a log has {', '.join(f'{one}.parquet' for one in FILES)}, "
                "such as python -m eval world writes"
            )
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{quoted(path)}')")
    return connection


def quoted(path: Path) -> str:
    """Return a path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
