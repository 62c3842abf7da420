"""Reads the log of leads once for everybody who follows it, and hands each what is theirs.

One thread a process reads while somebody listens. Who listens has a cursor of their own, so that
whoever comes back reads from where they were; all who have come to the end of the log stand at one
place, and what they ask for alike is read and written once. Each is handed whole parts of the log,
in order, through a bounded queue: who takes nothing is let go with what is in it, and comes back
with the cursor of the last part that arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock, Thread

from intent.bootstrap.application import Application
from intent.model.errors import IntentError, StartAgain
from intent.model.process_instruments import CHANGED_TO_PAGE
from intent.operations.followed_shards import FollowedShards
from intent.operations.lead_inbox import follow_inbox
from intent.store.followed_leads import CHANGES_AT_ONCE, FollowedLeads, InboxNews
from intent.store.lead_shelf import ShelfCounts, ShelfFilter
from intent.telemetry import logger

POLL_SECONDS = 0.2
"""So often the log is looked at, and at once where something was done in this process."""

BEAT_SECONDS = 10.0
"""So often who listens is told something when nothing happens: a silent stream hangs."""

PARTS_MOST = 64
"""Parts of the log that wait for one listener, at most."""

LeadView = FollowedLeads | FollowedShards
"""What changed, in one consistent view."""

Follow = Callable[[], AbstractContextManager[LeadView]]
"""Opens such a view."""

Told = Callable[[Application, InboxNews, ShelfCounts], Sequence[str]]
"""Turns news into events; the last one carries the cursor of the news, so that whoever lost the
others gets all of them again. A function of a module: what the same one makes is made once.
"""

RELOAD = "event: reload\ndata: -\n\n"
"""Tells who listens to read everything anew."""


class InboxListener:
    """One who follows the inbox; of the event loop that it was made in.

    Attributes:
        cursor: what comes behind it is to be told; of the thread that reads.
        is_live: it has come to the end of the log.
        said: when it was told something last, in seconds.
    """

    def __init__(self, asked: ShelfFilter, told: Told, cursor: str) -> None:
        self.asked, self.told, self.cursor = asked, told, cursor
        self.is_live, self.said = False, -BEAT_SECONDS
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[str | None] = asyncio.Queue(PARTS_MOST)
        self._is_over = False

    async def next(self, seconds: float) -> str | None:
        """Return the next events; None when it is over, or nothing came in time."""
        if self._is_over and self._parts.empty():
            return None
        try:
            return await asyncio.wait_for(self._parts.get(), seconds)
        except TimeoutError:
            return None

    def hand(self, part: str | None) -> None:
        """Put events into the queue, or None for the end; from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._put, part)
        except RuntimeError:
            # Its event loop is closed: nobody listens any more.
            self._is_over = True

    @property
    def is_over(self) -> bool:
        """Whether it was told its end, or took too little."""
        return self._is_over

    def _put(self, part: str | None) -> None:
        if self._is_over:
            return
        self._is_over = part is None or self._parts.full()
        if not self._parts.full():
            self._parts.put_nowait(part)


@dataclass(slots=True)
class _Part:
    """What some listeners are told by one look at the log."""

    asked: ShelfFilter
    told: Told
    news: InboxNews
    counts: ShelfCounts
    listeners: list[InboxListener]


@dataclass(slots=True)
class _Look:
    """What one look at the log has found.

    Attributes:
        lost: whose cursor leads nowhere any more.
        lags: seconds from when changes were written until they were read.
        more: there is more than was read.
    """

    parts: list[_Part] = field(default_factory=list)
    lost: list[InboxListener] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    more: bool = False


class LeadTail:
    """The one reader of a process; its thread lives while somebody listens."""

    def __init__(
        self,
        app: Application,
        *,
        follow: Follow | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``follow`` opens what is read, by default the application's log."""
        self._app, self._clock, self._follow = app, clock, follow or self._follow_one
        self._listeners: set[InboxListener] = set()
        self._lock, self._wake = Lock(), Event()
        self._thread: Thread | None = None
        self._is_closed = False

    def listen(self, asked: ShelfFilter, told: Told, cursor: str) -> InboxListener:
        """Let somebody follow what comes behind a cursor, until :meth:`leave`; in an event loop."""
        listener = InboxListener(asked, told, cursor)
        with self._lock:
            if self._is_closed:
                listener.hand(None)
                return listener
            self._listeners.add(listener)
            if self._thread is None:
                # A daemon: a database that does not answer must not keep the process.
                self._thread = Thread(target=self._run, name="lead-tail", daemon=True)
                self._thread.start()
        self._wake.set()
        return listener

    def leave(self, listener: InboxListener) -> None:
        """Tell somebody nothing more."""
        with self._lock:
            self._listeners.discard(listener)

    def wake(self) -> None:
        """Look at the log now: something was done with a lead; from any thread."""
        self._wake.set()

    def close(self) -> None:
        """Tell everybody the end, and let the thread end."""
        with self._lock:
            self._is_closed = True
            everybody, self._listeners = self._listeners, set()
        for listener in everybody:
            listener.hand(None)
        self._wake.set()

    def _follow_one(self) -> AbstractContextManager[FollowedLeads]:
        return follow_inbox(self._app.database)

    def _run(self) -> None:
        try:
            while self._goes_on():
                if not self.look():
                    self._wake.wait(POLL_SECONDS)
                self._wake.clear()
        except BaseException:
            # Nobody waits for what never comes: they come back, and somebody else reads.
            with self._lock:
                self._thread = None
                left, self._listeners = self._listeners, set()
            for listener in left:
                listener.hand(None)
            raise

    def _goes_on(self) -> bool:
        with self._lock:
            self._listeners = {one for one in self._listeners if not one.is_over}
            if not self._listeners:
                self._thread = None
            return bool(self._listeners)

    def look(self) -> bool:
        """Look at the log once, and hand everybody what is theirs; whether there is more."""
        with self._lock:
            everybody = list(self._listeners)
        try:
            with self._follow() as view:
                began = self._clock()
                found = self._read(view, everybody)
        except IntentError as error:
            logger("web").warning("streams end", error=str(error))
            self._end(everybody)
            return False
        for part in found.parts:
            text = "".join(part.told(self._app, part.news, part.counts))
            for listener in part.listeners:
                listener.hand(text)
        for listener in found.lost:
            listener.hand(RELOAD)
        self._end(found.lost)
        if found.lags:
            took = self._clock() - began
            self._app.meter.observe(CHANGED_TO_PAGE, [lag + took for lag in found.lags])
        return found.more

    def _end(self, listeners: Iterable[InboxListener]) -> None:
        for listener in listeners:
            self.leave(listener)
            listener.hand(None)

    def _read(self, view: LeadView, everybody: Sequence[InboxListener]) -> _Look:
        look, at_end = _Look(), []
        groups: dict[str, list[InboxListener]] = defaultdict(list)
        for listener in everybody:
            groups[listener.cursor].append(listener)
        for cursor, listeners in groups.items():
            try:
                changes = view.changes(cursor)
            except StartAgain:
                look.lost += listeners
                continue
            if any(one.is_live for one in listeners):
                look.lags += _lags(view, [one.created_timestamp for one in changes])
            if len(changes) < CHANGES_AT_ONCE:
                at_end += listeners
            else:
                look.more = True
            look.parts += self._parts(view, cursor, listeners)
        _gather(at_end, together=view.is_whole)
        return look

    def _parts(
        self, view: LeadView, cursor: str, listeners: Sequence[InboxListener]
    ) -> list[_Part]:
        """Return what listeners at one place are told, and let them stand behind it."""
        now = self._clock()
        alike: dict[tuple[ShelfFilter, Told], list[InboxListener]] = defaultdict(list)
        for one in listeners:
            if view.changes(cursor) or now - one.said >= BEAT_SECONDS:
                alike[one.asked, one.told].append(one)
                one.said = now
        found = []
        for (asked, told), those in alike.items():
            news = view.news(cursor, asked)
            found.append(_Part(asked, told, news, view.counts(asked.room), those))
            for one in those:
                one.cursor = news.cursor
        return found


def _lags(view: LeadView, written: Sequence[datetime]) -> list[float]:
    if not written:
        return []
    now = view.now()
    return [max(0.0, (now - one).total_seconds()) for one in written]


def _gather(at_end: Sequence[InboxListener], *, together: bool) -> None:
    """Let all who have come to the end of the log in one view stand at one place: what is written
    later lies behind each of their places, so that one look is enough for all of them. In the log
    of a shard that is away nobody knows who has come to its end.
    """
    for listener in at_end:
        if together:
            listener.cursor = at_end[-1].cursor
        listener.is_live = True
