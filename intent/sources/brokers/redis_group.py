"""The consumer group of a Redis Stream: what it hands out, and a count of what it has handed back.

Redis deletes what is trimmed without a word, delivered or not. From Redis 7 on the server says how
many entries were ever added; beside it stands ``STREAM:GROUP:taken``, which grows by what is
acknowledged in the same script that deletes it. While nobody holds anything, what was added is
what waits, what was taken, and what somebody else deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intent.sources.brokers.redis_client import RedisClient, Refusal, group_is_missing

_MAKE = """
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made['err'] then return made end
local said, added = redis.call('XINFO', 'STREAM', KEYS[1]), nil
for i = 1, #said, 2 do
  if said[i] == 'entries-added' then added = said[i + 1] end
end
if added then redis.call('SET', KEYS[2], added - redis.call('XLEN', KEYS[1])) end
return made
"""

_ACKNOWLEDGE = """
local taken = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
return redis.call('INCRBY', KEYS[2], taken)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a stream; ``fields`` are empty where it was deleted after it was delivered."""

    id: bytes
    fields: Mapping[bytes, bytes]


class StreamGroup:
    """One consumer of a group. What the client raises goes through."""

    def __init__(self, client: RedisClient, stream: str, name: str, consumer: str) -> None:
        self._client: Any = client
        self.stream, self.name, self._consumer = stream, name, consumer
        self._taken = f"{stream}:{name}:taken"
        self._made = False

    def make(self) -> bool:
        """Make the group where it is missing, from the oldest entry on; say whether it was."""
        if self._made:
            return False
        self._made = True
        try:
            self._client.eval(_MAKE, 2, self.stream, self._taken, self.name)
        except Refusal as error:
            if str(error).startswith("BUSYGROUP"):
                return False
            self._made = False
            raise
        return True

    def held(self, after: bytes, count: int) -> list[Entry] | None:
        """Return entries that were delivered to this consumer and not acknowledged; None where the
        group is gone.
        """
        return self._delivered(after, count, None)

    def new(self, count: int, seconds: float) -> list[Entry] | None:
        """Return entries that nobody was given, and wait for some; None where the group is gone."""
        return self._delivered(b">", count, int(seconds * 1000))

    def _delivered(self, after: bytes, count: int, block: int | None) -> list[Entry] | None:
        try:
            came = self._client.xreadgroup(
                self.name, self._consumer, {self.stream: after}, count=count, block=block
            )
        except Refusal as error:
            if not group_is_missing(error):
                raise
            self._made = False
            return None
        return [
            Entry(entry_id, fields or {}) for _, entries in came for entry_id, fields in entries
        ]

    def claim(self, idle: float, count: int) -> tuple[int, list[bytes]]:
        """Take over what others have held for so many seconds, to be read with :meth:`held`; return
        how many entries that were, and the ids of those that are no more (Redis 7; before, they are
        held like the others, and empty).
        """
        cursor, claimed = b"0-0", 0
        gone: list[bytes] = []
        while True:
            try:
                cursor, entries, *deleted = self._client.xautoclaim(
                    self.stream, self.name, self._consumer, int(idle * 1000), cursor, count
                )
            except Refusal as error:
                if not group_is_missing(error):
                    raise
                self._made = False
                return claimed, gone
            claimed += len(entries)
            gone += deleted[0] if deleted else []
            if cursor == b"0-0":
                return claimed, gone

    def acknowledge(self, ids: Sequence[bytes]) -> None:
        """Give entries back as done, and delete them."""
        self._client.eval(_ACKNOWLEDGE, 2, self.stream, self._taken, self.name, *ids)

    def missed(self) -> int | None:
        """Return how many entries somebody deleted that nobody had taken and that are not told of
        yet; None while others hold some; 0 where the server does not count.
        """
        with self._client.pipeline(transaction=True) as pipe:
            pipe.xinfo_stream(self.stream)
            pipe.xpending(self.stream, self.name)
            pipe.get(self._taken)
            try:
                said, pending, taken = pipe.execute()
            except Refusal as error:
                if group_is_missing(error) or "no such key" in str(error):
                    return None
                raise
        if "entries-added" not in said:
            return 0
        if pending["pending"]:
            return None
        missed = int(said["entries-added"]) - int(said["length"]) - int(taken or 0)
        if missed < 0:  # the stream was made again, or comes from a server that did not count
            self.book(missed)
        return max(missed, 0)

    def book(self, count: int) -> None:
        """Count entries as told of."""
        self._client.incrby(self._taken, count)

    def close(self) -> None:
        """End the connection."""
        self._client.close()


class StreamTrial(StreamGroup):
    """Reads a stream from its oldest entry on, and leaves everything in it as it is."""

    def __init__(self, client: RedisClient, stream: str, name: str, consumer: str) -> None:
        super().__init__(client, stream, name, consumer)
        self._after = b"0"

    def make(self) -> bool:
        """Make nothing."""
        return False

    def held(self, after: bytes, count: int) -> list[Entry]:  # noqa: ARG002
        """Hold nothing."""
        return []

    def new(self, count: int, seconds: float) -> list[Entry]:
        """Return the next entries, and wait for some."""
        came = self._client.xread({self.stream: self._after}, count, int(seconds * 1000))
        entries = [Entry(entry_id, fields) for _, several in came for entry_id, fields in several]
        if entries:
            self._after = entries[-1].id
        return entries

    def claim(self, idle: float, count: int) -> tuple[int, list[bytes]]:  # noqa: ARG002
        """Take over nothing."""
        return 0, []

    def acknowledge(self, ids: Sequence[bytes]) -> None:
        """Leave everything where it is."""

    def missed(self) -> int:
        """Count nothing."""
        return 0
