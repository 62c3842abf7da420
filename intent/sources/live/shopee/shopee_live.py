"""Follows a session of Shopee Live by polling, and knows when it was blind: Shopee hands out what
was said in the last ten seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TypeVar

from intent.model.batch import Batch, Gap, Position, Refused
from intent.model.errors import OperatorError, SourceLost
from intent.model.message import Message
from intent.sources.door import Door
from intent.sources.live.background import meanwhile, pause
from intent.sources.live.shopee.shopee_api import (
    CommentPage,
    LiveSession,
    ShopeeApi,
    ShopeeRefusal,
    ShopeeRefused,
    meant_by,
)
from intent.sources.live.shopee.shopee_comments import (
    PLATFORM,
    OnAir,
    comment_id,
    item_shown,
    plain,
    read_comment,
)
from intent.sources.live.shopee.shopee_login import ShopeeLogin
from intent.telemetry import logger

WINDOW = timedelta(seconds=10)
"""How far back Shopee hands out comments."""

PAGES = 100
"""Pages of one poll, at most; so many are no ten seconds, but an answer that goes in circles."""

LOOK_EVERY = 10
"""Polls after which we look whether the session has ended."""

T = TypeVar("T")
_Call = Generator[Batch, None, T]


@dataclass(frozen=True, slots=True)
class PollClocks:
    """The time of day, which survives a restart, and one that nobody sets; and how to wait."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


@dataclass(frozen=True, slots=True)
class _Seen:
    """Until when everything was seen; ``clock`` is None if another process saw it."""

    at: datetime
    clock: float | None

    def ago(self, clocks: PollClocks) -> timedelta:
        # The longer of the two counts: one stands still while the machine sleeps, the other may be
        # set back.
        by_day = clocks.now() - self.at
        if self.clock is None:
            return by_day
        return max(by_day, timedelta(seconds=clocks.clock() - self.clock))


class ShopeeLive:
    """Reads the comments of one session until it has ended."""

    def __init__(
        self,
        api: ShopeeApi,
        login: ShopeeLogin,
        on_air: OnAir,
        name: str,
        *,
        stop: Event,
        position: Position | None = None,
        interval: float = 3.0,
        clocks: PollClocks = PollClocks(),
        door: Door | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            api: how to ask.
            login: the tokens.
            on_air: the session, and who streams.
            name: under which its position is kept.
            stop: set to leave.
            position: where it stood: until when everything was seen.
            interval: seconds between two polls.
            clocks: the times, and how to wait.
            door: the rules that comments must keep.
        """
        self._api, self._login, self._on_air, self._name = api, login, on_air, name
        self._stop, self._interval, self._clocks = stop, interval, clocks
        self._door = door or Door(room_ids=True, now=clocks.now)
        self._seen = None if position is None else _Seen(_instant(position), None)
        self._handed: frozenset[object] = frozenset()
        self._log = logger("shopee")

    def read(self) -> Iterator[Batch]:
        """Yield comments, gaps and positions; an empty batch while there is nothing."""
        polls = 0
        try:
            while not self._stop.is_set():
                begun = self._clocks.clock()
                session = (yield from self._look()) if polls % LOOK_EVERY == 0 else None
                if session is not None and session.ended:
                    yield from self._last_words()
                    return
                if session is None or session.begun:
                    yield from self._patiently()
                    polls += 1
                yield from self._pause(self._interval - (self._clocks.clock() - begun))
        finally:
            self._api.close()

    def _pause(self, seconds: float) -> Iterator[Batch]:
        return pause(seconds, clock=self._clocks.clock, sleep=self._clocks.sleep)

    def _look(self) -> _Call[LiveSession | None]:
        try:
            session = yield from self._call(
                lambda token: self._api.session(self._on_air.session, token)
            )
        except SourceLost as error:
            self._log.warning("session_unknown", error=str(error))
            return None
        self._on_air = replace(self._on_air, offer=plain(session.title))
        return session

    def _last_words(self) -> Iterator[Batch]:
        with suppress(OperatorError, SourceLost):  # as far as Shopee still has them
            yield from self._poll()

    def _patiently(self) -> Iterator[Batch]:
        """Poll again at once while nothing is lost yet."""
        while True:
            try:
                yield from self._poll()
            except SourceLost as error:
                if error.wait or self._seen is None or self._seen.ago(self._clocks) > WINDOW:
                    raise
                self._log.warning("poll_failed", error=str(error))
                yield from self._pause(min(1.0, self._interval))
            else:
                return

    def _poll(self) -> Iterator[Batch]:
        yield from self._look_at_screen()
        asked = _Seen(self._clocks.now(), self._clocks.clock())
        offset: int | None = 0
        handed: set[object] = set()
        for number in range(PAGES):
            page = yield from self._page(offset)
            if number == 0:
                yield from self._gap()
            yield from self._handed_over(page.comments, handed)
            offset = page.following
            if not page.comments or offset is None:
                break
        else:
            raise SourceLost(f"Shopee's pages of ten seconds do not end after {PAGES}")
        self._seen, self._handed = asked, frozenset(handed)
        yield Batch(position=Position(self._name, asked.at.isoformat()))

    def _page(self, offset: int | None) -> _Call[CommentPage]:
        return self._call(
            lambda token: self._api.comments(self._on_air.session, offset or 0, token)
        )

    def _gap(self) -> Iterator[Batch]:
        """Tell how long we were blind, once the first page of ten seconds is there."""
        if self._seen is None:
            return
        blind = self._seen.ago(self._clocks) - WINDOW
        if blind > timedelta():
            reason = "more than the ten seconds lay between two polls that Shopee hands out"
            room, since = self._on_air.session, self._seen.at
            yield Batch(gaps=[Gap(PLATFORM, room, since, since + blind, reason)])

    def _handed_over(self, comments: list[object], handed: set[object]) -> Iterator[Batch]:
        # Every comment comes with several polls; the inbox knows it, and need not be asked.
        new: list[Message | Refused] = []
        for comment in comments:
            known = comment_id(comment)
            if isinstance(known, str):
                if known in self._handed or known in handed:
                    handed.add(known)
                    continue
                handed.add(known)
            new.append(read_comment(comment, self._on_air, self._door))
        messages = [one for one in new if isinstance(one, Message)]
        refused = [one for one in new if isinstance(one, Refused)]
        if new:
            yield Batch(messages, refused)

    def _look_at_screen(self) -> Iterator[Batch]:
        try:
            item = yield from self._call(
                lambda token: self._api.shown_item(self._on_air.session, token)
            )
        except (SourceLost, OperatorError) as error:
            # A comment without its item is worth more than none.
            self._log.debug("item_unknown", error=str(error))
            item = {}
        name, number = item_shown(item)
        self._on_air = replace(self._on_air, item=name, item_id=number)

    def _call(self, ask: Callable[[str], T]) -> _Call[T]:
        token = yield from meanwhile(self._login.token)
        try:
            try:
                return (yield from meanwhile(lambda: ask(token)))
            except ShopeeRefused as error:
                if error.refusal is not ShopeeRefusal.LOGIN:
                    raise
            renewed = yield from meanwhile(lambda: self._login.token(token))
            return (yield from meanwhile(lambda: ask(renewed)))
        except ShopeeRefused as error:
            raise meant_by(error) from error


def _instant(position: Position) -> datetime:
    try:
        seen = datetime.fromisoformat(position.token)
    except ValueError:
        seen = datetime.min
    if seen.tzinfo is None:
        raise OperatorError(
            f"{position.source}: its stored position is none of Shopee's; give the source another "
            "name"
        )
    return seen
