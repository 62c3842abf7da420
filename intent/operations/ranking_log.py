"""Writes what was shown, clicked and ordered as a log that rankers learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from intent.outcomes.log_rows import LOG_TABLES, log_columns, log_rows
from intent.ranking.log_folder import write_log_table
from intent.store.all_shards import reading_all
from intent.store.engine import Database


def write_ranking_log(
    database: Database, folder: Path, others: Sequence[Database] = ()
) -> dict[str, int]:
    """Write the tables of a log anew, in one consistent view of each shard; return how many rows
    each has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with reading_all(database, others) as shards:
        return {
            name: write_log_table(folder, name, log_columns(name), log_rows(shards, name))
            for name in LOG_TABLES
        }
