"""Tells a person everything that is stored of them (articles 15 and 20 of the GDPR)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from intent.features.definitions.definitions import Definitions
from intent.features.definitions.status import Status
from intent.features.online.read import FeatureReader
from intent.features.online.served import plain
from intent.store.engine import Database
from intent.store.outcome_record import read_conversion_rows
from intent.store.subject_record import read_record
from intent.store.vault import Vault

FORMAT = {"format": "lead-intent subject record", "version": 1}

PAIRS = {
    "user_creator": "creator_id",
    "user_room": "room_id",
    "user_item": "item_id",
    "user_category": "category_id",
}
"""Entities that are a person with something, and the key of the latter."""


def subject_record(
    database: Database,
    definitions: Definitions,
    platform: str,
    user_id: str,
    at: datetime,
    vault: Vault | None = None,
    *,
    beside: Sequence[tuple[Database, Vault]] = (),
) -> dict[str, Any]:
    """Return everything stored of a person as one JSON value; the same for the same state.

    Args:
        at: the instant that features are as of.
        vault: where their contact details are kept.
        beside: more shards, each with its vault.

    Raises:
        OperatorError: the master key of the vault is missing.

    Returns:
        ``format``, ``version``, ``subject``, ``as_of``, ``messages`` (each with all revisions of
        its decision), ``questions``, ``claim_corrections``, ``pushes`` (who was told of their
        leads), ``dead_letters``, ``contacts``, ``contact_accesses`` (when these were looked at, and
        through what), ``bans``, ``impressions``, ``clicks``, ``exposures``, ``conversions`` (all
        revisions), ``conversion_links``, ``credits``, and ``features`` by entity: those of the
        person, and of the person with each creator, room, item and category, that have a value. All
        lists are empty for somebody of whom nothing is stored.
    """
    record = _record_over([(database, vault), *beside], platform, user_id)
    reader = FeatureReader(database, definitions, others=[shard for shard, _ in beside])
    person = {"platform": platform, "user_id": user_id}
    entities = [("user", person)] if record["messages"] else []
    for pair, key in PAIRS.items():
        others = sorted({one[key] for one in record["messages"] if key in one})
        entities += [(pair, {**person, key: one}) for one in others]
    return {
        **FORMAT,
        "subject": person,
        "as_of": at.isoformat(),
        **record,
        "features": [
            {"entity": entity, **keys, "values": _features(reader, definitions, entity, keys, at)}
            for entity, keys in entities
        ],
    }


def _record_over(
    shards: Sequence[tuple[Database, Vault | None]], platform: str, user_id: str
) -> dict[str, Any]:
    """Return what all shards have of a person, one after the other."""
    record: dict[str, Any] = {}
    for shard, sealed in shards:
        with shard.read() as connection:
            for name, found in read_record(connection, platform, user_id, sealed).items():
                record[name] = [*record.get(name, ()), *found]
    if len(shards) > 1:
        _add_linked(record, [shard for shard, _ in shards])
    return record


def _add_linked(record: dict[str, Any], shards: Sequence[Database]) -> None:
    """Add the conversions of one shard that links of others name."""
    ids = {one["conversion_id"] for one in record["conversion_links"]}
    known = {one["conversion_id"] for one in record["conversions"]}
    for shard in shards:
        with shard.read() as connection:
            record["conversions"] += read_conversion_rows(connection, sorted(ids - known))


def _features(
    reader: FeatureReader,
    definitions: Definitions,
    entity: str,
    keys: dict[str, str],
    at: datetime,
) -> dict[str, Any]:
    names = [name for name in definitions.features if definitions.feature(name).view == entity]
    table = reader.read(
        definitions.choose(entity, names), {name: [value] for name, value in keys.items()}, at
    )
    return {
        name: plain(column[0])
        for name, column in table.columns.items()
        if table.statuses[name][0] == Status.PRESENT
    }
