"""Says which shard a room belongs to, by rendezvous hashing: another shard takes its share of the
rooms, and no other room moves (Thaler and Ravishankar, 1998).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b

ROOMS_REMEMBERED = 100_000


@dataclass(frozen=True)
class ShardMap:
    """So many shards, numbered from 1."""

    members: int

    @cached_property
    def home(self) -> Callable[[str, str], int]:
        """What returns the number of a room's shard, from 1, for platform and room id."""
        return lru_cache(maxsize=ROOMS_REMEMBERED)(self._highest)

    def _highest(self, platform: str, room_id: str) -> int:
        return max(range(1, self.members + 1), key=lambda one: _score(one, platform, room_id))


def _score(number: int, platform: str, room_id: str) -> bytes:
    # The length stands before the platform, so that no two rooms read alike.
    text = f"{number}/{len(platform)}/{platform}/{room_id}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """Which shard a database is, from 1, and how many there are."""

    number: int
    members: int
