"""Follows the comments under a live video of Facebook by polling; they stay with the video, so that
nothing is missed while nobody listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

from intent.model.batch import Batch, Position, Refused
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.sources.door import Door
from intent.sources.live.background import meanwhile, pause
from intent.sources.live.facebook.facebook_comments import NOBODY, read_comment
from intent.sources.live.facebook.graph_api import GraphApi, GraphPage
from intent.sources.payloads import as_id, keys_of
from intent.telemetry import logger

OVERLAP = timedelta(seconds=60)
"""What was read so long ago is read again: comments may appear late, and be edited."""

LOOK_EVERY = 10
"""Polls after which we look whether the video is over."""


class FacebookLive:
    """Reads the comments of one live video until it is over."""

    def __init__(
        self,
        api: GraphApi,
        video: str,
        name: str,
        *,
        stop: Event,
        position: Position | None = None,
        interval: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        door: Door | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            api: how to ask.
            video: id of the live video.
            name: under which its position is kept.
            stop: set to leave.
            position: where it stood: when the latest comment was written that was read.
            interval: seconds between two polls.
            clock: monotonic time in seconds.
            sleep: how to wait, in seconds.
            door: the rules that comments must keep.
        """
        self._api, self._video, self._name, self._stop = api, video, name, stop
        self._interval, self._clock, self._sleep = interval, clock, sleep
        self._door = door or Door()
        self._said = None if position is None else _instant(position)
        self._handed: frozenset[tuple[object, object]] = frozenset()
        self._page: str | None = None
        self._offer: str | None = None
        self._warned = False

    def read(self) -> Iterator[Batch]:
        """Yield comments with the position after them; an empty batch while there are none."""
        polls, ended = 0, False
        try:
            while not self._stop.is_set():
                begun = self._clock()
                if polls % LOOK_EVERY == 0:
                    ended = yield from self._look()
                yield from self._poll()
                if ended:
                    return
                polls += 1
                left = self._interval - (self._clock() - begun)
                yield from pause(left, clock=self._clock, sleep=self._sleep)
        finally:
            self._api.close()

    def _look(self) -> Generator[Batch, None, bool]:
        video = yield from meanwhile(lambda: self._api.video(self._video))
        page, title = as_id(video.page), video.title
        self._page = page if isinstance(page, str) else None
        self._offer = title.replace("\0", "")[:500] or None if isinstance(title, str) else None
        return video.ended

    def _poll(self) -> Iterator[Batch]:
        """Read all pages from a minute before the latest comment on."""
        since = None if self._said is None else self._said - OVERLAP
        after: str | None = None
        handed: set[tuple[object, object]] = set()
        while not self._stop.is_set():
            page = yield from self._asked(since, after)
            yield from self._handed_over(page.comments, handed)
            if not page.comments or page.after is None or page.after == after:
                break
            after = page.after
        self._handed = frozenset(handed)

    def _asked(
        self, since: datetime | None, after: str | None
    ) -> Generator[Batch, None, GraphPage]:
        return meanwhile(lambda: self._api.comments(self._video, since, after))

    def _handed_over(
        self, comments: list[object], handed: set[tuple[object, object]]
    ) -> Iterator[Batch]:
        messages: list[Message] = []
        refused: list[Refused] = []
        for comment in comments:
            key = _content(comment)
            if key is not None and not key[1]:
                continue  # a sticker or a picture without words
            if key is not None and (key in self._handed or key in handed):
                handed.add(key)
                continue
            read = read_comment(comment, self._video, self._page, self._offer, self._door)
            if isinstance(read, Refused):
                refused.append(read)
            else:
                messages.append(read)
            if key is not None:
                handed.add(key)
        if messages or refused:
            self._warn(refused)
            yield Batch(messages, refused, position=self._position(messages))

    def _position(self, messages: list[Message]) -> Position | None:
        latest = [one.sent_at for one in messages]
        self._said = max([*latest, *([self._said] if self._said else [])], default=None)
        return None if self._said is None else Position(self._name, self._said.isoformat())

    def _warn(self, refused: list[Refused]) -> None:
        if not self._warned and any(one.reason == NOBODY for one in refused):
            self._warned = True
            logger("facebook").warning("nobody", reason=NOBODY)


def _content(comment: object) -> tuple[str, str] | None:
    said = keys_of(comment)
    number, words = as_id(said.get("id")), said.get("message")
    return (number, words) if isinstance(number, str) and isinstance(words, str) else None


def _instant(position: Position) -> datetime:
    try:
        said = datetime.fromisoformat(position.token)
    except ValueError:
        said = datetime.min
    if said.tzinfo is None:
        raise OperatorError(
            f"{position.source}: its stored position is none of Facebook's; give the source "
            "another name"
        )
    return said.astimezone(UTC)
