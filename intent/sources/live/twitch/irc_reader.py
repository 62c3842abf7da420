"""Gathers what the lines of Twitch's IRC say into batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from intent.model.batch import Batch, Gap, Position
from intent.model.errors import Malformed
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.live.twitch.chat_backlog import ChatBacklog
from intent.sources.live.twitch.irc_events import IrcKind, kind_of, read_comment, read_taken_back
from intent.sources.live.twitch.irc_line import IrcLine, parse_line


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
        self._kept = ChatBacklog()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def unknown(self) -> dict[str, int]:
        """Counts of lines by their command, where we do not know it."""
        return dict(self._kept.unknown)

    def read(self, line: bytes) -> tuple[IrcKind, IrcLine] | None:
        """Read a line, and return what it is; None if it cannot be read."""
        self._lines += 1
        try:
            if len(line) > MAX_PAYLOAD_BYTES:
                limit = f"the limit is {MAX_PAYLOAD_BYTES}"
                raise Malformed(f"the line is {len(line)} bytes long, {limit}")
            read = parse_line(line)
        except Malformed as error:
            self._kept.add(refused(str(error), line, self._position))
            return None
        kind = kind_of(read)
        if kind is IrcKind.UNKNOWN:
            self._kept.add_unknown(f"the command {read.command}", line, self._position)
        elif kind is IrcKind.COMMENT or (kind is IrcKind.COPY and self._copies):
            self._kept.add(read_comment(read, self._door, self._position))
        elif kind is IrcKind.TAKEN_BACK:
            room_id, now = self._room_id(read.channel), self._now()
            self._kept.add(
                read_taken_back(read, self._door, self._position, room_id=room_id, now=now)
            )
        return kind, read

    def batch(self, gaps: Sequence[Gap], position: Position | None) -> Batch:
        """Hand over all that waits."""
        return self._kept.batch(gaps, position)

    @property
    def _position(self) -> str:
        return f"{self._name} line {self._lines}"
