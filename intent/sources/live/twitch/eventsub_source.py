"""Reads the chat of a Twitch channel through EventSub, with an account (``twitch-eventsub:``)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from intent.model.batch import Batch, Gap, Position
from intent.model.errors import Malformed, OperatorError, SourceLost
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.gather import AT_ONCE
from intent.sources.live.background import meanwhile
from intent.sources.live.twitch.chat_backlog import ChatBacklog
from intent.sources.live.twitch.coverage import Coverage
from intent.sources.live.twitch.eventsub_api import EventSubApi
from intent.sources.live.twitch.eventsub_payload import (
    COMMENT,
    KINDS,
    PLATFORM,
    EventSubFrame,
    is_copy,
    read_event,
    read_frame,
)
from intent.sources.live.twitch.web_socket import (
    Connect,
    Opening,
    SocketClosed,
    WebSocket,
    open_socket,
)
from intent.telemetry import logger

HAND_OVER_SECONDS = 0.2
HEARTBEAT_SECONDS = 5.0
KEEPALIVE_SECONDS = 30.0
"""How often the server is asked to say at least something."""

LINK = 1
"""A session is one connection to us, however often it moves."""

CLOSED = {
    4000: "the server has failed",
    4001: "we sent what is not for us to send",
    4002: "we did not answer a ping",
    4003: "we did not subscribe in time",
    4004: "we did not reconnect in time",
    4005: "a timeout in Twitch's network",
    4006: "an error in Twitch's network",
    4007: "the address to reconnect to was none",
}
"""What the close codes of EventSub mean."""


@dataclass(frozen=True, slots=True)
class EventSubTimes:
    """Clocks, and how long the server may be late, in seconds."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    patience: float = 10.0


class TwitchEventSub:
    """The chat of one channel."""

    def __init__(
        self,
        channel: str,
        name: str,
        api: EventSubApi,
        url: str,
        *,
        stop: Event,
        position: Position | None = None,
        copies: bool = False,
        times: EventSubTimes = EventSubTimes(),
        connect: Connect = open_socket,
    ) -> None:
        """Prepare to read.

        Args:
            channel: its name or number.
            name: under which the position is kept.
            copies: take comments of other channels that are shared into this one.
        """
        self._channel, self._name, self._api, self._url = channel, name, api, url
        self._stop, self._copies, self._times, self._connect = stop, copies, times, connect
        coverage, self._former = _stood(position)
        self._coverage = Coverage(PLATFORM, [channel], coverage)
        self._session = self._former
        self._stored, self._stored_at = "", float("-inf")
        self._kept, self._door, self._gaps = ChatBacklog(), Door(now=times.now), list[Gap]()
        self._socket: WebSocket | None = None
        self._opening: Opening | None = None
        self._next: WebSocket | None = None
        self._room_id = ""
        self._frames, self._heard, self._keepalive = 0, 0.0, KEEPALIVE_SECONDS
        self._log = logger("twitch").bind(source=name)

    def read(self) -> Iterator[Batch]:
        """Yield what is said, and what is taken back; an empty batch for a pause.

        Raises:
            SourceLost: the connection is lost.
            OperatorError: token, channel or subscription are refused or were taken back.
        """
        try:
            yield from self._start()
            while not self._stop.is_set():
                lost = self._round()
                yield self._batch()
                if lost is not None:
                    raise lost
        finally:
            for socket in (self._socket, self._next):
                if socket is not None:
                    socket.close()
            if self._opening is not None:
                self._opening.give_up()
            self._api.close()

    def _start(self) -> Generator[Batch, None, None]:
        reader = yield from meanwhile(self._api.reader_id)
        self._room_id = yield from meanwhile(lambda: self._api.channel_id(self._channel))
        url = f"{self._url}?keepalive_timeout_seconds={KEEPALIVE_SECONDS:.0f}"
        opening = self._opening = Opening(self._connect, url)
        while (opened := opening.opened(HAND_OVER_SECONDS)) is None:
            yield Batch()
        self._socket, self._opening = opened, None
        self._heard = self._times.clock()
        while not self._is_welcome(self._receive(self._socket, HAND_OVER_SECONDS)):
            self._check_silence(self._times.patience)
            yield Batch()
            if self._stop.is_set():
                return
        yield self._batch(due=True)  # so that the next process knows whose subscriptions these are
        condition = {"broadcaster_user_id": self._room_id, "user_id": reader}
        for kind in KINDS:
            yield from meanwhile(
                lambda kind=kind: self._api.subscribe(  # type: ignore[misc]
                    kind, condition, self._session, self._former
                )
            )
        self._join()

    def _join(self) -> None:
        now = self._times.now()
        self._gaps += self._coverage.joined(LINK, self._channel, self._room_id, now)

    def _is_welcome(self, frame: EventSubFrame | None) -> bool:
        if frame is None or frame.kind != "session_welcome":
            return False
        self._session = str(frame.session.get("id") or "")
        asked = frame.session.get("keepalive_timeout_seconds")
        if isinstance(asked, int | float):
            self._keepalive = float(asked)
        return True

    def _round(self) -> SourceLost | None:
        """Read for as long as what came may wait; return why there will be no more."""
        ends = self._times.clock() + HAND_OVER_SECONDS
        try:
            self._move()
            while self._socket is not None and len(self._kept) < AT_ONCE:
                left = ends - self._times.clock()
                frame = self._receive(self._socket, max(left, 0.0))
                if frame is not None:
                    self._take(frame)
                elif left <= 0:
                    break
            self._check_silence(self._keepalive + self._times.patience)
        except SourceLost as error:
            return self._lost(error)
        return None

    def _lost(self, error: SourceLost) -> SourceLost | None:
        said = str(error)
        if isinstance(error, SocketClosed) and error.code in CLOSED:
            said = f"{CLOSED[error.code]} (close code {error.code})"
        self._log.warning("connection lost", error=said)
        self._gaps += self._coverage.lost(LINK, said)
        if self._socket is None or not self._is_moving:
            return SourceLost(said, error.wait)
        # The session lives on where it was to move to.
        self._socket.close()
        self._socket, self._heard = None, self._times.clock()
        return None

    @property
    def _is_moving(self) -> bool:
        return self._opening is not None or self._next is not None

    def _move(self) -> None:
        """Go on with the session's next connection, once it is welcome there."""
        seconds = 0.0 if self._socket else HAND_OVER_SECONDS
        try:
            if self._opening is not None:
                self._next = self._opening.opened(seconds)
                self._opening = None if self._next is not None else self._opening
            welcomed = self._next is not None and self._is_welcome(
                self._receive(self._next, seconds)
            )
        except (SourceLost, OperatorError) as error:
            self._opening = self._next = None
            if self._socket is None:
                raise SourceLost(str(error)) from error
            return
        if welcomed:
            # What the old connection still holds comes first; nothing is added to it any more.
            self._drain_old()
            self._socket, self._next = self._next, None
            self._join()

    def _drain_old(self) -> None:
        old = self._socket
        if old is None:
            return
        try:
            while (frame := old.receive(0.0)) is not None:
                if (read := self._parsed(frame)) is not None:
                    self._take(read)
        except SocketClosed:
            pass
        old.close()

    def _receive(self, socket: WebSocket, seconds: float) -> EventSubFrame | None:
        raw = socket.receive(seconds)
        if raw is None:
            return None
        self._heard = self._times.clock()
        return self._parsed(raw)

    def _parsed(self, raw: bytes) -> EventSubFrame | None:
        self._frames += 1
        self._raw, self._position = raw, f"{self._name} frame {self._frames}"
        try:
            if len(raw) > MAX_PAYLOAD_BYTES:
                raise Malformed(f"the frame is {len(raw)} bytes long")
            return read_frame(raw)
        except Malformed as error:
            self._kept.add(refused(str(error), raw, self._position))
            return None

    def _take(self, frame: EventSubFrame) -> None:
        if frame.at is not None:
            self._coverage.heard(LINK, min(frame.at, self._times.now()))
        if frame.kind == "notification":
            if frame.event_kind == COMMENT and is_copy(frame.event) and not self._copies:
                return
            read = read_event(frame, self._door, self._position)
            if read is None:
                self._kept.add_unknown(f"the event {frame.event_kind}", self._raw, self._position)
            else:
                self._kept.add(read)
        elif frame.kind == "session_reconnect":
            self._move_to(frame.session.get("reconnect_url"))
        elif frame.kind == "revocation":
            raise OperatorError(
                f"Twitch has taken the subscription back ({frame.subscription.get('status')}); "
                "give the application access again, and set a new token"
            )
        elif frame.kind not in {"session_keepalive", "session_welcome"}:
            self._kept.add_unknown(f"the message {frame.kind}", self._raw, self._position)

    def _move_to(self, url: object) -> None:
        if isinstance(url, str) and not self._is_moving:
            self._opening = Opening(self._connect, url)

    def _check_silence(self, patience: float) -> None:
        silent = self._times.clock() - self._heard
        if silent >= patience:
            raise SourceLost(f"the server said nothing for {silent:.0f} seconds")

    def _batch(self, *, due: bool = False) -> Batch:
        gaps, self._gaps = self._gaps, []
        token = json.dumps({"coverage": self._coverage.token(), "session": self._session})
        now = self._times.clock()
        due = due or bool(gaps or self._kept) or now - self._stored_at >= HEARTBEAT_SECONDS
        if token == self._stored or not due:
            return self._kept.batch(gaps, None)
        self._stored, self._stored_at = token, now
        return self._kept.batch(gaps, Position(self._name, token))


def _stood(position: Position | None) -> tuple[str | None, str]:
    try:
        read = json.loads(position.token) if position is not None else {}
        coverage, session = read.get("coverage"), read.get("session")
    except (ValueError, AttributeError):
        return None, ""
    held = session if isinstance(session, str) else ""
    return (coverage if isinstance(coverage, str) else None), held
