"""Builds what works on several databases: an application for each, and one inbox over all."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.failpoint import failpoint
from intent.model.errors import NoShardYet, OperatorError
from intent.model.shard_map import ShardMap, ShardPlace

if TYPE_CHECKING:
    from intent.features.online.read import FeatureReader
    from intent.operations.growing_shards import GrowingShards
    from intent.ports.ingestion import Inlet


def is_sharded(app: Application) -> bool:
    """Say whether rooms are in several databases."""
    return len(app.settings.database_urls) > 1


def open_shards(app: Application) -> list[Application]:
    """Return an application for each shard, in the order of their numbers; where there is one
    database, this application.

    Raises:
        OperatorError: the databases stand in another order.
        StoreUnavailable: one of them is away, or no shard yet.
    """
    found = app.named_databases
    if len(found) == 1:
        return found
    for number, one in enumerate(found, 1):
        require_place(one, number, len(found))
    return found


def require_place(app: Application, number: int, members: int) -> None:
    """Do nothing if a database is the shard of this number, of so many.

    Raises:
        OperatorError: it is another one.
        NoShardYet: it is none yet, or one of fewer.
        StoreUnavailable: it is away.
    """
    place = place_of(app)
    if place is None or (place.number == number and place.members < members):
        raise NoShardYet(
            f"database {number} of INTENT_DATABASE_URL is no shard of {members} yet; make it one "
            "with: intent shards add"
        )
    if place != ShardPlace(number, members):
        raise OperatorError(
            f"database {number} of {members} in INTENT_DATABASE_URL is shard {place.number} "
            f"of {place.members}; name all shards, in the order of: intent shards list"
        )


def place_of(app: Application) -> ShardPlace | None:
    """Return which shard a database is; None where it is none."""
    from intent.store.shard_places import read_place

    with app.database.read() as connection:
        return read_place(connection)


def first_of(app: Application) -> Application:
    """Return what keeps what belongs to no room: positions of sources, refused payloads."""
    return open_shards(app)[0]


def keeper_of(app: Application) -> Application:
    """Return what keeps what is not shared out over shards, such as keys, sessions and hooks: the
    shard that INTENT_SHARD names, else the first; where there is one database, this application.
    """
    if not is_sharded(app) or app.settings.shard is not None:
        return app
    return app.named_databases[0]


def build_inlet(app: Application) -> Inlet:
    """Build what takes messages in: the inbox, or one over the inboxes of all shards.

    Raises:
        OperatorError: the databases stand in another order.
        StoreUnavailable: one of them is away, or no shard yet.
    """
    if not is_sharded(app):
        return app.inbox
    from intent.queues.sharded_inbox import ShardedInbox

    shards = open_shards(app)
    inboxes = {number: one.inbox for number, one in enumerate(shards, 1)}
    return ShardedInbox(ShardMap(len(shards)), inboxes)


def leave_with(app: Application, stop: Event) -> None:
    """Let calls of all databases end soon after ``stop`` is set."""
    for one in open_shards(app):
        one.database.leave_with(stop)


def feature_reader(app: Application) -> FeatureReader:
    """Build what reads features of the database, or over all shards."""
    from intent.features.online.read import FeatureReader

    first, *others = (one.database for one in open_shards(app))
    return FeatureReader(first, app.definitions, others=others)


def build_growing(
    app: Application,
    *,
    step: Callable[[str], None] | None = None,
    progress: Callable[[int], None] = lambda moved: None,
) -> GrowingShards:
    """Build what makes the databases that are named shards, and moves rooms between them."""
    from intent.operations.growing_shards import GrowingShards, ShardParts

    parts = [ShardParts(one.database, one.features, one.vault) for one in app.named_databases]
    return GrowingShards(parts, step=step or failpoint(app.settings.failpoint), progress=progress)
