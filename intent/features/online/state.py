"""Feature state in SQL, changed in the transaction that saves a decision.

Every entity that a message names has a row of counters, and creators, rooms and items a row of
tiles; a batch reads the rows that it touches, counts in memory and writes each back once. What is
dated in the future is parked, and counted once its time has come, so that state never holds what a
reader may not see yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select, tuple_, update

from intent.features.definitions.events import CONTAINERS, MESSAGE_CODE, Event, Topics
from intent.features.online.packed import NEVER
from intent.features.online.rows import all_events, events_of_messages, listed, newest_event, within
from intent.features.online.tally import Tally, Tiles
from intent.model.decision import Entry
from intent.store.engine import insert_for
from intent.store.feature_tables import feature_counters, feature_future, feature_tiles
from intent.store.schema import database_now
from intent.store.times import microseconds

Change = tuple[Event | None, Event | None]
"""(new, old): the decision that counts from now on, and the one that counted until now."""

REBUILT_AT_ONCE = 20_000

future = feature_future.c


class SqlFeatureState:
    """Feature state in SQL; ``groups`` are counted as if each were a label of its own."""

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        self.topics = Topics(groups)

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
        many.
        """
        for table in (feature_counters, feature_tiles):
            transaction.execute(delete(table))
        batch: list[Change] = []
        total = 0
        for event in all_events(transaction, self.topics):
            batch.append((event, None))
            if len(batch) == REBUILT_AT_ONCE:
                self._count(transaction, batch)
                total, batch = total + len(batch), []
        self._count(transaction, batch)
        return total + len(batch)

    def _previous(self, entry: Entry) -> Event | None:
        return None if entry.previous is None else self.topics.event(entry.message, entry.previous)

    def _change(self, transaction: Connection, changes: Sequence[Change]) -> None:
        now = microseconds(transaction.execute(select(database_now())).scalar_one())
        due = self._due(transaction, now)
        told = [(new, old) for new, old in changes if new is not None or old is not None]
        self._count(transaction, [*due, *_without_future(transaction, told, now)])

    def _due(self, transaction: Connection, now: int) -> list[Change]:
        ripe = (
            delete(feature_future)
            .where(future.due <= now)
            .returning(future.platform, future.message_id)
        )
        identities = [(platform, message_id) for platform, message_id in transaction.execute(ripe)]
        return [(event, None) for event in events_of_messages(transaction, identities, self.topics)]

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
        tally.finish(
            lambda entity, event, code: newest_event(transaction, entity, event, code, self.topics)
        )
        _save(transaction, tally)


def _without_future(transaction: Connection, changes: Sequence[Change], now: int) -> list[Change]:
    """Park what is dated in the future, and leave out what is parked: once due, it is counted as it
    then stands.
    """
    early = [new for new, old in changes if new is not None and old is None and new.at > now]
    if early:
        rows = sorted((event.platform, event.message_id, event.at) for event in early)
        statement = insert_for(transaction, feature_future).on_conflict_do_nothing()
        transaction.execute(
            statement, [{"platform": p, "message_id": m, "due": at} for p, m, at in rows]
        )
    parked = _parked(
        transaction, [(old.platform, old.message_id) for _, old in changes if old is not None]
    )
    removed = [
        (old.platform, old.message_id) for new, old in changes if new is None and old is not None
    ]
    _unpark(transaction, [identity for identity in removed if identity in parked])
    return [(new, old) for new, old in changes if not _is_parked(new, old, parked, now)]


def _is_parked(
    new: Event | None, old: Event | None, parked: set[tuple[str, str]], now: int
) -> bool:
    if old is None:
        return new is not None and new.at > now
    return (old.platform, old.message_id) in parked


def _parked(transaction: Connection, identities: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    if not identities:
        return set()
    # Locked, so that it is counted by exactly one: by us now, or by whoever counts it when it is
    # due.
    found = transaction.execute(
        select(future.platform, future.message_id)
        .where(_of(transaction, identities))
        .with_for_update()
    )
    return {(platform, message_id) for platform, message_id in found}


def _unpark(transaction: Connection, identities: Sequence[tuple[str, str]]) -> None:
    if identities:
        transaction.execute(delete(feature_future).where(_of(transaction, identities)))


def _of(transaction: Connection, identities: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    wanted = listed(transaction, identities)
    return tuple_(future.platform, future.message_id).in_(select(wanted.c.part_0, wanted.c.part_1))


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
        made = insert_for(transaction, table).on_conflict_do_nothing().returning(table.c.key)
        new = set(transaction.scalars(made, [{"key": key, **empty} for key in missing]))
        overtaken = [key for key in missing if key not in new]
        if overtaken:
            rows += transaction.execute(
                select(table)
                .where(within(transaction, table.c.key, overtaken))
                .order_by(table.c.key)
                .with_for_update()
            )
    return rows


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
    columns = [column.name for column in table.columns if column.name != "key"]
    if transaction.dialect.name == "postgresql":
        locked = (
            update(table)
            .where(table.c.key == bindparam("of_key"))
            .values({name: bindparam(name) for name in columns})
        )
        transaction.execute(locked, [{"of_key": row.pop("key"), **row} for row in rows])
        return
    statement = insert_for(transaction, table)
    transaction.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={name: statement.excluded[name] for name in columns}
        ),
        rows,
    )
