"""Chat is read through EventSub: sessions that move, are lost and are taken back; the clock is ours."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch, Gap, Position, Retraction
from intent.model.errors import OperatorError, SourceLost
from intent.model.message import AuthorRole, Reply
from intent.sources.live.fetch import HttpReader
from intent.sources.live.twitch.eventsub_api import EventSubApi
from intent.sources.live.twitch.eventsub_payload import KINDS
from intent.sources.live.twitch.eventsub_source import EventSubTimes, TwitchEventSub
from intent.sources.live.twitch.web_socket import SocketClosed
from tests.unit.sources.live.platform_server import Asked, PlatformServer, Said, said
from tests.unit.sources.live.twitch.irc_peer import START


class EventSub:
    """Twitch's side: HTTP on loopback, events in memory, a clock that passes while nothing comes."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sockets: list[_Socket] = []
        self.urls: list[str] = []
        self.scopes = ["user:read:chat"]
        self.answers: dict[str, Callable[[Asked], Said]] = {}
        self.held: list[dict[str, Any]] = []
        self.server = PlatformServer(self._answer)

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def connect(self, url: str) -> _Socket:
        self.urls.append(url)
        self.sockets.append(_Socket(self))
        session = {"id": f"s{len(self.sockets)}", "keepalive_timeout_seconds": 30}
        if "reconnect" not in url:
            self.held.clear()
        self.tell("session_welcome", {"session": session})
        return self.sockets[-1]

    def tell(self, kind: str, payload: dict[str, Any], event_kind: str | None = None) -> None:
        metadata = {
            "message_id": f"meta-{self.seconds}-{kind}",
            "message_type": kind,
            "message_timestamp": self.now()
            .isoformat(timespec="microseconds")
            .replace("+00:00", "000Z"),
            **({"subscription_type": event_kind} if event_kind else {}),
        }
        frame = json.dumps({"metadata": metadata, "payload": payload}).encode()
        self.sockets[-1].frames.append(frame)

    def say(self, message_id: str, text: str = "berapa?", **values: Any) -> None:
        event = {
            "broadcaster_user_id": "5501",
            "chatter_user_id": "7702",
            "message_id": message_id,
            "message": {"text": text},
            "badges": [],
            "reply": None,
            "source_broadcaster_user_id": None,
            **values,
        }
        self.event("channel.chat.message", event)

    def event(self, kind: str, event: dict[str, Any]) -> None:
        self.tell("notification", {"subscription": {"type": kind}, "event": event}, kind)

    def _answer(self, asked: Asked) -> Said:
        given = self.answers.get(f"{asked.method} {asked.path}")
        if given is not None:
            return given(asked)
        if asked.path == "/oauth2/validate":
            return said({"user_id": "9001", "scopes": self.scopes})
        if asked.path == "/helix/users":
            known = asked.query["login"] == "toko"
            return said({"data": [{"id": "5501"}] if known else []})
        if asked.method == "POST":
            return self._subscribe(asked.json)
        if asked.method == "DELETE":
            self.held[:] = [one for one in self.held if one["id"] != asked.query["id"]]
            return Said(b"", 204)
        return said({"data": [one for one in self.held if one["type"] == asked.query["type"]]})

    def _subscribe(self, body: dict[str, Any]) -> Said:
        if any(one["type"] == body["type"] for one in self.held):
            return said({"status": 409}, 409)
        self.held.append({**body, "id": f"id-{body['type']}", "status": "enabled"})
        return said({"data": []}, 202)


class _Socket:
    def __init__(self, twitch: EventSub) -> None:
        self.twitch, self.frames = twitch, deque[bytes]()
        self.code: int | None = None
        self.sent: list[str] = []

    def receive(self, seconds: float) -> bytes | None:
        if not self.frames and self.code is None:
            self.twitch.seconds += seconds
        if self.frames:
            return self.frames.popleft()
        if self.code is not None:
            raise SocketClosed(self.code, "")
        return None

    def send(self, text: str) -> None:
        self.sent.append(text)

    def close(self) -> None:
        self.code = 1000


@pytest.fixture
def twitch() -> Iterator[EventSub]:
    twitch = EventSub()
    with twitch.server:
        yield twitch


class Session:
    """A source, read batch by batch."""

    def __init__(self, twitch: EventSub, position: Position | None = None, **options: Any) -> None:
        self.twitch, self.stop = twitch, Event()
        url = twitch.server.url
        api = EventSubApi("client", "secret", HttpReader("x", url), HttpReader("x", url))
        self.source = TwitchEventSub(
            options.pop("channel", "toko"),
            "chat",
            api,
            "ws://twitch",
            stop=self.stop,
            position=position,
            times=EventSubTimes(twitch.clock, twitch.now),
            connect=twitch.connect,
            **options,
        )
        self.read: Iterator[Batch] = iter(self.source.read())
        self.batches: list[Batch] = []

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(5000):
            if holds():
                return
            self.batches.append(next(self.read))
        raise AssertionError("it never came to that")

    def pass_time(self, seconds: float) -> None:
        ends = self.twitch.seconds + seconds
        self.until(lambda: self.twitch.seconds >= ends)

    @property
    def ids(self) -> list[str]:
        return [one.message_id for batch in self.batches for one in batch.messages]

    @property
    def gaps(self) -> list[Gap]:
        return [gap for batch in self.batches for gap in batch.gaps]

    @property
    def position(self) -> Position:
        return [batch.position for batch in self.batches if batch.position is not None][-1]


def started(twitch: EventSub, *given: Any, **options: Any) -> Session:
    session = Session(twitch, *given, **options)
    session.until(lambda: len(twitch.held) == len(KINDS))
    session.pass_time(0.4)
    return session


def test_what_is_said_is_a_comment_of_the_channels_number(twitch: EventSub) -> None:
    session = started(twitch)
    parent = {"parent_message_id": "c0", "parent_message_body": "ada"}
    badges = [{"set_id": "moderator", "id": "1", "info": ""}]
    twitch.say("c1", "@kak ada?", reply=parent, badges=badges)
    session.pass_time(1)
    [comment] = [one for batch in session.batches for one in batch.messages]
    assert (comment.platform, comment.room_id, comment.user_id) == ("twitch", "5501", "7702")
    assert (comment.text, comment.author_role) == ("@kak ada?", AuthorRole.MODERATOR)
    assert comment.reply_to == Reply(message_id="c0", text="ada")
    assert twitch.urls == ["ws://twitch?keepalive_timeout_seconds=30"]
    assert [one["condition"] for one in twitch.held] == [
        {"broadcaster_user_id": "5501", "user_id": "9001"}
    ] * 4
    assert twitch.sockets[0].sent == []


def test_one_event_under_two_metadata_ids_is_one_comment(twitch: EventSub) -> None:
    session = started(twitch)
    twitch.say("c1")
    twitch.seconds += 1
    twitch.say("c1")
    session.pass_time(1)
    assert session.ids == ["c1"]


def test_what_moderators_take_away_is_taken_back(twitch: EventSub) -> None:
    session = started(twitch)
    room = {"broadcaster_user_id": "5501", "target_user_id": "7702"}
    twitch.event("channel.chat.message_delete", {**room, "message_id": "c1"})
    twitch.event("channel.chat.clear_user_messages", room)
    twitch.event("channel.chat.clear", room)
    twitch.event("channel.chat.message_delete", room)
    session.pass_time(1)
    taken = [one for batch in session.batches for one in batch.retractions]
    at = taken[0].at
    assert taken == [
        Retraction("twitch", "5501", at, message_id="c1"),
        Retraction("twitch", "5501", at, user_id="7702"),
        Retraction("twitch", "5501", at),
    ]
    assert sum(len(batch.refused) for batch in session.batches) == 1


def test_copies_of_other_channels_are_skipped_unless_they_are_wanted(twitch: EventSub) -> None:
    for copies, kept in ((False, []), (True, ["c1"])):
        session = started(twitch, copies=copies)
        twitch.say("c1", source_broadcaster_user_id="99")
        session.pass_time(1)
        assert session.ids == kept


def test_a_session_that_moves_is_not_subscribed_again_and_misses_nothing(twitch: EventSub) -> None:
    session = started(twitch)
    twitch.say("c1")
    asked = len(twitch.server.asked)
    twitch.tell("session_reconnect", {"session": {"reconnect_url": "ws://twitch/reconnect"}})
    twitch.say("c2")
    session.until(lambda: len(twitch.sockets) == 2)
    twitch.say("c3")
    session.pass_time(2)
    assert session.ids == ["c1", "c2", "c3"]
    assert session.gaps == []
    assert len(twitch.server.asked) == asked
    assert twitch.sockets[0].code == 1000


def test_keepalives_are_proof_and_silence_is_noticed(twitch: EventSub) -> None:
    session = started(twitch)
    for _ in range(10):
        session.pass_time(29)
        twitch.tell("session_keepalive", {})
    session.pass_time(1)
    silent_since = twitch.seconds
    with pytest.raises(SourceLost, match="said nothing for 4"):
        session.pass_time(100)
    assert twitch.seconds - silent_since <= 40.5
    [gap] = session.gaps
    assert gap.until is None
    assert gap.since >= START + timedelta(seconds=280)


@pytest.mark.parametrize(("code", "text"), [(4000, "has failed"), (4003, "subscribe in time")])
def test_a_close_code_is_told_in_words_and_the_next_session_ends_the_gap(
    twitch: EventSub, code: int, text: str
) -> None:
    session = started(twitch)
    twitch.sockets[0].code = code
    with pytest.raises(SourceLost, match=text):
        session.pass_time(5)
    twitch.seconds += 60
    back = started(twitch, session.position)
    assert back.gaps[0].since == session.gaps[0].since
    assert back.gaps[0].until is not None


def test_a_subscription_that_is_taken_back_is_for_the_operator(twitch: EventSub) -> None:
    session = started(twitch)
    subscription = {"type": "channel.chat.message", "status": "authorization_revoked"}
    twitch.tell("revocation", {"subscription": subscription})
    with pytest.raises(OperatorError, match="authorization_revoked"):
        session.pass_time(1)


def test_a_token_that_is_refused_is_for_the_operator(twitch: EventSub) -> None:
    twitch.answers["GET /oauth2/validate"] = lambda asked: said({"status": 401}, 401)
    with pytest.raises(OperatorError, match="set a new one in TWITCH_ACCESS_TOKEN"):
        started(twitch)


def test_a_token_without_its_scope_is_for_the_operator(twitch: EventSub) -> None:
    twitch.scopes = []
    with pytest.raises(OperatorError, match="lacks the scope user:read:chat"):
        started(twitch)


def test_a_channel_that_does_not_exist_is_for_the_operator(twitch: EventSub) -> None:
    with pytest.raises(OperatorError, match="has no channel tooko"):
        started(twitch, channel="tooko")


def orphan(session: str, status: str = "enabled") -> dict[str, Any]:
    return {
        "id": "orphan",
        "type": "channel.chat.message",
        "status": status,
        "condition": {"broadcaster_user_id": "5501", "user_id": "9001"},
        "transport": {"method": "websocket", "session_id": session},
    }


def held_by(twitch: EventSub, session: str, status: str) -> None:
    connect = twitch.connect

    def connect_beside(url: str) -> _Socket:
        socket = connect(url)
        twitch.held.append(orphan(session, status))
        return socket

    twitch.connect = connect_beside  # type: ignore[method-assign]


def test_what_our_former_session_left_is_deleted_first(twitch: EventSub) -> None:
    stood = Position("chat", json.dumps({"coverage": "{}", "session": "s0"}))
    held_by(twitch, "s0", "enabled")
    session = started(twitch, stood)
    twitch.say("c1")
    session.pass_time(1)
    assert session.ids == ["c1"]
    assert "orphan" not in [one["id"] for one in twitch.held]


def test_what_a_dead_session_of_others_left_is_deleted_too(twitch: EventSub) -> None:
    held_by(twitch, "other", "websocket_disconnected")
    started(twitch)
    assert "orphan" not in [one["id"] for one in twitch.held]


def test_a_listener_who_lives_keeps_what_it_has_and_we_wait(twitch: EventSub) -> None:
    held_by(twitch, "other", "enabled")
    with pytest.raises(SourceLost, match="another listener") as lost:
        started(twitch)
    assert lost.value.wait == 30
    assert "orphan" in [one["id"] for one in twitch.held]


def test_nothing_that_comes_in_ends_the_source(twitch: EventSub) -> None:
    session = started(twitch)
    for frame in (b"\xff", b"[]", b"{}", b"{" * 9_000_000, b'{"metadata": {"message_type": 7}}'):
        twitch.sockets[0].frames.append(frame)
    twitch.tell("sparkle", {})
    twitch.event("channel.sparkle", {})
    twitch.event("channel.chat.message", {})
    twitch.say("c0", "a\x00")
    twitch.say("c1", "a\ud83d")
    session.pass_time(1)
    assert session.ids == ["c1"]
    assert [one.reason for batch in session.batches for one in batch.refused] == [
        "is no UTF-8 at byte 0",
        "is no JSON object",
        "metadata.message_type: is missing",
        "the frame is 9000000 bytes long",
        "metadata.message_type: is missing",
        "the message sparkle is unknown; more of them are only counted",
        "the event channel.sparkle is unknown; more of them are only counted",
        "user_id: the author is missing",
        "text: holds a NUL character",
    ]
