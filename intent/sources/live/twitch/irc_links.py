"""Keeps as many connections to Twitch's IRC as are wanted: opens them, reads them in turn, and
replaces one before it leaves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from intent.model.batch import Gap
from intent.model.errors import SourceLost
from intent.sources.live.twitch.coverage import Coverage
from intent.sources.live.twitch.irc_link import IrcLink, IrcTimes, JoinPace
from intent.sources.live.twitch.web_socket import Connect, Opening
from intent.telemetry import logger

LONGEST_PAUSE = 60.0
"""Seconds between two tries to open a connection, while another one reads."""


class IrcLinks:
    """The connections of one source."""

    def __init__(
        self,
        url: str,
        channels: Iterable[str],
        coverage: Coverage,
        *,
        count: int,
        times: IrcTimes,
        connect: Connect,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            coverage: told what was seen, and what is lost.
            count: connections that read at the same time.
            connect: opens one.
            jitter: a number between 0 and 1.
        """
        self._url, self._channels, self._coverage = url, list(channels), coverage
        self._wanted, self._times, self._connect, self._jitter = count, times, connect, jitter
        self._pace = JoinPace(times.clock)
        self._links: list[IrcLink] = []
        self._opening: Opening | None = None
        self._opened = self._failures = 0
        self._open_at = float("-inf")
        self._gaps: list[Gap] = []
        self._log = logger("twitch")
        self.trouble = SourceLost("it was never connected")
        """Why the last connection was lost."""

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[IrcLink]:
        return iter(self._links)

    @property
    def are_lost(self) -> bool:
        """Whether none is open, and none is being opened."""
        return not self._links and self._opening is None

    def close(self) -> None:
        """Close all connections."""
        for link in self._links:
            link.socket.close()
        if self._opening is not None:
            self._opening.give_up()

    def open(self, seconds: float) -> None:
        """Open what is missing, and wait for it for up to so many seconds while nothing is open."""
        if self._opening is None:
            lasting = sum(not link.retiring for link in self._links)
            if lasting >= self._wanted or self._times.clock() < self._open_at:
                return
            self._opening = Opening(self._connect, self._url)
        try:
            socket = self._opening.opened(0.0 if self._links else seconds)
        except SourceLost as error:
            self._opening, self.trouble = None, error
            self._pause(min(2.0**self._failures, LONGEST_PAUSE))
            self._failures += 1
            return
        if socket is None:
            return
        self._opening = None
        self._opened += 1
        link = IrcLink(self._opened, socket, self._times, self._pace)
        self._links.append(link)
        self._attempt(link, partial(link.enter, self._channels))

    def each(self, what: Callable[[IrcLink], None]) -> None:
        """Do something with every connection; one that is lost meanwhile is dropped."""
        for link in list(self._links):
            self._attempt(link, partial(what, link))

    def tend(self) -> None:
        """Do what is due: join, ask the silent, let those go that are replaced."""
        self.each(self._tend)

    def joined(self, link: IrcLink, channel: str, room_id: str) -> None:
        """Note that a connection is in a channel."""
        self._failures = 0
        link.let_in(channel)
        now = self._times.now()
        self._gaps.extend(self._coverage.joined(link.number, channel, room_id, now))

    def answered(self, link: IrcLink, words: Iterable[str]) -> None:
        """Note an answer to our question.

        Raises:
            SourceLost: it was the last one of a connection that is replaced.
        """
        if link.answered(words):
            raise SourceLost("the server asked to reconnect")

    def seen(self) -> list[Gap]:
        """Note how far all connections have come, and return the gaps since this was asked last."""
        for link in self._links:
            self._coverage.heard(link.number, link.seen)
        gaps, self._gaps = self._gaps, []
        return gaps

    def _tend(self, link: IrcLink) -> None:
        link.tend()
        if link.retiring and any(_replaces(other, link) for other in self._links):
            # What it sent before its answer has come by then, and what comes after is on the other.
            link.ask(is_last=True)

    def _attempt(self, link: IrcLink, what: Callable[[], None]) -> None:
        try:
            what()
        except SourceLost as error:
            if not link.retiring:
                self._log.warning("connection lost", error=str(error))
                self._pause(1.0)
            self.trouble = error
            self._coverage.heard(link.number, link.seen)
            self._gaps.extend(self._coverage.lost(link.number, str(error)))
            self._links.remove(link)
            link.socket.close()

    def _pause(self, seconds: float) -> None:
        self._open_at = self._times.clock() + seconds * (0.5 + self._jitter())


def _replaces(other: IrcLink, link: IrcLink) -> bool:
    return not other.retiring and other.number > link.number and other.is_settled()
