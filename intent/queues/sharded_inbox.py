"""One inbox over several databases: what is put goes to the shard of its room.

A batch is put shard by shard, and on the first one last: there stands the position of a source, so
that it is never ahead of what was read before it. Whoever dies in between reads the batch again,
and what is stored already changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from intent.model.batch import Accepted, Backlog, Batch, Gap, Retraction
from intent.model.message import Message
from intent.model.shard_map import ShardMap
from intent.ports.ingestion import Inlet

_OfRoom = TypeVar("_OfRoom", Message, Retraction, Gap)

FIRST = 1
"""The shard that keeps what belongs to no room: positions of sources, and refused payloads."""


class ShardedInbox:
    """Puts into the inboxes of shards; implements ``Inlet``."""

    def __init__(self, rooms: ShardMap, inboxes: Mapping[int, Inlet]) -> None:
        self._rooms, self._inboxes = rooms, inboxes

    def put(self, batch: Batch) -> Accepted:
        """Store all of a batch, durably before returning."""
        return self.put_all([batch])[0]

    def put_all(self, batches: Sequence[Batch]) -> list[Accepted]:
        """Store several batches, durably before returning; where it fails half way, all of them are
        to be put again.
        """
        shares = [self._shares(batch) for batch in batches]
        became: list[list[Accepted]] = [[] for _ in batches]
        for number in sorted(self._inboxes, key=lambda one: (one == FIRST, one)):
            mine = [(place, share[number]) for place, share in enumerate(shares) if number in share]
            if mine:
                accepted = self._inboxes[number].put_all([batch for _, batch in mine])
                for (place, _), one in zip(mine, accepted, strict=True):
                    became[place].append(one)
        return [_together(parts) for parts in became]

    def backlog(self, most: int) -> Backlog:
        """Return what waits in all of them, counted up to ``most`` in each."""
        found = [inbox.backlog(most) for inbox in self._inboxes.values()]
        return Backlog(sum(one.waiting for one in found), max(one.oldest for one in found))

    def _shares(self, batch: Batch) -> dict[int, Batch]:
        """Return what of a batch goes to which shard, in its order."""
        messages, gaps = self._by_shard(batch.messages), self._by_shard(batch.gaps)
        retractions = self._by_shard(batch.retractions)
        shares = {
            number: Batch(
                messages.get(number, ()),
                retractions=retractions.get(number, ()),
                gaps=gaps.get(number, ()),
            )
            for number in messages.keys() | retractions.keys() | gaps.keys()
        }
        if batch.refused or batch.position is not None:
            own = shares.get(FIRST, Batch())
            shares[FIRST] = replace(own, refused=batch.refused, position=batch.position)
        return shares

    def _by_shard(self, part: Sequence[_OfRoom]) -> dict[int, list[_OfRoom]]:
        found: dict[int, list[_OfRoom]] = {}
        for one in part:
            found.setdefault(self._rooms.home(one.platform, one.room_id), []).append(one)
        return found


def _together(parts: Sequence[Accepted]) -> Accepted:
    return Accepted(
        new=sum(one.new for one in parts),
        repeated=sum(one.repeated for one in parts),
        refused=sum(one.refused for one in parts),
        edited=sum(one.edited for one in parts),
        conflicts=tuple(conflict for one in parts for conflict in one.conflicts),
        retracted=sum(one.retracted for one in parts),
        erased=sum(one.erased for one in parts),
    )
