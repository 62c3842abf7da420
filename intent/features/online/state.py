"""Feature state in SQL, changed in the transaction that saves a decision.

Every entity that a message names has a row of counters, and creators, rooms and items a row of
tiles; a batch reads the rows that it touches, counts in memory and writes each back once. What is
dated in the future is parked, and counted once its time has come, so that state never holds what a
reader may not see yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, select, text

from intent.features.definitions.events import CONTAINERS, MESSAGE_CODE, Event, Topics
from intent.features.online.future import Change, counted_now, park_all
from intent.features.online.packed import NEVER
from intent.features.online.recount import Recounted, recounted, states
from intent.features.online.rows import newest_events
from intent.features.online.tally import Tally, Tiles
from intent.model.decision import Entry
from intent.store.feature_tables import feature_counters, feature_future, feature_tiles
from intent.store.identities import within
from intent.store.many_rows import insert_all, insert_unless_known, update_by_key, upsert
from intent.store.schema import database_now
from intent.store.times import microseconds


def database_microseconds(transaction: Connection) -> int:
    """Return the database's clock in microseconds since 1970 UTC."""
    return microseconds(transaction.execute(select(database_now())).scalar_one())


class SqlFeatureState:
    """Feature state in SQL."""

    def __init__(
        self,
        groups: Mapping[str, frozenset[str]],
        *,
        now: Callable[[Connection], int] = database_microseconds,
    ) -> None:
        """Prepare to count.

        Args:
            groups: intents of each group; groups are counted as if each were a label of its own.
            now: the clock that says what is dated in the future, in microseconds since 1970 UTC.
        """
        self.topics, self._now = Topics(groups), now

    def add(self, transaction: Connection, entries: Sequence[Entry]) -> None:
        """Count inserted entries: new minus previous, at the event's time; to be called after they
        are saved or promoted. A decision that takes its message back counts for nothing, so what
        follows one counts as if it were the first.
        """
        self._change(
            transaction,
            [
                (self.topics.event(entry.message, entry.decision), self._previous(entry))
                for entry in entries
            ],
        )

    def remove(self, transaction: Connection, entries: Sequence[Entry]) -> None:
        """Uncount messages; ``decision`` is the one that stood for readers. To be called after
        their decisions are deleted.
        """
        self._change(
            transaction,
            [(None, self.topics.event(entry.message, entry.decision)) for entry in entries],
        )

    def rebuild(self, transaction: Connection) -> int:
        """Count all current decisions anew, such as after a new group in the taxonomy; returns how
        many are counted, without those that are dated in the future. Who saves decisions meanwhile
        waits.
        """
        tables = (feature_future, feature_counters, feature_tiles)
        if transaction.dialect.name == "postgresql":
            # Before anything is read, and in the order in which a batch touches them: what others
            # count is then either in what is read here, or comes on top of it.
            names = ", ".join(table.name for table in tables)
            transaction.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
        for table in tables:
            transaction.execute(delete(table))
        park_all(transaction, self._now(transaction), self.topics)
        counted = 0
        for part in recounted(transaction, self.topics):
            _write_anew(transaction, part)
            counted += part.messages
        return counted

    def _previous(self, entry: Entry) -> Event | None:
        return None if entry.previous is None else self.topics.event(entry.message, entry.previous)

    def _change(self, transaction: Connection, changes: Sequence[Change]) -> None:
        told = [(new, old) for new, old in changes if new is not None or old is not None]
        now = self._now(transaction)
        self._count(transaction, counted_now(transaction, told, now, self.topics))

    def _count(self, transaction: Connection, changes: Sequence[Change]) -> None:
        if not changes:
            return
        tally = Tally(self.topics)
        keys = {key: entity for new, old in changes for entity, key in (new or old).keys.items()}  # type: ignore[union-attr]
        tiled = [key for key, entity in keys.items() if entity in CONTAINERS]
        for row in _locked(
            transaction, feature_counters, list(keys), {"newest": NEVER, "state": b""}
        ):
            tally.load_counters(row.key, row.state)
        for row in _locked(
            transaction, feature_tiles, tiled, {"horizon": NEVER, "counts": b"", "sums": b""}
        ):
            tally.load_tiles(row.key, row.horizon, row.counts, row.sums)
        for new, old in changes:
            tally.change(new, old)
        newest = newest_events(transaction, tally.doubts(), self.topics)
        tally.finish(lambda entity, event, code: newest[event.keys[entity], code])
        _save(transaction, tally)


def _locked(
    transaction: Connection, table: Table, keys: Sequence[str], empty: Mapping[str, Any]
) -> list[Any]:
    """Return the rows of keys, for this transaction alone until its end; those that are missing are
    made, empty, in PostgreSQL.
    """
    query = select(table).where(within(transaction, table.c.key, keys))
    if transaction.dialect.name != "postgresql":
        return list(transaction.execute(query).all())  # SQLite has one writer at a time
    # Existing rows first and in order, then the missing ones in order: two workers never wait for
    # each other in a circle.
    query = query.order_by(table.c.key).with_for_update()
    rows = list(transaction.execute(query).all())
    missing = sorted(set(keys) - {row.key for row in rows})
    if missing:
        empty_rows = [{"key": key, **empty} for key in missing]
        made = insert_unless_known(transaction, table, empty_rows, [table.c.key])
        new = {key for (key,) in made}
        overtaken = [key for key in missing if key not in new]
        if overtaken:
            rows += transaction.execute(
                select(table)
                .where(within(transaction, table.c.key, overtaken))
                .order_by(table.c.key)
                .with_for_update()
            )
    return rows


def _write_anew(transaction: Connection, part: Recounted) -> None:
    newest = part.counters["last"][part.counters["code"] == MESSAGE_CODE].tolist()
    written = zip(part.keys, newest, states(part.counters, len(part.keys)), strict=True)
    counters = [{"key": key, "newest": at, "state": state} for key, at, state in written]
    tiles = [
        {"key": row.key, "horizon": row.horizon, "counts": row.counts, "sums": row.sums}
        for row in part.tiles
    ]
    for table, rows in ((feature_counters, counters), (feature_tiles, tiles)):
        if rows:
            insert_all(transaction, table, rows)


def _save(transaction: Connection, tally: Tally) -> None:
    counters, tiles, gone = [], [], []
    for key in sorted(tally.counters):
        held = tally.counters[key]
        if MESSAGE_CODE in held:
            counters.append(
                {"key": key, "newest": held[MESSAGE_CODE][2], "state": tally.counter_row(key)}
            )
        else:
            gone.append(key)
    for key, held_tiles in sorted(tally.tiles.items()):
        if MESSAGE_CODE in tally.counters[key]:
            tiles.append(_tile_row(key, held_tiles))
    _write(transaction, feature_counters, counters)
    _write(transaction, feature_tiles, tiles)
    if gone:
        for table in (feature_counters, feature_tiles):
            transaction.execute(delete(table).where(within(transaction, table.c.key, gone)))


def _tile_row(key: str, tiles: Tiles) -> dict[str, Any]:
    return {
        "key": key,
        "horizon": tiles.horizon,
        "counts": bytes(tiles.counts.content),
        "sums": bytes(tiles.sums.content),
    }


def _write(transaction: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    if transaction.dialect.name == "postgresql":
        update_by_key(transaction, table, "key", rows)
        return
    upsert(transaction, table, ["key"], rows)
