"""Listens to many sources at once until told to leave: each in a thread of its own, connected again
when it is lost, given up when only a person can mend it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event, Thread

from intent.flow.intake import Intake, IntakePolicy
from intent.flow.seen import Dropped, SourceSeen
from intent.flow.together import PutAll
from intent.model.batch import Batch, Position
from intent.model.errors import Later, OperatorError, SourceLost
from intent.model.listening import SourceState
from intent.ports.ingestion import ListenedSources, Positions, Source, Spool
from intent.retry import Backoff, Repetition, retry_until_available
from intent.telemetry import logger

NO_ROOM = "the database was away and the spool was full"


@dataclass(frozen=True, slots=True)
class Listened:
    """A source to listen to.

    Attributes:
        name: under which its position, its gaps and what is known of it are kept.
        build: makes it, from where it stands.
        waits: what it reads is kept for it: when there is no room, it is left alone for a while and
            nothing is lost; what others hand over then is dropped, and a gap.
    """

    name: str
    scheme: str
    build: Callable[[Position | None], Source]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class ListenPolicy:
    """How patient; times in seconds.

    Attributes:
        retry_delay: before a lost source is connected again; doubles up to ``retry_delay_most``.
        healthy: that a source must have read until its next loss is the first one again; what
            passed before its first batch was connecting, and does not count.
        grace: that leaving may take.
        intake: how what was read is stored.
    """

    retry_delay: float = 0.5
    retry_delay_most: float = 60.0
    healthy: float = 30.0
    grace: float = 6.0
    intake: IntakePolicy = field(default_factory=IntakePolicy)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time as it is, or as a test says: monotonic seconds, the time of day, a draw from 0 to 1, and
    a pause of so many seconds that ends when ``stop`` is set.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    draw: Callable[[], float] = random.random
    pause: Callable[[Event, float], object] = lambda stop, seconds: stop.wait(seconds)


class Listener:
    """Supervises sources."""

    def __init__(
        self,
        sources: Sequence[Listened],
        put_all: PutAll,
        positions: Positions,
        spool: Spool,
        *,
        stop: Event,
        told: ListenedSources,
        policy: ListenPolicy = ListenPolicy(),
        clocks: Clocks = Clocks(),
    ) -> None:
        """Prepare to listen.

        Args:
            put_all: stores batches durably, as an inbox does, or raises.
            stop: set from outside to leave.
            told: told what becomes of the sources.
        """
        self._put_all, self._positions, self._spool = put_all, positions, spool
        self._stop, self._policy, self._clocks = stop, policy, clocks
        self._told_to, self._log = told, logger("listen")
        clock = clocks.monotonic
        self._intake = Intake(put_all, spool, policy=policy.intake, duty=self._tell, clock=clock)
        self._threads = [_Listening(one, self._intake, stop, policy, clocks) for one in sources]
        self._told = [thread.seen for thread in self._threads]

    @property
    def seen(self) -> list[SourceSeen]:
        """What is seen of each source by now."""
        return [thread.seen for thread in self._threads]

    def trouble(self) -> str | None:
        """Return why nothing is stored any more; None where all is well."""
        return "storing has failed" if self._intake.failed.is_set() else None

    def run(
        self, show: Callable[[Sequence[SourceSeen]], None] = lambda seen: None
    ) -> list[SourceSeen]:
        """Listen until every source has ended or failed, or until told to leave; return what was
        seen. What was read is then in the inbox, or in the spool.

        Args:
            show: told twice a second what is seen of each source.

        Raises:
            Stopping: we were told to leave before the database was there.
            OperatorError: the database is not as it must be.
        """
        self._take_up()
        self._intake.start()
        with self._running():
            while not self._stop.is_set() and self._has_more():
                if self._intake.failed.wait(0.5):
                    break
                show(self.seen)
        if self._spool.waiting:
            self._log.warning("not stored yet: it waits in the spool, and is put first next time")
        if self._intake.error is not None:
            raise self._intake.error
        show(self.seen)
        return self.seen

    def _has_more(self) -> bool:
        return self._spool.waiting or any(one.thread.is_alive() for one in self._threads)

    def _take_up(self) -> None:
        """Put what earlier processes have left, and then ask where the sources stand."""
        policy = self._policy.intake

        def patiently(call: Callable[[], None]) -> None:
            delay, most = policy.outage_delay, policy.outage_delay_most
            retry_until_available(
                call, stop=self._stop, delay=delay, most=most, waiting=self._waiting
            )

        patiently(lambda: self._spool.drain(lambda batch: self._put_all([batch])))
        for one in self._threads:
            patiently(lambda one=one: one.stand_at(self._positions))  # type: ignore[misc]

    @contextmanager
    def _running(self) -> Iterator[None]:
        for one in self._threads:
            one.thread.start()
        try:
            yield
        finally:
            self._stop.set()
            by = self._clocks.monotonic() + self._policy.grace
            for one in self._threads:
                one.thread.join(max(by - self._clocks.monotonic(), 0.0))
                if one.thread.is_alive():
                    self._log.warning("left behind", source=one.seen.source)
            self._intake.leave(max(by - self._clocks.monotonic(), 1.0))

    def _tell(self) -> None:
        seen = self.seen
        pairs = [*zip(seen, self._told, strict=True)]
        # Who tells nothing any more is not there any more.
        news = [new.since(old) for new, old in pairs if new.state.is_alive or new != old]
        self._told_to.tell(news)
        self._told = seen

    def _waiting(self, seconds: float, error: Later) -> None:
        self._log.warning("waiting", seconds=seconds, error=str(error))


class _Listening:
    """One source in its thread."""

    def __init__(
        self,
        listened: Listened,
        intake: Intake,
        stop: Event,
        policy: ListenPolicy,
        clocks: Clocks,
    ) -> None:
        self._listened, self._intake, self._stop = listened, intake, stop
        self._policy, self._clocks = policy, clocks
        self._position: Position | None = None
        self._dropped = Dropped()
        self._backoff = Backoff(policy.retry_delay, policy.retry_delay_most, draw=clocks.draw)
        self._losses = Repetition()
        self._read_since: float | None = None
        self._log = logger("listen")
        self.seen = SourceSeen(listened.name, listened.scheme)
        self.thread = Thread(target=self._run, name=listened.name, daemon=True)

    def stand_at(self, positions: Positions) -> None:
        """Begin where the source stood."""
        self._position = positions.position(self._listened.name)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._read_since = None
            try:
                self._read()
                stopped = self._stop.is_set()
                self._is(SourceState.STOPPED if stopped else SourceState.ENDED)
                break
            except OperatorError as error:
                self._log.error("failed", source=self.seen.source, error=str(error))
                self._trouble(SourceState.FAILED, str(error))
                break
            except Later as error:
                self._lost(error)
            # A fault of one source must end neither the others nor this one.
            except Exception as error:  # noqa: BLE001
                self._log.exception("broken", source=self.seen.source)
                self._lost(SourceLost(f"a fault of ours: {type(error).__name__}"))
        else:
            self._is(SourceState.STOPPED)
        if self._dropped:
            self._take(Batch(), last=True)

    def _read(self) -> None:
        batches = self._listened.build(self._position).read()
        leaving = False
        try:
            for batch in batches:
                if self._read_since is None:
                    self._read_since = self._clocks.monotonic()
                self._is(SourceState.READING)
                if batch or self._dropped:
                    self._take(batch)
                elif leaving:
                    return
                elif self._stop.is_set():
                    leaving = True  # one more turn, in which it may hand over what it still has
        finally:
            if isinstance(batches, Generator):
                batches.close()

    def _take(self, batch: Batch, *, last: bool = False) -> None:
        now = self._clocks.now()
        told = [*self._dropped.gaps(NO_ROOM), *batch.gaps]
        owned = [replace(gap, source=self.seen.source) for gap in told]
        try:
            # Nobody tells again of what was dropped once the source is over.
            beyond = last or self._stop.is_set()
            self._intake.store(replace(batch, gaps=owned), beyond=beyond)
        except Later as error:
            if self._listened.waits and batch:
                raise SourceLost(f"{NO_ROOM}; it waits where it is ({error})") from error
            self._drop(batch, now)
        else:
            self._dropped.forget()
            self._position = batch.position or self._position
        self.seen = self.seen.after(batch, now)

    def _drop(self, batch: Batch, now: datetime) -> None:
        if not self._dropped:
            self._log.error("dropping", source=self.seen.source, reason=NO_ROOM)
        self._dropped.add(batch, now)
        self.seen = replace(self.seen, dropped=self._dropped.messages)

    def _lost(self, error: Later) -> None:
        since, healthy = self._read_since, self._policy.healthy
        if since is not None and self._clocks.monotonic() - since >= healthy:
            self._backoff.reset()
            self._losses.reset()
        asked = error.wait if isinstance(error, SourceLost) else None
        pause = max(self._backoff.next(), asked or 0.0)
        # A night without a network must not fill the log.
        say = self._log.warning if self._losses.is_due() else self._log.debug
        times = self._losses.times
        say("lost", source=self.seen.source, error=str(error), seconds=pause, times=times)
        self._trouble(SourceState.WAITING, str(error))
        self.seen = replace(self.seen, reconnects=self.seen.reconnects + 1)
        self._clocks.pause(self._stop, pause)

    def _trouble(self, state: SourceState, text: str) -> None:
        self.seen = replace(self.seen, state=state, error=text, error_at=self._clocks.now())

    def _is(self, state: SourceState) -> None:
        if self.seen.state is not state:
            self.seen = replace(self.seen, state=state)
