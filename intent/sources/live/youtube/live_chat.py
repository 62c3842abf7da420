"""Follows the live chat of a video: looks it up, reads its pages as they are said or by polling,
and answers what YouTube refuses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Protocol

from intent.model.batch import Batch
from intent.model.errors import Malformed, OperatorError, SourceLost
from intent.sources.door import refused
from intent.sources.live.background import meanwhile, pause
from intent.sources.live.youtube.chat_page import read_page
from intent.sources.live.youtube.data_api import LiveVideo
from intent.sources.live.youtube.login import Login
from intent.sources.live.youtube.quota import CHAT_UNITS, VIDEO_UNITS, QuotaSpent, YouTubeQuota
from intent.sources.live.youtube.refusals import Refusal, YouTubeRefused
from intent.sources.live.youtube.standing import SPENT, ChatStanding
from intent.sources.payloads import read_object
from intent.telemetry import logger

CHECK_SECONDS = 1.0
"""How often a source that waits for tomorrow looks at the clock."""

PLANNED_SECONDS = 60.0
"""How long to wait for a stream that has not begun, between two looks at it."""

BUSY_SECONDS, BUSY_SECONDS_MOST = 30.0, 600.0
"""How long to wait when YouTube says that too much was asked: doubled each time."""


def utc_now() -> datetime:
    """Return the time of day, aware."""
    return datetime.now(UTC)


class ChatApi(Protocol):
    """Looks videos up, and returns pages when asked."""

    def video(self, video: str) -> LiveVideo | None:
        """Look a video up; None if there is none."""

    def messages(self, chat: str, page: str | None) -> bytes:
        """Return the page behind a token, or that of the recent messages."""

    def close(self) -> None:
        """Close the connections."""


class ChatStream(Protocol):
    """Returns pages as they are said."""

    def open(self, chat: str, page: str | None) -> AbstractContextManager[Iterator[bytes | None]]:
        """Open a stream behind a token: pages, and None for a pause; closed with the block."""

    def read(self, payload: bytes) -> dict[str, object]:
        """Read a page into the shape of the REST API."""


@dataclass
class YouTubeLiveChat:
    """One video's chat.

    Attributes:
        video: its id.
        stream: None polls.
        poll: seconds between two polls at least; YouTube may ask for more.
        stop: once set, nothing more is read.
        wait: waits for seconds, or until ``stop`` is set.
        clock: monotonic time in seconds.
        now: the time of day, aware.
    """

    video: str
    standing: ChatStanding
    api: ChatApi
    quota: YouTubeQuota
    login: Login
    stream: ChatStream | None
    stop: Event
    wait: Callable[[float], object]
    poll: float = 0.0
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    _tried: set[Refusal] = field(default_factory=set, init=False)
    _busy: float = field(default=BUSY_SECONDS, init=False)
    _unsure: bool = field(default=False, init=False)
    _recovered: bool = field(default=False, init=False)

    def read(self) -> Iterator[Batch]:
        """Yield each page with the position after it, until the chat has ended.

        Raises:
            SourceLost: the connection is lost, or the stream has not begun.
            OperatorError: the video, the key or the token is not as it must be.
        """
        try:
            yield from self._read()
        finally:
            self.api.close()
            if self.standing.skipped:
                logger("youtube").info(
                    "items without a person's words", video=self.video, **self.standing.skipped
                )

    def _read(self) -> Iterator[Batch]:
        while not self.stop.is_set():
            place = self.standing.place
            try:
                if not self.login.secret:
                    yield from meanwhile(self.login.renew)
                if self._unsure or place.chat is None or place.over:
                    yield from self._look_up()
                if not self.standing.place.over:
                    yield from self._streamed() if self.stream else self._polled()
                return
            except QuotaSpent as spent:
                yield from self._until_tomorrow(spent)
            except YouTubeRefused as error:
                yield from self._answer(error)

    def _look_up(self) -> Iterator[Batch]:
        self.quota.spend(VIDEO_UNITS)
        found = yield from meanwhile(partial(self.api.video, self.video))
        self._unsure = False
        place = self.standing.place
        if found is not None and found.chat is not None:
            self.standing.found(found.chat, found.channel, found.category)
        elif found is not None and found.ended and place.chat is not None and not place.over:
            yield self.standing.ended(found.ended)
        else:
            raise self._not_live(found)

    def _not_live(self, found: LiveVideo | None) -> Exception:
        video = self.video
        if found is None:
            return OperatorError(
                f"YouTube shows no video {video}: it is private, gone, or the id is mistyped; copy "
                "its address from the browser"
            )
        if found.ended is not None:
            return OperatorError(
                f"the live stream {video} ended at {found.ended:%Y-%m-%d %H:%M} UTC, and its chat "
                "with it; name one that is live, or ingest a file of its chat"
            )
        if found.planned is not None:
            return SourceLost(
                f"the live stream {video} is planned for {found.planned:%Y-%m-%d %H:%M} UTC and "
                "has no chat yet",
                PLANNED_SECONDS,
            )
        if not found.live:
            return OperatorError(f"the video {video} is no live stream; name one that is live")
        return OperatorError(
            f"the live stream {video} has no chat; switch it on in YouTube Studio, or name another"
        )

    def _streamed(self) -> Iterator[Batch]:
        assert self.stream is not None
        place = self.standing.place
        self.quota.spend(CHAT_UNITS)
        listening = False
        with self.stream.open(place.chat or "", place.page) as pages:
            for payload in pages:
                if self.stop.is_set():
                    return
                if payload is None:
                    yield self.standing.idle() if listening else Batch()
                    continue
                try:
                    values = self.stream.read(payload)
                except Malformed as error:
                    yield self._unreadable(error, payload)
                    continue
                listening = True
                yield self._page(values)
                if self.standing.place.over:
                    return

    def _polled(self) -> Iterator[Batch]:
        while not self.stop.is_set():
            place = self.standing.place
            self.quota.spend(CHAT_UNITS)
            payload = yield from meanwhile(partial(self.api.messages, place.chat or "", place.page))
            try:
                values = read_object(payload)
            except Malformed as error:
                yield self._unreadable(error, payload)
                raise SourceLost("YouTube's answer cannot be read") from None
            yield self._page(values)
            if self.standing.place.over:
                return
            yield from self._pause(max(read_page(values).interval, self.poll))

    def _page(self, values: Mapping[str, object]) -> Batch:
        self._tried.discard(Refusal.LOGIN)
        self._recovered = Refusal.CHAT in self._tried
        self._busy = BUSY_SECONDS
        return self.standing.page(read_page(values))

    def _unreadable(self, error: Malformed, payload: bytes) -> Batch:
        return Batch(refused=[refused(f"the answer {error}", payload, f"youtube:{self.video}")])

    def _pause(self, seconds: float) -> Iterator[Batch]:
        return pause(seconds, clock=self.clock, sleep=self.wait)

    def _until_tomorrow(self, spent: QuotaSpent) -> Iterator[Batch]:
        logger("youtube").warning(str(spent), video=self.video)
        yield self.standing.blind(SPENT)
        while self.now() < spent.until and not self.stop.is_set():
            yield from self._pause(CHECK_SECONDS)

    def _answer(self, error: YouTubeRefused) -> Iterator[Batch]:
        if error.refusal is Refusal.SPENT:
            yield from self._until_tomorrow(self.quota.close_day())
        elif error.refusal is Refusal.BUSY:
            logger("youtube").warning(f"YouTube asks us to wait ({error})", seconds=self._busy)
            yield from self._pause(self._busy)
            self._busy = min(self._busy * 2, BUSY_SECONDS_MOST)
        elif error.refusal is Refusal.NO_STREAM:
            self._poll_instead(error)
        elif error.refusal not in self._tried:
            self._tried.add(error.refusal)
            if error.refusal is Refusal.LOGIN:
                yield from meanwhile(self.login.renew)
            self._unsure = error.refusal is Refusal.CHAT
        elif self._recovered:
            # Looked up and read again, it was refused again: not in a circle without a pause.
            raise SourceLost(f"YouTube does not know our place any more ({error})") from error
        elif error.refusal is Refusal.CHAT and self.stream is not None:
            self._poll_instead(error)
        else:
            raise self._refused_for_good(error) from error

    def _poll_instead(self, error: YouTubeRefused) -> None:
        logger("youtube").warning(
            f"YouTube refuses to stream ({error}); it is polled instead, at 5 units a call",
            video=self.video,
        )
        self.stream = None
        self._tried.clear()

    def _refused_for_good(self, error: YouTubeRefused) -> OperatorError:
        if error.refusal is Refusal.LOGIN:
            login = self.login
            return OperatorError(
                f"YouTube does not take {login.variable} ({error}); {login.remedy}"
            )
        return OperatorError(
            f"YouTube refuses the chat of {self.video} ({error}); see whether it is open to all, "
            f"or give {self.login.variable} of an account that may read it"
        )
