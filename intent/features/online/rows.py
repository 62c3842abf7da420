"""Reads decisions as features see them, and finds rows by many keys at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Row,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    extract,
    func,
    select,
    type_coerce,
)

from intent.features.definitions.events import (
    DEMAND_ROLES,
    ENTITIES,
    FIRST_GROUP,
    MESSAGE_CODE,
    Event,
    Topics,
)
from intent.features.definitions.told_beside import gap_in
from intent.features.online.packed import NEVER
from intent.model.decision import UNMEASURED, DecidedBy
from intent.store.decisions import current_decisions
from intent.store.feature_tables import feature_future
from intent.store.schema import INTENTS, decision_labels
from intent.store.times import from_microseconds, microseconds

d = current_decisions.c

PARTS = ("platform", "user_id", "creator_id", "room_id", "item_id", "category_id")

OF_MASK = (
    cast(d.labels, Text),
    d.decided_by,
    d.calibration_version,
    d.author_role,
    d.stated_price,
    d.price_gap,
    d.answer_seconds,
)
"""What :meth:`Topics.row_mask` takes, in its order."""

COUNTED = d.decided_by != DecidedBy.PLATFORM.value
"""Keeps out the messages that were taken back."""

PARKED = (
    select(feature_future.c.message_id)
    .where(feature_future.c.platform == d.platform, feature_future.c.message_id == d.message_id)
    .exists()
)


def instant_column(connection: Connection) -> ColumnElement[Any]:
    """Return when decisions' messages were said, in the form that :func:`instants` reads."""
    if connection.dialect.name == "sqlite":
        return type_coerce(d.event_timestamp, String)
    return cast(extract("epoch", d.event_timestamp) * 1_000_000, BigInteger)


def instants(column: Sequence[Any]) -> NDArray[np.int64]:
    """Return instants in microseconds since 1970 UTC."""
    if column and isinstance(column[0], str):
        return np.array(column, dtype="datetime64[us]").astype(np.int64)
    return np.array(column, dtype=np.int64)


def later_events(connection: Connection, after: int, topics: Topics) -> Iterator[Event]:
    """Yield the current decisions of what was said after ``after`` (microseconds)."""
    query = _events().where(d.event_timestamp > from_microseconds(after))
    for row in connection.execute(query.execution_options(yield_per=5000)):
        yield _event(row, topics)


def events_of_messages(
    connection: Connection, identities: Sequence[tuple[str, str]], topics: Topics
) -> Iterator[Event]:
    """Yield the current decisions of messages."""
    if identities:
        wanted = listed(connection, identities)
        query = _events().join_from(
            wanted,
            current_decisions,
            and_(d.platform == wanted.c.part_0, d.message_id == wanted.c.part_1),
        )
        for row in connection.execute(query):
            yield _event(row, topics)


def events_of_entities(
    connection: Connection,
    entity: str,
    keys: Sequence[Sequence[str]],
    topics: Topics,
    *,
    since: int | None = None,
    before: int | None = None,
    parked: bool = True,
) -> Iterator[Event]:
    """Yield the current decisions of entities that were said from ``since`` on and before
    ``before`` (microseconds); ``parked`` says whether also those that state does not hold yet.
    """
    names, asked = ENTITIES[entity], {tuple(key) for key in keys}
    # Of pairs, all decisions of their users are read, each once: a user has few, and stands in many
    # pairs.
    first = names[:2]
    found = of_entities(connection, first, list(dict.fromkeys(key[:2] for key in asked)))
    query = _events().join_from(*found)
    if since is not None:
        query = query.where(d.event_timestamp >= from_microseconds(since))
    if before is not None:
        query = query.where(d.event_timestamp < from_microseconds(before))
    if not parked:
        query = query.where(~PARKED)
    for row in connection.execute(query.execution_options(yield_per=5000)):
        if names == first or tuple(getattr(row, name) for name in names) in asked:
            yield _event(row, topics)


def of_entities(
    connection: Connection, names: Sequence[str], keys: Sequence[Sequence[str]]
) -> tuple[FromClause, FromClause, ColumnElement[bool]]:
    """Return what joins keys, numbered in column ``number``, with the current decisions that have
    them in these columns.
    """
    wanted = listed(connection, keys)
    same = (d[name] == wanted.c[f"part_{number}"] for number, name in enumerate(names))
    return wanted, current_decisions, and_(*same)


def _columns_of(entity: str) -> list[ColumnElement[str]]:
    """Return the columns of an entity's key; of a pair, the user's index is to be used: a user has
    few decisions, a room or creator many.
    """
    names = ENTITIES[entity]
    hidden = names[2:]  # behind a function that no index knows; a part of a key is never empty
    return [func.coalesce(d[name], "") if name in hidden else d[name] for name in names]


def listed(connection: Connection, keys: Sequence[Sequence[str]]) -> FromClause:
    """Return a table of these keys, with columns number, part_0, part_1 …, however many there
    are.
    """
    parts = [f"part_{number}" for number in range(len(keys[0]))]
    if connection.dialect.name == "postgresql":
        columns = [
            cast(bindparam(None, [key[n] for key in keys], type_=ARRAY(Text)), ARRAY(Text))
            for n in range(len(parts))
        ]
        return (
            func.unnest(*columns)
            .table_valued(*parts, with_ordinality="number", name="wanted")
            .render_derived()
        )
    each = func.json_each(json.dumps([list(key) for key in keys])).table_valued(
        "key", "value", name="given"
    )
    return select(
        (each.c.key + 1).label("number"),
        *(func.json_extract(each.c.value, f"$[{n}]").label(part) for n, part in enumerate(parts)),
    ).subquery("wanted")


def newest_events(
    connection: Connection,
    doubts: Iterable[tuple[str, Event, int]],
    topics: Topics,
    before: int | None = None,
) -> dict[tuple[str, int], int]:
    """Return when topics were last said of entities, in microseconds, by key and topic code; NEVER
    where they were not. One statement for each kind of entity and topic, however many there are.

    Args:
        doubts: (entity, an event that names its key, topic code).
        before: what was said from then on, in microseconds, is left out; None for what was said
            after the event itself.
    """
    asked: defaultdict[tuple[str, int], dict[str, list[str]]] = defaultdict(dict)
    for entity, event, code in doubts:
        parts = [str(event.parts[name]) for name in ENTITIES[entity]]
        last = event.at + 1 if before is None else before
        asked[entity, code][event.keys[entity]] = [*parts, _as_text(last)]
    return {
        (key, code): at
        for (entity, code), keys in asked.items()
        for key, at in zip(
            keys, _newest_before(connection, entity, list(keys.values()), code, topics), strict=True
        )
    }


def _newest_before(
    connection: Connection, entity: str, keys: Sequence[Sequence[str]], code: int, topics: Topics
) -> list[int]:
    """Return for each key, with an instant behind its parts, when a topic was last said before
    that.
    """
    wanted = listed(connection, keys)
    columns = _columns_of(entity)
    here = [column == wanted.c[f"part_{number}"] for number, column in enumerate(columns)]
    query = select(d.event_timestamp).where(
        *here, _is_before(connection, wanted.c[f"part_{len(columns)}"]), COUNTED
    )
    if code != MESSAGE_CODE:
        name = next(name for name, number in topics.code.items() if number == code)
        labels = topics.groups[name] if code >= FIRST_GROUP else {name}
        query = query.where(
            d.author_role.in_(sorted(DEMAND_ROLES)),
            select(1)
            .where(
                decision_labels.c.decision_id == d.id, decision_labels.c.label.in_(sorted(labels))
            )
            .exists(),
        )
    newest = query.order_by(d.event_timestamp.desc()).limit(1).correlate(wanted).scalar_subquery()
    found = connection.execute(select(wanted.c.number, newest).order_by(wanted.c.number))
    return [NEVER if at is None else microseconds(at) for _, at in found]


def _as_text(at: int) -> str:
    """Return an instant as SQLite holds it, and PostgreSQL reads it."""
    return from_microseconds(at).replace(tzinfo=None).isoformat(" ", "microseconds")


def _is_before(connection: Connection, instant: ColumnElement[str]) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        return type_coerce(d.event_timestamp, String) < instant
    return d.event_timestamp < cast(instant + "+00", DateTime(timezone=True))


def _events() -> Select[Any]:
    probabilities = (d[f"p_{intent}"] for intent in INTENTS)
    return select(
        d.message_id,
        d.event_timestamp,
        *OF_MASK,
        d.lead_probability,
        *(d[name] for name in PARTS),
        *probabilities,
    ).where(COUNTED)


def _event(row: Row[Any], topics: Topics) -> Event:
    message_id, at, *columns = tuple(row)
    decided, (lead, *rest) = columns[: len(OF_MASK)], columns[len(OF_MASK) :]
    parts, probabilities = rest[: len(PARTS)], rest[len(PARTS) :]
    _, _, calibration, role, _, gap, _ = decided
    mask = topics.row_mask(*decided)
    summed = calibration != UNMEASURED and role in DEMAND_ROLES
    return Event(
        platform=parts[0],
        message_id=message_id,
        parts=dict(zip(PARTS, parts, strict=True)),
        at=microseconds(at),
        mask=mask,
        probabilities=topics.with_groups(probabilities, lead) if summed else (),
        price_gap=gap_in(mask, gap),
    )
