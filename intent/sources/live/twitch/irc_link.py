"""One connection to Twitch's IRC: enters, joins channels at the pace that Twitch allows, and finds
out whether the other side still lives.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from intent.model.errors import SourceLost
from intent.sources.live.twitch.irc_line import split_frame
from intent.sources.live.twitch.web_socket import WebSocket

ASK_AGAIN_SECONDS = 60.0
"""After which a channel that did not let us in is asked once more."""

_NEVER = datetime.min.replace(tzinfo=UTC)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class IrcTimes:
    """Clocks, and how long to wait, in seconds.

    Attributes:
        clock: monotonic seconds.
        now: the time of day, aware.
        silence: after which the server is asked whether it lives.
        patience: that it has to answer, and a channel to let us in.
    """

    clock: Callable[[], float]
    now: Callable[[], datetime] = _utc_now
    silence: float = 60.0
    patience: float = 10.0


class JoinPace:
    """How many channels may be joined now: Twitch allows 20 in ten seconds, on all connections."""

    MOST, SECONDS = 20, 10.0

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._joined: deque[float] = deque()

    def take(self, wanted: int) -> int:
        """Return how many of the wanted channels may be joined, and count them."""
        now = self._clock()
        while self._joined and self._joined[0] <= now - self.SECONDS:
            self._joined.popleft()
        count = min(wanted, self.MOST - len(self._joined))
        self._joined.extend([now] * count)
        return count


@dataclass(slots=True)
class _Ping:
    word: str
    sent: float
    at: datetime
    is_last: bool


@dataclass(slots=True)
class IrcLink:
    """One connection.

    Attributes:
        number: tells it apart from the others; later ones have higher numbers.
        seen: until when all that the server sent has come.
        joined: the channels that it is in.
        retiring: the server wants it to go.
    """

    number: int
    socket: WebSocket
    times: IrcTimes
    pace: JoinPace
    seen: datetime = _NEVER
    joined: set[str] = field(default_factory=set)
    retiring: bool = False
    _wanted: deque[str] = field(default_factory=deque)
    _asked: dict[str, float] = field(default_factory=dict)
    _again: dict[str, float] = field(default_factory=dict)
    _ping: _Ping | None = None
    _pings: int = 0
    _heard: float = 0.0
    _empty: float = 0.0

    def enter(self, channels: Iterable[str]) -> None:
        """Say who we are (nobody), and plan to join channels."""
        self._heard = self._empty = self.times.clock()
        self._wanted.extend(channels)
        self.socket.send("CAP REQ :twitch.tv/tags twitch.tv/commands")
        self.socket.send(f"NICK justinfan{random.randrange(10_000, 100_000)}")  # noqa: S311

    def receive(self, seconds: float) -> list[bytes] | None:
        """Return the lines of the next frame; None if nothing comes for so long.

        Raises:
            SourceLost: the connection is closed.
        """
        frame = self.socket.receive(seconds)
        if frame is None:
            self._empty = self.times.clock()
            return None
        self._heard = self.times.clock()
        return split_frame(frame)

    def tend(self) -> None:
        """Join what may be joined now, and ask a silent server whether it lives.

        Raises:
            SourceLost: it does not answer, or the connection is closed.
        """
        self._join()
        now, ping = self.times.clock(), self._ping
        if ping is None:
            if now - self._heard >= self.times.silence:
                self.ask()
        # Only once all that had come was read: a slow database is not a silent server.
        elif self._empty - ping.sent >= self.times.patience:
            self._ping = None
            if self._heard <= ping.sent:
                raise SourceLost(
                    f"the server said nothing for {self._empty - self._heard:.0f} seconds"
                )

    def ask(self, *, is_last: bool = False) -> None:
        """Ask the server whether it lives, unless it was asked already; a last time, when another
        connection is in all channels.
        """
        if self._ping is None:
            self._pings += 1
            word = f"intent-{self.number}-{self._pings}"
            self._ping = _Ping(word, self.times.clock(), self.times.now(), is_last)
            self.socket.send(f"PING :{word}")

    def answered(self, words: Iterable[str]) -> bool:
        """Note an answer; whether it is the last one that was waited for."""
        ping = self._ping
        if ping is None or ping.word not in words:
            return False
        self.heard(ping.at)
        self._ping = None
        return ping.is_last

    def answer(self, word: str) -> None:
        """Answer the server, which asks whether we live."""
        self.socket.send(f"PONG :{word}")

    def heard(self, at: datetime) -> None:
        """Note an instant of the server: all that it sent before has come."""
        self.seen = max(self.seen, min(at, self.times.now()))

    def let_in(self, channel: str) -> None:
        """Note that we are in a channel."""
        self.joined.add(channel)
        self._asked.pop(channel, None)
        self._again.pop(channel, None)

    def kept_out(self, channel: str) -> None:
        """Note that a channel does not let us in; it is asked again later."""
        self.joined.discard(channel)
        self._asked.pop(channel, None)
        self._again[channel] = self.times.clock() + ASK_AGAIN_SECONDS

    def silent_channels(self) -> Iterator[str]:
        """Yield the channels that have not let us in for as long as patience lasts."""
        for channel, asked in list(self._asked.items()):
            if self._empty - asked >= self.times.patience:
                self.kept_out(channel)
                yield channel

    def is_settled(self) -> bool:
        """Whether every channel has let us in, or has not in time."""
        return not self._wanted and not self._asked

    def _join(self) -> None:
        now = self.times.clock()
        for channel in [one for one, due in self._again.items() if due <= now]:
            del self._again[channel]
            self._wanted.append(channel)
        if not self._wanted:
            return
        count = self.pace.take(len(self._wanted))
        if count:
            channels = [self._wanted.popleft() for _ in range(count)]
            self._asked.update(dict.fromkeys(channels, now))
            self.socket.send("JOIN " + ",".join(f"#{channel}" for channel in channels))
