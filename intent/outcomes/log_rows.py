"""Reads what was shown, clicked and ordered as the rows of a log that rankers learn from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from intent.outcomes.reading import read_clock, read_linked_keys
from intent.store.schema import clicks, conversions, impressions

AT_ONCE = 10_000
"""Rows that are held at a time."""

LOG_TABLES = {"impressions": impressions, "clicks": clicks, "conversions": conversions}
"""What a log holds, each with the columns of its table but for ``id``."""


def log_columns(name: str) -> list[str]:
    """Return the columns of one table of a log."""
    return [column.name for column in LOG_TABLES[name].c if column.name != "id"]


def log_rows(shards: Sequence[Connection], name: str) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield the rows of one table in the order of writing, some at a time.

    What an order does not say of its buyer, its room and its creator, the message says that the run
    ``production`` has linked it to: shops seldom know rooms.

    Args:
        shards: the first of them has what was shown and clicked; all may have orders.
    """
    table = LOG_TABLES[name]
    query = select(*(table.c[column] for column in log_columns(name))).order_by(table.c.id)
    linked: dict[str, dict[str, str]] = {}
    if table is conversions:
        linked = read_linked_keys(shards, read_clock(shards[0]))
    for shard in shards if table is conversions else shards[:1]:
        found = shard.execute(query.execution_options(yield_per=AT_ONCE)).mappings()
        for some in found.partitions():
            yield [_row(one, linked) for one in some]


def _row(one: RowMapping, linked: dict[str, dict[str, str]]) -> dict[str, Any]:
    row = dict(one)
    if "keys" in row:
        row["keys"] = json.dumps(row["keys"], sort_keys=True)
        # What a later revision leaves empty stays as the first one says.
        found = linked.get(row["conversion_id"], {}) if row["revision"] == 0 else {}
        row.update({key: value for key, value in found.items() if row[key] is None})
    return row
