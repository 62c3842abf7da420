"""Writes outcomes: each event once, however often, late or mixed up it comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, tuple_

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import WrongUse
from intent.model.outcomes import (
    Click,
    ConversionCredit,
    ConversionEvent,
    ConversionLink,
    Impression,
)
from intent.store.conversion_revisions import event_from, insert_numbered, number_alone
from intent.store.engine import insert_for
from intent.store.identities import parts
from intent.store.outcome_erasure import delete_conversions
from intent.store.schema import (
    clicks,
    conversion_credits,
    conversion_links,
    conversions,
    impressions,
    messages,
)
from intent.store.tombstones import Tombstones
from intent.store.turns import in_turn

SHOWN = 10
"""Conflicts that are named, at most."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of events: counts.

    Attributes:
        new: stored now.
        known: stored before, with the same content.
        conflicts: ids that stand for something else already; what came first stays.
        forgotten: of people who were erased; dropped.
        ids: which the conflicts are, at most ten.
    """

    new: int = 0
    known: int = 0
    conflicts: int = 0
    forgotten: int = 0
    ids: tuple[str, ...] = ()

    def __add__(self, other: Recorded) -> Recorded:
        """Return what became of both."""
        both = {
            one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(Recorded)
        }
        return Recorded(**{**both, "ids": both["ids"][:SHOWN]})


class OutcomeRecorder:
    """Writes in SQL, within the transaction of whoever asks; what was erased is not stored."""

    def __init__(self, tombstones: Tombstones) -> None:
        self._tombstones = tombstones

    def impressions(self, transaction: Connection, shown: Sequence[Impression]) -> Recorded:
        """Add impressions. One is known by its platform, request and position, and by its
        platform, request and room: a list shows a room once.
        """
        return self._add(transaction, impressions, shown)

    def clicks(self, transaction: Connection, clicked: Sequence[Click]) -> Recorded:
        """Add clicks; one is known by its platform, request, room, instant and watch time."""
        return self._add(transaction, clicks, clicked)

    def conversions(self, transaction: Connection, events: Sequence[ConversionEvent]) -> Recorded:
        """Add what sources said of conversions, each as a revision of its own.

        Revisions are numbered in the order in which the conversion changed at its source, so that
        the same events give the same table in whatever order they come.
        """
        if not events:
            return Recorded()
        in_turn(transaction, alone=False)
        number_alone(transaction)
        allowed = self._not_erased(transaction, events)
        fresh: dict[tuple[str, str], ConversionEvent] = {}
        conflicts: list[str] = []
        stored = _stored(transaction, allowed)
        for one in allowed:
            key = (one.source, one.source_event_id)
            before = stored.get(key) or fresh.get(key)
            if before is None:
                fresh[key] = one
            elif before != one:
                conflicts.append(one.source_event_id)
        insert_numbered(transaction, list(fresh.values()))
        return Recorded(
            new=len(fresh),
            known=len(allowed) - len(fresh) - len(conflicts),
            conflicts=len(conflicts),
            forgotten=len(events) - len(allowed),
            ids=tuple(conflicts[:SHOWN]),
        )

    def _add(
        self, transaction: Connection, table: Table, given: Sequence[Impression | Click]
    ) -> Recorded:
        if not given:
            return Recorded()
        in_turn(transaction, alone=False)
        gone = self._tombstones.buried(
            transaction, {subject for one in given for subject in _of(one)}
        )
        allowed = [one for one in given if gone.isdisjoint(_of(one))] if gone else given
        new = _insert_once(transaction, table, [asdict(one) for one in allowed])
        against = _contradicted(transaction, table, allowed) if new < len(allowed) else []
        return Recorded(
            new=new,
            known=len(allowed) - new - len(against),
            conflicts=len(against),
            forgotten=len(given) - len(allowed),
            ids=tuple(_named(one) for one in against[:SHOWN]),
        )

    def _not_erased(
        self, transaction: Connection, events: Sequence[ConversionEvent]
    ) -> Sequence[ConversionEvent]:
        gone = self._tombstones.buried(
            transaction, {subject for one in events for subject in _of(one)}
        )
        # What an erased person ordered stays unknown whatever is said of it, and not only where
        # that names the person.
        ids = {one.conversion_id: one.source for one in events if not gone.isdisjoint(_of(one))}
        if not ids:
            return events
        delete_conversions(transaction, ids)
        self._tombstones.bury(
            transaction,
            [DataSubject(SubjectKind.CONVERSION, source, one) for one, source in ids.items()],
        )
        return [one for one in events if one.conversion_id not in ids]


def record_links(
    transaction: Connection, links: Sequence[ConversionLink], shards: Sequence[Connection] = ()
) -> int:
    """Add links to messages and conversions that are there; return how many are new.

    Args:
        shards: where messages are, each of which has the links to its own; if not there where
            conversions are.
    """
    return _add_between(transaction, conversion_links, links, shards)


def record_credits(
    transaction: Connection, credits_: Sequence[ConversionCredit], shards: Sequence[Connection] = ()
) -> int:
    """Add credits of conversions and messages that are there, as :func:`record_links` does; return
    how many are new.

    Raises:
        WrongUse: a run of theirs holds other credits, so that shares would not add up.
    """
    c, said = conversion_credits.c, set(credits_)
    columns = [c[one.name] for one in fields(ConversionCredit)]
    runs = sorted({one.run for one in credits_})
    for shard in shards or (transaction,):
        query = select(*columns).where(c.run.in_(runs))
        for row in shard.execute(query).mappings():
            if ConversionCredit(**row) not in said:
                raise WrongUse(
                    f"the run {row['run']!r} holds other credits of {row['conversion_id']!r}, for "
                    "more or less was known then; keep these under another --run"
                )
    return _add_between(transaction, conversion_credits, credits_, shards)


def _add_between(
    transaction: Connection,
    table: Table,
    given: Sequence[ConversionLink | ConversionCredit],
    shards: Sequence[Connection],
) -> int:
    """Add what lies between a message and a conversion that are both there, beside the message."""
    m, c = messages.c, conversions.c
    pairs = {(one.platform, one.message_id) for one in given}
    new = 0
    for home in shards or (transaction,):
        in_turn(home, alone=False)
        # Locked, so that an erasure beside it finds what is added, or this finds no message.
        there = _present(home, [m.platform, m.message_id], pairs)
        ids = {(one.conversion_id,) for one in given}
        # Orders that comments are lie with their rooms, in any shard.
        known = {
            one
            for shard in shards or (transaction,)
            for one in _present(shard, [c.conversion_id], ids)
        }
        rows = [
            asdict(one)
            for one in given
            if (one.platform, one.message_id) in there and (one.conversion_id,) in known
        ]
        new += _insert_once(home, table, rows)
    return new


def _present(
    transaction: Connection,
    columns: Sequence[ColumnElement[str]],
    keys: Collection[tuple[str, ...]],
) -> set[tuple[str, ...]]:
    """Lock those of these rows that are there, and return their keys."""
    found: set[tuple[str, ...]] = set()
    for some in parts(sorted(keys)):
        query = select(*columns).where(tuple_(*columns).in_(some)).order_by(*columns)
        found.update(tuple(row) for row in transaction.execute(query.with_for_update()))
    return found


def _insert_once(transaction: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    if not rows:
        return 0
    statement = insert_for(transaction, table).on_conflict_do_nothing()
    added = transaction.execute(statement.returning(table.c.id), list(rows))
    return len(added.all())


def _contradicted(
    transaction: Connection, table: Table, given: Sequence[Impression | Click]
) -> list[Impression | Click]:
    """Return those that are not stored as they are given, for something else came first."""
    kind = type(given[0])
    columns = [table.c[one.name] for one in fields(kind)]
    there: set[Impression | Click] = set()
    for some in parts(sorted({(one.platform, one.request_id) for one in given})):
        query = select(*columns).where(tuple_(table.c.platform, table.c.request_id).in_(some))
        there.update(kind(**row) for row in transaction.execute(query).mappings())
    return [one for one in given if one not in there]


def _named(one: Impression | Click) -> str:
    if isinstance(one, Impression):
        return f"{one.request_id} at {one.position}"
    return f"{one.request_id} into {one.room_id}"


def _stored(
    transaction: Connection, events: Sequence[ConversionEvent]
) -> dict[tuple[str, str], ConversionEvent]:
    """Return what is stored under the ids of these events."""
    c = conversions.c
    keys = sorted({(one.source, one.source_event_id) for one in events})
    found: dict[tuple[str, str], ConversionEvent] = {}
    for some in parts(keys):
        query = select(conversions).where(tuple_(c.source, c.source_event_id).in_(some))
        for row in transaction.execute(query).mappings():
            found[row["source"], row["source_event_id"]] = event_from(row)
    return found


def _of(one: Impression | Click | ConversionEvent) -> Sequence[DataSubject]:
    """Return whom and what an outcome names."""
    named = []
    if one.platform is not None:
        pairs = ((SubjectKind.USER, one.user_id), (SubjectKind.ROOM, one.room_id))
        named = [DataSubject(kind, one.platform, key) for kind, key in pairs if key is not None]
    if not isinstance(one, ConversionEvent):
        return named
    if one.platform is not None and "message_id" in one.keys:
        named.append(DataSubject(SubjectKind.MESSAGE, one.platform, one.keys["message_id"]))
    return [*named, DataSubject(SubjectKind.CONVERSION, one.source, one.conversion_id)]
