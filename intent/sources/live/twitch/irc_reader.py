"""Gathers what the lines of Twitch's IRC say into batches."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

from intent.model.batch import Batch, Gap, Position, Refused, Retraction
from intent.model.errors import Malformed
from intent.model.message import Message
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.live.twitch.irc_events import IrcKind, kind_of, read_comment, read_taken_back
from intent.sources.live.twitch.irc_line import IrcLine, parse_line

REMEMBERED_IDS = 20_000
"""Comments among which one that comes again is known."""


class IrcReader:
    """Reads lines one by one; what somebody said waits here to be handed over."""

    def __init__(
        self,
        name: str,
        door: Door,
        *,
        copies: bool,
        room_id: Callable[[str], str | None],
        now: Callable[[], datetime],
    ) -> None:
        """Prepare.

        Args:
            name: what the source is called in dead letters.
            copies: take comments of other channels that are shared into these.
            room_id: tells Twitch's number for a channel, once it is known.
            now: the time of day, aware.
        """
        self._name, self._door, self._copies = name, door, copies
        self._room_id, self._now = room_id, now
        self._lines = 0
        self._ids: OrderedDict[str, None] = OrderedDict()
        self.unknown: Counter[str] = Counter()
        """Lines by their command, where we do not know it."""
        self._messages: list[Message] = []
        self._refused: list[Refused] = []
        self._retractions: list[Retraction] = []

    def __len__(self) -> int:
        return len(self._messages) + len(self._refused) + len(self._retractions)

    def read(self, line: bytes) -> tuple[IrcKind, IrcLine] | None:
        """Read a line, and return what it is; None if it cannot be read."""
        self._lines += 1
        try:
            if len(line) > MAX_PAYLOAD_BYTES:
                limit = f"the limit is {MAX_PAYLOAD_BYTES}"
                raise Malformed(f"the line is {len(line)} bytes long, {limit}")
            read = parse_line(line)
        except Malformed as error:
            self._refused.append(refused(str(error), line, self._position))
            return None
        kind = kind_of(read)
        if kind is IrcKind.UNKNOWN:
            self._count(read.command, line)
        elif kind is IrcKind.COMMENT or (kind is IrcKind.COPY and self._copies):
            self._keep(read_comment(read, self._door, self._position))
        elif kind is IrcKind.TAKEN_BACK:
            room_id, now = self._room_id(read.channel), self._now()
            self._keep(read_taken_back(read, self._door, self._position, room_id=room_id, now=now))
        return kind, read

    def batch(self, gaps: Sequence[Gap], position: Position | None) -> Batch:
        """Hand over all that waits."""
        retractions = tuple(self._retractions)
        batch = Batch(self._messages, self._refused, retractions, tuple(gaps), position)
        self._messages, self._refused, self._retractions = [], [], []
        return batch

    @property
    def _position(self) -> str:
        return f"{self._name} line {self._lines}"

    def _count(self, command: str, line: bytes) -> None:
        self.unknown[command] += 1
        if self.unknown[command] == 1:
            reason = f"the command {command[:40]} is unknown; more of them are only counted"
            self._refused.append(refused(reason, line, self._position))

    def _keep(self, read: Message | Retraction | Refused) -> None:
        if isinstance(read, Refused):
            self._refused.append(read)
        elif isinstance(read, Retraction):
            self._retractions.append(read)
        elif read.message_id not in self._ids:
            self._ids[read.message_id] = None
            if len(self._ids) > REMEMBERED_IDS:
                self._ids.popitem(last=False)
            self._messages.append(read)
