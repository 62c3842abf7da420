"""Looks at several databases as one: what no shard can see by itself."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise

from intent.model.shard_map import ShardMap, ShardPlace
from intent.model.taxonomy import Taxonomy
from intent.operations.followed_shards import in_inbox
from intent.operations.leads import find_leads
from intent.store.engine import Database
from intent.store.lead_shelf import ShelfFilter, ShelvedLead
from intent.store.shard_places import read_identities, read_place, read_rooms


@dataclass(frozen=True, slots=True)
class BetweenShards:
    """What is wrong between shards: rooms that are not in theirs, and messages that stand in more
    than one.
    """

    astray: int
    doubled: int

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.astray or self.doubled)


@dataclass(frozen=True, slots=True)
class ShardState:
    """One database: which shard it is, if it is one, and how many rooms and messages it has."""

    place: ShardPlace | None
    rooms: int
    messages: int


def check_between(databases: Sequence[Database]) -> BetweenShards:
    """Recount, over shards in the order of their numbers."""
    rooms, astray = ShardMap(len(databases)), 0
    with ExitStack() as opened:
        shards = [opened.enter_context(database.read()) for database in databases]
        for number, connection in enumerate(shards, 1):
            astray += sum(rooms.home(*room) != number for room in read_rooms(connection))
        identities = heapq.merge(*(read_identities(connection) for connection in shards))
        doubled = sum(one == other for one, other in pairwise(identities))
    return BetweenShards(astray, doubled)


def look_at_shards(databases: Sequence[Database]) -> list[ShardState]:
    """Return what each database is and has."""
    found = []
    for database in databases:
        with database.read() as connection:
            held = read_rooms(connection)
            found.append(
                ShardState(
                    read_place(connection), len(held), sum(1 for _ in read_identities(connection))
                )
            )
    return found


def leads_over(
    databases: Sequence[Database],
    taxonomy: Taxonomy,
    asked: ShelfFilter | None = None,
    *,
    behind: str = "",
    limit: int | None = None,
) -> Iterator[ShelvedLead]:
    """Return leads of all shards in the order of the inbox, as :func:`find_leads` does of one."""
    found = [
        find_leads(database, taxonomy, asked, behind=behind, limit=limit) for database in databases
    ]
    merged = heapq.merge(*found, key=in_inbox, reverse=True)
    for count, lead in enumerate(merged):
        if count == limit:
            return
        yield lead
