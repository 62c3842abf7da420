"""Numbers what sources said of conversions, in the order in which they changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.store.identities import parts
from intent.store.schema import conversions

_LOCK = 7_238_914_431
"""Number of the advisory lock of whoever numbers revisions of conversions on PostgreSQL."""

_SAID = tuple(one.name for one in fields(ConversionEvent))


def event_row(event: ConversionEvent) -> dict[str, Any]:
    """Return the row of ``conversions`` for what a source said, without its number."""
    row = {name: getattr(event, name) for name in _SAID}
    status = event.status.value if event.status else None
    return {**row, "kind": event.kind.value, "status": status, "keys": dict(event.keys)}


def event_from(row: RowMapping | Mapping[str, Any]) -> ConversionEvent:
    """Read what a source said back from its row."""
    said = {name: row[name] for name in _SAID}
    said["kind"] = ConversionKind(said["kind"])
    said["status"] = ConversionStatus(said["status"]) if said["status"] else None
    return ConversionEvent(**said)


def number_alone(transaction: Connection) -> None:
    """Let one number revisions at a time; SQLite has one writer anyway."""
    if transaction.dialect.name == "postgresql":
        transaction.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def insert_numbered(transaction: Connection, fresh: Sequence[ConversionEvent]) -> None:
    """Insert events as revisions, and move the numbers of those that come behind them."""
    came: dict[str, list[ConversionEvent]] = defaultdict(list)
    for one in fresh:
        came[one.conversion_id].append(one)
    before = _revisions(transaction, came)
    rows: list[dict[str, Any]] = []
    moved: list[tuple[int, int]] = []
    for conversion_id, events in came.items():
        line: list[tuple[_Place, ConversionEvent | _Numbered]] = [
            (_place(one), one) for one in events
        ]
        line += [(one.place, one) for one in before.get(conversion_id, ())]
        for number, (_, each) in enumerate(sorted(line, key=lambda pair: pair[0])):
            if isinstance(each, ConversionEvent):
                rows.append({**event_row(each), "revision": number})
            elif each.revision != number:
                moved.append((number, each.id))
    # From the last on: no two of a conversion ever have the same number.
    for number, row_id in sorted(moved, reverse=True):
        transaction.execute(
            update(conversions).where(conversions.c.id == row_id).values(revision=number)
        )
    if rows:
        transaction.execute(conversions.insert(), rows)


_Place = tuple[datetime, str, str]


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A revision that is stored."""

    id: int
    revision: int
    place: _Place


def _place(event: ConversionEvent) -> _Place:
    return event.changed_timestamp, event.source, event.source_event_id


def _revisions(
    transaction: Connection, conversion_ids: Iterable[str]
) -> dict[str, list[_Numbered]]:
    c = conversions.c
    found: dict[str, list[_Numbered]] = defaultdict(list)
    columns = (c.id, c.conversion_id, c.revision, c.changed_timestamp, c.source, c.source_event_id)
    for some in parts(sorted(conversion_ids)):
        query = select(*columns).where(c.conversion_id.in_(some))
        for row in transaction.execute(query):
            place = (row.changed_timestamp, row.source, row.source_event_id)
            found[row.conversion_id].append(_Numbered(row.id, row.revision, place))
    return found
