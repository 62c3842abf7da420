"""Reads the chat of Twitch channels over IRC, without an account (``twitch:``)."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Event

from intent.model.batch import Batch, Position
from intent.model.errors import OperatorError, SourceLost, WrongUse
from intent.sources.door import Door
from intent.sources.gather import AT_ONCE
from intent.sources.live.twitch.coverage import Coverage
from intent.sources.live.twitch.irc_events import MOST_CHANNELS, NO_CHANNEL, PLATFORM, URL, IrcKind
from intent.sources.live.twitch.irc_line import IrcLine
from intent.sources.live.twitch.irc_link import ASK_AGAIN_SECONDS, IrcLink, IrcTimes
from intent.sources.live.twitch.irc_links import IrcLinks
from intent.sources.live.twitch.irc_reader import IrcReader
from intent.sources.live.twitch.web_socket import Connect, open_socket
from intent.telemetry import logger

HAND_OVER_SECONDS = 0.2
SHORTEST_WAIT_SECONDS = 0.005
"""For one connection, where several share the time."""

HEARTBEAT_SECONDS = 5.0
"""How often where we stand is stored while nothing is said."""

_CHANNEL = re.compile(r"#?([a-z0-9_]{1,50})")


def split_channels(target: str) -> list[str]:
    """Return the channels of ``#one,#two`` by name, each once.

    Raises:
        WrongUse: one is no channel, or they are too many.
    """
    channels: list[str] = []
    for word in target.lower().split(","):
        found = _CHANNEL.fullmatch(word.strip())
        if found is None:
            raise WrongUse(f"twitch: {word.strip()!r} is no channel; write it like twitch:#channel")
        channels.append(found[1])
    channels = list(dict.fromkeys(channels))
    if len(channels) > MOST_CHANNELS:
        raise WrongUse(
            f"twitch: {len(channels)} channels are too many for one reader, Twitch allows "
            f"{MOST_CHANNELS}; divide them into several sources"
        )
    return channels


class TwitchChat:
    """The chat of some channels."""

    def __init__(
        self,
        channels: Sequence[str],
        name: str,
        *,
        stop: Event,
        position: Position | None = None,
        url: str = URL,
        copies: bool = False,
        connections: int = 1,
        times: IrcTimes | None = None,
        connect: Connect = open_socket,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare to read.

        Args:
            channels: by name, without ``#``.
            name: under which the position is kept.
            stop: set to leave.
            position: where it stood.
            copies: take comments of other channels that are shared into these.
            connections: how many read at the same time.
            times: clocks and waits; without them those of this machine and of the protocol.
            connect: opens a connection.
            jitter: a number between 0 and 1.
        """
        self._channels, self._name, self._stop = list(channels), name, stop
        self._times = times or IrcTimes(time.monotonic)
        token = position.token if position is not None else None
        self._coverage = Coverage(PLATFORM, self._channels, token)
        self._stored_token, self._stored_at = self._coverage.token(), float("-inf")
        self._links = IrcLinks(
            url,
            self._channels,
            self._coverage,
            count=connections,
            times=self._times,
            connect=connect,
            jitter=jitter,
        )
        self._reader = IrcReader(
            name,
            Door(now=self._times.now),
            copies=copies,
            room_id=self._coverage.room_id,
            now=self._times.now,
        )
        self._missing: dict[str, str] = {}
        self._log = logger("twitch").bind(source=name)

    def read(self) -> Iterator[Batch]:
        """Yield what is said, and what is taken back; an empty batch for a pause.

        Raises:
            SourceLost: no connection is left.
            OperatorError: none of the channels is there.
        """
        try:
            while not self._stop.is_set():
                self._round()
                yield self._batch()
                if self._links.are_lost:
                    raise self._links.trouble
                if len(self._missing) == len(self._channels):
                    raise self._nothing_to_read()
            self._links.each(partial(self._drain, seconds=0.0))
            yield self._batch()
        finally:
            self._links.close()
            if self._reader.unknown:
                self._log.info("unknown commands", counts=self._reader.unknown)

    def _round(self) -> None:
        """Read for as long as what came may wait, or until it fills a batch."""
        ends = self._times.clock() + HAND_OVER_SECONDS
        self._links.open(HAND_OVER_SECONDS)
        while len(self._links) and len(self._reader) < AT_ONCE:
            share = max((ends - self._times.clock()) / len(self._links), SHORTEST_WAIT_SECONDS)
            self._links.each(partial(self._drain, seconds=share))
            if self._times.clock() >= ends:
                break
        self._links.tend()
        for link in self._links:
            for channel in link.silent_channels():
                self._miss(channel, "it does not exist, or it is closed")

    def _drain(self, link: IrcLink, *, seconds: float) -> None:
        """Wait for the first frame, and read all that has come."""
        lines = link.receive(seconds)
        while lines is not None:
            for line in lines:
                self._take(link, line)
            if len(self._reader) >= AT_ONCE:
                return
            lines = link.receive(0.0)

    def _take(self, link: IrcLink, line: bytes) -> None:
        read = self._reader.read(line)
        if read is None:
            return
        kind, parsed = read
        if parsed.sent_at is not None:
            link.heard(parsed.sent_at)
        if kind is IrcKind.JOINED:
            room_id = parsed.tags.get("room-id")
            if room_id and parsed.channel in self._channels:
                self._missing.pop(parsed.channel, None)
                self._links.joined(link, parsed.channel, room_id)
        elif kind is IrcKind.PING:
            link.answer(" ".join(parsed.parameters))
        elif kind is IrcKind.PONG:
            self._links.answered(link, parsed.parameters)
        elif kind is IrcKind.RECONNECT:
            link.retiring = True
        elif kind is IrcKind.NOTICE:
            self._notice(link, parsed)

    def _notice(self, link: IrcLink, line: IrcLine) -> None:
        said = line.tags.get("msg-id", "")
        if line.channel in self._channels and said in NO_CHANNEL:
            link.kept_out(line.channel)
            self._miss(line.channel, NO_CHANNEL[said])
        elif not line.channel and "authentication" in line.text.lower():
            raise OperatorError(
                "Twitch does not let anybody read without an account from here; look at "
                "status.twitch.com, or read with an account: twitch-eventsub:CHANNEL"
            )

    def _miss(self, channel: str, why: str) -> None:
        if channel not in self._missing:
            self._log.error(
                "channel is missing", channel=f"#{channel}", why=why, again_in=ASK_AGAIN_SECONDS
            )
        self._missing[channel] = why

    def _nothing_to_read(self) -> OperatorError | SourceLost:
        said = "; ".join(f"#{channel}: {why}" for channel, why in self._missing.items())
        if any(self._coverage.was_seen(channel) for channel in self._channels):
            # It was there before: perhaps it is Twitch that has a bad day.
            return SourceLost(f"Twitch does not let us in ({said})", ASK_AGAIN_SECONDS)
        return OperatorError(
            f"Twitch does not let us in ({said}); mend the channel's name, or take it out of the "
            "sources"
        )

    def _batch(self) -> Batch:
        """Return what was read, and where that leaves us."""
        gaps = self._links.seen()
        token, now = self._coverage.token(), self._times.clock()
        is_due = gaps or len(self._reader) or now - self._stored_at >= HEARTBEAT_SECONDS
        if token == self._stored_token or not is_due:
            return self._reader.batch(gaps, None)
        self._stored_token, self._stored_at = token, now
        return self._reader.batch(gaps, Position(self._name, token))
