"""Twitch chat is read over connections that come, fall silent and go; the clock is ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch, Gap, Position
from intent.model.errors import OperatorError, SourceLost, WrongUse
from intent.sources.live.twitch.irc_link import IrcTimes
from intent.sources.live.twitch.irc_source import TwitchChat, split_channels
from tests.unit.sources.live.twitch.irc_peer import IrcMemory

TOKO = {"toko": "5501"}


class Session:
    """A source on a chat in memory, read batch by batch."""

    def __init__(self, twitch: IrcMemory, position: Position | None = None, **options: Any) -> None:
        self.twitch, self.stop = twitch, Event()
        channels = options.pop("channels", list(twitch.channels))
        times = IrcTimes(twitch.clock, twitch.now)
        self.source = TwitchChat(
            channels,
            "chat",
            stop=self.stop,
            position=position,
            times=times,
            connect=twitch.connect,
            jitter=lambda: 0.5,
            **options,
        )
        self.read: Iterator[Batch] = iter(self.source.read())
        self.batches: list[Batch] = []

    def until(self, holds: Callable[[], bool], *, most: int = 10_000) -> None:
        """Read on until something holds."""
        for _ in range(most):
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

    def joined(self) -> bool:
        return any(reader.joined for reader in self.twitch.readers)


def started(twitch: IrcMemory, **options: Any) -> Session:
    session = Session(twitch, **options)
    session.until(session.joined)
    session.pass_time(0.2)
    return session


def test_nobody_enters_under_a_name_and_asks_for_tags() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    assert session.joined()
    heard = twitch.readers[0].heard
    assert heard[0] == "CAP REQ :twitch.tv/tags twitch.tv/commands"
    assert heard[1].startswith("NICK justinfan")
    assert heard[2:] == ["JOIN #toko"]


def test_what_is_said_is_handed_over_within_a_fifth_of_a_second() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    said_at = twitch.seconds
    comment = twitch.say("toko", "berapa?")
    session.until(lambda: session.ids == [comment.message_id])
    assert twitch.seconds - said_at <= 0.2001


def test_the_server_is_answered_when_it_asks() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    twitch.tell("toko", "PING :tmi.twitch.tv\r\n")
    session.pass_time(0.2)
    assert twitch.readers[0].heard[-1] == "PONG :tmi.twitch.tv"


def test_a_quiet_chat_stays_connected_and_its_position_moves_with_every_answer() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    before = session.position
    session.pass_time(600)
    assert twitch.opened == 1
    assert session.gaps == []
    assert session.position != before


def test_silence_is_noticed_within_the_ping_and_ten_seconds_and_is_a_gap() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    twitch.say("toko", "one")
    session.pass_time(1)
    silent_since = twitch.seconds
    twitch.readers[0].deaf = True
    lost = twitch.say("toko", "nobody hears this")
    with pytest.raises(SourceLost, match="said nothing for 7"):
        session.pass_time(100)
    assert twitch.seconds - silent_since <= 70.5
    assert session.gaps[-1].until is None
    assert session.gaps[-1].since <= lost.at
    back = Session(twitch, session.position)
    back.until(lambda: bool(back.gaps))
    assert back.gaps[0].since == session.gaps[-1].since
    until = back.gaps[0].until
    assert until is not None
    assert until >= lost.at
    assert back.ids == []


def test_a_slow_database_is_not_a_silent_server() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    for _ in range(4):
        for _ in range(500):
            twitch.say("toko", "much")
        session.batches.append(next(session.read))
        twitch.seconds += 30  # so long it takes to store that
    session.until(lambda: len(session.ids) == 2_000)
    assert twitch.opened == 1


def test_after_a_kill_there_is_a_gap_since_what_was_stored() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    session.pass_time(30)
    twitch.say("toko", "one")
    session.pass_time(1)
    stored = session.position
    twitch.say("toko", "read, and never stored")
    next(session.read)
    twitch.readers.clear()
    missed = twitch.say("toko", "nobody hears this")
    twitch.seconds += 60
    back = Session(twitch, stored)
    back.until(lambda: bool(back.gaps))
    [gap] = back.gaps
    assert gap.reason == "nobody listened"
    assert gap.since <= twitch.said[1].at <= missed.at
    assert gap.until is not None
    assert gap.until >= missed.at


def test_when_the_server_asks_to_reconnect_two_connections_overlap_and_nothing_is_missed() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    first = twitch.readers[0]
    session.pass_time(30)
    twitch.ask_to_reconnect()
    for _ in range(50):
        twitch.say("toko", "while they change")
        session.batches.append(next(session.read))
    assert first not in twitch.readers
    assert len(twitch.readers) == 1
    assert session.ids == [comment.message_id for comment in twitch.said]
    assert session.gaps == []
    session.pass_time(60)
    assert session.gaps == []


def test_a_quiet_chat_changes_connections_without_a_gap_too() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    session.pass_time(45)
    twitch.ask_to_reconnect()
    session.pass_time(5)
    assert twitch.opened == 2
    assert len(twitch.readers) == 1
    assert session.gaps == []


def test_a_connection_that_leaves_before_the_next_one_came_is_a_gap() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    session.pass_time(30)
    twitch.say("toko", "one")
    session.pass_time(1)
    twitch.refuses = True
    twitch.ask_to_reconnect()
    session.pass_time(1)
    twitch.readers[0].cut()
    lost = twitch.say("toko", "nobody hears this")
    with pytest.raises(SourceLost, match="it broke"):
        session.pass_time(10)
    assert [gap.until for gap in session.gaps] == [None]
    assert session.gaps[0].since <= lost.at


def test_of_two_connections_one_may_break_and_nothing_is_missed() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch, connections=2)
    session.until(lambda: len(twitch.readers) == 2)
    session.pass_time(1)
    for number in range(60):
        twitch.say("toko", "much")
        session.batches.append(next(session.read))
        if number == 20:
            twitch.readers[0].cut()
    assert twitch.opened == 3
    assert session.ids == [comment.message_id for comment in twitch.said]
    assert session.gaps == []


def test_what_one_connection_drops_the_other_brings() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch, connections=2)
    session.until(lambda: sum(bool(reader.joined) for reader in twitch.readers) == 2)
    for number in range(20):
        twitch.readers[number % 2].deaf = True
        twitch.say("toko", "much")
        twitch.readers[number % 2].deaf = False
    session.pass_time(1)
    assert sorted(session.ids) == sorted(comment.message_id for comment in twitch.said)


def test_a_channel_that_does_not_exist_is_for_the_operator_after_ten_seconds() -> None:
    twitch = IrcMemory(TOKO)
    session = Session(twitch, channels=["tooko"])
    with pytest.raises(OperatorError, match=r"#tooko: it does not exist.*mend the channel's name"):
        session.pass_time(60)
    assert twitch.seconds <= 10.5


def test_of_several_channels_the_missing_one_is_left_out_and_asked_for_again() -> None:
    twitch = IrcMemory({"toko": "5501", "warung": "5502"})
    session = Session(twitch, channels=["toko", "tooko", "warung"])
    session.until(session.joined)
    session.pass_time(30)
    twitch.say("toko", "one")
    twitch.say("warung", "two")
    session.pass_time(1)
    assert session.ids == ["c1", "c2"]
    twitch.channels["tooko"] = "5503"
    session.pass_time(60)
    twitch.say("tooko", "three")
    session.pass_time(1)
    assert session.ids == ["c1", "c2", "c3"]


def test_a_suspended_channel_is_told_at_once() -> None:
    twitch = IrcMemory(TOKO)
    twitch.suspended.add("toko")
    session = Session(twitch)
    with pytest.raises(OperatorError, match="Twitch has suspended it"):
        session.pass_time(60)
    assert twitch.seconds < 1


def test_a_channel_that_was_there_before_is_tried_again() -> None:
    twitch = IrcMemory(TOKO)
    stood = started(twitch).position
    twitch.channels.clear()
    session = Session(twitch, stood, channels=["toko"])
    with pytest.raises(SourceLost, match="it does not exist") as lost:
        session.pass_time(60)
    assert lost.value.wait == 60


def test_a_server_that_is_away_is_lost() -> None:
    twitch = IrcMemory(TOKO)
    twitch.refuses = True
    with pytest.raises(SourceLost, match="refused"):
        Session(twitch).pass_time(60)


def test_who_lets_nobody_in_without_an_account_is_for_the_operator() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    twitch.tell("toko", ":tmi.twitch.tv NOTICE * :Login authentication failed\r\n")
    with pytest.raises(OperatorError, match="without an account"):
        session.pass_time(1)


def test_many_channels_are_joined_twenty_in_ten_seconds() -> None:
    twitch = IrcMemory({f"room{number}": str(number) for number in range(1, 51)})
    session = Session(twitch)
    counts = {}
    for second in (1, 9, 11, 19, 21):
        session.pass_time(second - twitch.seconds)
        counts[second] = sum(len(reader.joined) for reader in twitch.readers)
    assert counts == {1: 20, 9: 20, 11: 40, 19: 40, 21: 50}


def test_copies_of_other_channels_are_skipped_unless_they_are_wanted() -> None:
    for copies, kept in ((False, ["c2"]), (True, ["c1", "c2"])):
        twitch = IrcMemory(TOKO)
        session = started(twitch, copies=copies)
        twitch.say("toko", "copy", source_room_id="99", source_id="x")
        twitch.say("toko", "own", source_room_id="5501", source_id="c2")
        session.pass_time(1)
        assert session.ids == kept


def test_what_comes_twice_is_handed_over_once() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    twitch.say("toko", "once", again=True)
    session.pass_time(1)
    assert session.ids == ["c1"]


def test_nothing_that_comes_in_ends_the_source() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    frames: list[str | bytes] = [
        b"\xff\xfe\x00",
        b"@id=1",
        "PRIVMSG #toko :no tags\r\n",
        ":tmi.twitch.tv SPARKLE #toko\r\n" * 3,
        b"x" * 10_000_000,
        b"@id=n;room-id=5501;user-id=7;tmi-sent-ts=1795176000000 PRIVMSG #toko :a\x00b",
        b"@id=s;room-id=5501;user-id=7;tmi-sent-ts=1795176000000 PRIVMSG #toko :a\xed\xa0\xbd",
    ]
    for frame in frames:
        twitch.tell("toko", frame)
    comment = twitch.say("toko", "afterwards")
    session.pass_time(1)
    assert session.ids == ["s", comment.message_id]
    assert [one.reason for batch in session.batches for one in batch.refused] == [
        "is no UTF-8 at byte 0",
        "is no line of IRC: it has no command",
        "user_id: the author is missing",
        "the command SPARKLE is unknown; more of them are only counted",
        "the line is 10000000 bytes long, the limit is 65536",
        "text: holds a NUL character",
    ]


def test_it_leaves_when_it_is_told_and_hands_over_what_it_has() -> None:
    twitch = IrcMemory(TOKO)
    session = started(twitch)
    comment = twitch.say("toko", "last")
    session.stop.set()
    session.batches.extend(session.read)
    assert session.ids == [comment.message_id]
    assert twitch.readers == []


@pytest.mark.parametrize(
    ("target", "channels"),
    [
        ("#toko", ["toko"]),
        ("Toko", ["toko"]),
        ("#toko, #warung_2,#toko", ["toko", "warung_2"]),
    ],
)
def test_channels_are_written_with_or_without_their_sign(target: str, channels: list[str]) -> None:
    assert split_channels(target) == channels


@pytest.mark.parametrize("target", ["", "#", "#toko,", "#to ko", "https://twitch.tv/toko", "##a"])
def test_what_is_no_channel_is_refused(target: str) -> None:
    with pytest.raises(WrongUse, match="write it like twitch:#channel"):
        split_channels(target)


def test_more_channels_than_twitch_allows_are_refused() -> None:
    with pytest.raises(WrongUse, match="101 channels are too many"):
        split_channels(",".join(f"#room{number}" for number in range(101)))
