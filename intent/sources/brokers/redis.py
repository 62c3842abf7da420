"""Reads a Redis Stream as one of its consumer group: what is stored is acknowledged and deleted,
and what somebody else deleted before is counted (``redis:``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import TypeAlias

from intent.model.batch import Batch, Gap, Position, Refused
from intent.model.message import Message
from intent.sources.brokers.redis_address import FIELD
from intent.sources.brokers.redis_client import translated
from intent.sources.brokers.redis_group import Entry, StreamGroup
from intent.sources.door import Door, refused
from intent.sources.gather import AT_ONCE

Step: TypeAlias = Callable[[str], None]
"""Told each step as it is passed: ``read``, ``stored``, ``acknowledged``; tests kill us there."""

_YEAR_2000, _YEAR_3000 = 946_684_800_000, 32_503_680_000_000

BLOCK = 1.0
"""Seconds that the server holds a read while nothing comes."""


@dataclass(frozen=True, slots=True)
class _Came:
    """What a read brought: the ids to acknowledge once the batch is stored, and how many entries
    that nobody will see again it tells of.
    """

    batch: Batch
    ids: Sequence[bytes] = ()
    missed: int = 0


class RedisSource:
    """Reads entries that hold a message each."""

    def __init__(
        self,
        group: StreamGroup,
        name: str,
        *,
        position: Position | None,
        stop: Event,
        claim_after: float = 30.0,
        step: Step = lambda name: None,
        door: Door | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to read.

        Args:
            group: the consumer group of the stream.
            name: under which the position is kept.
            position: the last entry that was stored; the group itself knows what comes next.
            stop: set to leave.
            claim_after: seconds after which what a dead reader held is taken over.
            step: told each step as it is passed.
            door: the rules that messages must keep; without it those of every source.
            now: the time of day, aware.
            clock: monotonic time in seconds.
        """
        self._group, self._name, self._stop, self._step = group, name, stop, step
        self._claim_after, self._door, self._now = claim_after, door or Door(), now
        self._last = _entry_of(position, group.name)
        self._clock, self._claim_at = clock, clock()
        self._own: bytes | None = b"0"
        self._to_count = True

    def read(self) -> Iterator[Batch]:
        """Yield what waits and what comes.

        Raises:
            SourceLost: the server is away.
            OperatorError: it does not let us in, or the key is no stream.
        """
        try:
            with translated(self._name):
                yield from self._read()
        finally:
            self._group.close()

    def _read(self) -> Iterator[Batch]:
        while not self._stop.is_set():
            came = self._next()
            if came.batch:
                self._step("read")
            yield came.batch
            if not came.batch:
                continue
            self._step("stored")
            if came.ids:
                self._group.acknowledge(came.ids)
            if came.missed:
                self._group.book(came.missed)
            self._step("acknowledged")

    def _next(self) -> _Came:
        if self._group.make() and self._last is not None:
            return self._vanished()
        if self._clock() >= self._claim_at:
            gone = self._claim()
            if gone:
                return _Came(Batch(gaps=[self._gap_of(gone)]), missed=len(gone))
        entries = self._entries()
        if entries is None:
            return _Came(Batch())
        if entries:
            self._to_count = True
            return self._came(entries)
        if self._to_count:
            return self._counted()
        return _Came(Batch())

    def _entries(self) -> list[Entry] | None:
        """Return what we hold from before, then what is new; None where the group is gone."""
        if self._own is not None:
            held = self._group.held(self._own, AT_ONCE)
            if held:
                self._own = held[-1].id
            if held is None or held:
                return held
            self._own = None
        return self._group.new(AT_ONCE, BLOCK)

    def _claim(self) -> list[bytes]:
        """Take over what dead readers hold; return the ids of entries that are no more."""
        self._claim_at = self._clock() + self._claim_after / 2
        claimed, gone = self._group.claim(self._claim_after, AT_ONCE)
        if claimed:
            self._own = b"0"
        return gone

    def _came(self, entries: Sequence[Entry]) -> _Came:
        read = [self._parsed(entry) for entry in entries if entry.fields]
        gone = [entry.id for entry in entries if not entry.fields]
        self._last = entries[-1].id
        batch = Batch(
            [one for one in read if isinstance(one, Message)],
            [one for one in read if isinstance(one, Refused)],
            gaps=[self._gap_of(gone)] if gone else (),
            position=self._position(),
        )
        return _Came(batch, [entry.id for entry in entries])

    def _parsed(self, entry: Entry) -> Message | Refused:
        position = f"{self._group.stream}/{entry.id.decode('ascii')}"
        payload = entry.fields.get(FIELD)
        if payload is None:
            held = b" ".join(name + b"=" + value for name, value in entry.fields.items())
            return refused("the entry has no field 'message'", held, position)
        return self._door.payload(payload, position)

    def _gap_of(self, gone: Sequence[bytes]) -> Gap:
        reason = f"{len(gone):,} entries were deleted or trimmed before they were stored"
        return self._gap(_instant(gone[0]), _instant(gone[-1]), reason)

    def _counted(self) -> _Came:
        """Compare how many entries there were with how many were read, where the server counts."""
        missed = self._group.missed()
        self._to_count = missed is None
        if not missed:
            return _Came(Batch())
        reason = f"{missed:,} entries were deleted or trimmed before anybody read them"
        since = self._now() if self._last is None else _instant(self._last)
        return _Came(Batch(gaps=[self._gap(since, self._now(), reason)]), missed=missed)

    def _vanished(self) -> _Came:
        assert self._last is not None
        reason = (
            "the stream or its consumer group was gone (flushed, deleted or restored); what waited "
            "in it is lost"
        )
        gap = self._gap(_instant(self._last), self._now(), reason)
        self._last = None
        return _Came(Batch(gaps=[gap]))

    def _gap(self, since: datetime, until: datetime, reason: str) -> Gap:
        return Gap("redis", self._group.stream, since, max(since, until), reason)

    def _position(self) -> Position:
        assert self._last is not None
        return Position(self._name, f"{self._group.name} {self._last.decode('ascii')}")


def _entry_of(position: Position | None, group: str) -> bytes | None:
    """Return the entry that a position names; None where it is another group's."""
    if position is None or not position.token.startswith(f"{group} "):
        return None
    return position.token.rpartition(" ")[2].encode("ascii")


def _instant(entry_id: bytes) -> datetime:
    """Return when an entry was added: its id begins with the server's milliseconds."""
    milliseconds = int(entry_id.partition(b"-")[0])
    if _YEAR_2000 < milliseconds < _YEAR_3000:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return datetime.now(UTC)  # whoever adds may have given ids of their own
