"""Reads the feature state of entities as of an instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_

from intent.errors import OperatorError
from intent.features.state import ENTITIES, HALF_LIVES, Counter
from intent.store.engine import Database
from intent.store.schema import feature_counters
from intent.store.times import microseconds


@dataclass(frozen=True, slots=True)
class EntityKey:
    """One user, creator, room or item of one platform."""

    entity: str
    platform: str
    key: str


@dataclass(frozen=True, slots=True)
class Feature:
    """One value: 0.0 means seen without it, None means that the entity was never seen."""

    entity: EntityKey
    name: str
    value: float | None


def parse_key(text: str) -> EntityKey:
    """Read ``user=tiktok:u_1``.

    Raises:
        OperatorError: the text has another form; it says which.
    """
    entity, _, rest = text.partition("=")
    platform, _, key = rest.partition(":")
    if entity not in ENTITIES or not platform or not key:
        raise OperatorError(f"{text!r} is no entity; write {'|'.join(ENTITIES)}=PLATFORM:ID, such as user=tiktok:u_1")
    return EntityKey(entity, platform, key)


def read_features(database: Database, keys: Sequence[EntityKey], intents: Sequence[str], at: datetime) -> Iterator[Feature]:
    """Yield every feature of every key, in order: for each intent its count, then its decayed counts as of ``at``.

    Args:
        keys: the entities to read.
        intents: labels and groups of the taxonomy.
        at: an aware instant; decayed counts are decayed up to it.
    """
    c = feature_counters.c
    wanted = [(key.entity, key.platform, key.key) for key in keys]
    with database.read() as connection:
        rows = connection.execute(select(feature_counters).where(tuple_(c.entity, c.platform, c.key).in_(wanted))).all()
    found = {
        (EntityKey(row.entity, row.platform, row.key), row.intent): Counter(
            row.count, tuple(getattr(row, column) for column in HALF_LIVES), row.decayed_at
        )
        for row in rows
    }
    seen = {key for key, _ in found}
    for key in keys:
        for intent in intents:
            counter = found.get((key, intent), Counter()).seen_at(microseconds(at))
            for statistic, value in (("count", float(counter.count)), *zip(HALF_LIVES, counter.decayed, strict=True)):
                yield Feature(key, f"{key.entity}__{intent}__{statistic}", value if key in seen else None)
