"""A stand-in for Twitch's IRC: who is in which channel, what is said there, and a script of
troubles. It speaks over real WebSockets (:class:`IrcServer`) or, for tests that own the clock, to
sockets in memory (:class:`IrcMemory`).
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from intent.sources.live.twitch.web_socket import SocketClosed

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Reader:
    """One connection, as the server sees it. A deaf one gets nothing any more, and does not know
    it: its line is cut somewhere on the way.
    """

    send: Callable[[str | bytes], None]
    cut: Callable[[], None]
    joined: set[str] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)
    deaf: bool = False

    def tell(self, lines: str | bytes) -> None:
        if not self.deaf:
            self.send(lines)


@dataclass(frozen=True)
class Comment:
    """What was said, and when the server gave it out."""

    message_id: str
    at: datetime
    line: str


class Twitch:
    """The chat: channels with their numbers, and everybody who reads them."""

    def __init__(self, channels: dict[str, str], now: Callable[[], datetime] = utc_now) -> None:
        self.channels, self.now = dict(channels), now
        self.suspended: set[str] = set()
        self.readers: list[Reader] = []
        self.said: list[Comment] = []
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def listen(self, reader: Reader) -> None:
        with self._lock:
            self.readers.append(reader)

    def leave(self, reader: Reader) -> None:
        with self._lock:
            if reader in self.readers:
                self.readers.remove(reader)

    def answer(self, reader: Reader, frame: str) -> None:
        """Do what a reader asks for."""
        for line in frame.split("\r\n"):
            reader.heard.append(line)
            command, _, rest = line.partition(" ")
            if command == "CAP":
                reader.tell(":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands\r\n")
            elif command == "NICK":
                reader.tell(f":tmi.twitch.tv 001 {rest} :Welcome, GLHF!\r\n")
            elif command == "JOIN":
                for channel in rest.split(","):
                    self._join(reader, channel.removeprefix("#"))
            elif command == "PING":
                reader.tell(f":tmi.twitch.tv PONG tmi.twitch.tv {rest}\r\n")

    def say(self, channel: str, text: str, *, again: bool = False, **tags: str) -> Comment:
        """Say something to all who are in the channel; ``again`` gives it out twice."""
        with self._lock:
            room_id, at = self.channels[channel], self.now()
            given = {
                "id": f"c{next(self._numbers)}",
                "room-id": room_id,
                "user-id": "7702",
                "tmi-sent-ts": str(
                    (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
                ),
                "badges": "",
                "mod": "0",
                **{name.replace("_", "-"): value for name, value in tags.items()},
            }
            held = ";".join(f"{name}={value}" for name, value in given.items())
            line = f"@{held} :budi!budi@budi.tmi.twitch.tv PRIVMSG #{channel} :{text}\r\n"
            comment = Comment(given["id"], at, line)
            if given.get("source-room-id", room_id) == room_id:
                self.said.append(comment)
            self.tell(channel, line * (2 if again else 1))
            return comment

    def tell(self, channel: str, lines: str | bytes) -> None:
        """Send lines to all who are in a channel."""
        with self._lock:
            for reader in list(self.readers):
                if channel in reader.joined:
                    reader.tell(lines)

    def ask_to_reconnect(self) -> None:
        with self._lock:
            for reader in self.readers:
                reader.tell(":tmi.twitch.tv RECONNECT\r\n")

    def _join(self, reader: Reader, channel: str) -> None:
        with self._lock:
            if channel in self.suspended:
                notice = "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE"
                reader.tell(f"{notice} #{channel} :This channel has been suspended.\r\n")
            elif channel in self.channels:
                reader.joined.add(channel)
                room_id = self.channels[channel]
                reader.tell(f"@room-id={room_id};slow=0 :tmi.twitch.tv ROOMSTATE #{channel}\r\n")


class IrcServer(Twitch):
    """The same over WebSockets on loopback."""

    def __init__(self, channels: dict[str, str]) -> None:
        super().__init__(channels)
        self._server = serve(self._serve, "127.0.0.1", 0, compression=None, ping_interval=None)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def __enter__(self) -> IrcServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for reader in list(self.readers):
            reader.cut()
        self._server.shutdown()

    def _serve(self, connection: ServerConnection) -> None:
        def send(lines: str | bytes) -> None:
            try:
                connection.send(lines)
            except (ConnectionClosed, OSError):
                self.leave(reader)

        reader = Reader(send, connection.close_socket)
        self.listen(reader)
        try:
            for frame in connection:
                assert isinstance(frame, str)
                self.answer(reader, frame)
        except (ConnectionClosed, OSError):
            pass
        finally:
            self.leave(reader)


class IrcMemory(Twitch):
    """The same in memory, with a clock that passes while somebody waits for what does not come."""

    def __init__(self, channels: dict[str, str]) -> None:
        super().__init__(channels, lambda: START + timedelta(seconds=self.seconds))
        self.seconds = 0.0
        self.refuses = False
        self.opened = 0
        self.script: list[tuple[float, Callable[[], object]]] = []
        """What happens when the clock has come so far."""

    def clock(self) -> float:
        return self.seconds

    def connect(self, url: str) -> _MemorySocket:
        if self.refuses:
            raise SocketClosed(1006, "refused")
        self.opened += 1
        return _MemorySocket(self)

    def wait(self, seconds: float) -> None:
        """Let time pass, and what is written for it happen."""
        self.seconds += seconds
        due = [one for one in self.script if one[0] <= self.seconds]
        self.script = [one for one in self.script if one[0] > self.seconds]
        for _, happen in due:
            happen()


class _MemorySocket:
    def __init__(self, twitch: IrcMemory) -> None:
        self._twitch = twitch
        self._frames: deque[bytes] = deque()
        self.is_cut = False
        self.reader = Reader(self._send, self._cut)
        twitch.listen(self.reader)

    def receive(self, seconds: float) -> bytes | None:
        if not self._frames and not self.is_cut:
            self._twitch.wait(seconds)
        if self._frames:
            return self._frames.popleft()
        if self.is_cut:
            raise SocketClosed(1006, "it broke")
        return None

    def send(self, text: str) -> None:
        if self.is_cut:
            raise SocketClosed(1006, "it broke")
        if not self.reader.deaf:
            self._twitch.answer(self.reader, text)

    def close(self) -> None:
        self._cut()

    def _send(self, lines: str | bytes) -> None:
        self._frames.append(lines if isinstance(lines, bytes) else lines.encode())

    def _cut(self) -> None:
        self.is_cut = True
        self._twitch.leave(self.reader)
