"""A storm over Twitch chat: the server asks to reconnect, falls silent, cuts, mirrors and repeats,
and our process is killed again and again; what is not stored then lies in a recorded gap.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from intent.model.batch import Gap
from tests.listening import ListenProcess, StartListening
from tests.unit.sources.live.twitch.irc_peer import Comment, IrcServer

ROOM = "toko"

AT_ONCE = 250
"""Comments before the process has to have stored them. Without it the whole chat would be over in
seconds, and a gap, which begins two seconds early, would excuse nearly all of it.
"""


@dataclass
class Storm:
    """What befalls a chat while it is listened to.

    Attributes:
        kills: how often our process is killed; it is started again each time.
        lines: comments of the room, those that nobody hears included.
    """

    server: IrcServer
    start: Callable[[], ListenProcess]
    lines: int
    kills: int
    draws: random.Random = field(default_factory=lambda: random.Random(20261120))
    troubles: dict[str, int] = field(default_factory=dict)

    def run(self) -> ListenProcess:
        """Let it all happen; return the last process."""
        process = self._started()
        process.wait_until(lambda: process.position("chat") is not None)
        each = self.lines // (self.kills + 1)
        for _ in range(self.kills):
            self._say(each, process)
            process.kill()
            self._cut()
            self._talk(each // 50, None)  # nobody hears this
            process = self._started()
        self._say(self.lines - len(self.server.said), process)
        last = self.server.say(ROOM, "the end")
        process.wait_until(lambda: last.message_id in process.stored_ids())
        return process

    def _started(self) -> ListenProcess:
        process = self.start()
        process.wait_until(self._is_heard)
        return process

    def _is_heard(self) -> bool:
        return any(reader.joined and not reader.deaf for reader in list(self.server.readers))

    def _say(self, count: int, process: ListenProcess) -> None:
        """Say so much; somewhere on the way one of three things goes wrong with the connection."""
        before = self.draws.randrange(count // 4, count // 2)
        self._talk(before, process)
        kinds = (self._reconnect, self._cut, self._stall)
        trouble = kinds[sum(self.troubles.values()) % len(kinds)]
        self.troubles[trouble.__name__] = self.troubles.get(trouble.__name__, 0) + 1
        trouble()
        self._talk(count // 20, None)
        process.wait_until(self._is_heard)
        self._talk(count - before - count // 20, process)

    def _talk(self, count: int, process: ListenProcess | None) -> None:
        """Say so much; a process that hears it may keep up, but for the last of it."""
        for number in range(count):
            if process is not None and number % AT_ONCE == AT_ONCE - 1:
                last = self.server.said[-1]
                process.wait_until(lambda last=last: process.has_stored(last.message_id))  # type: ignore[misc]
            kind = self.draws.random()
            if kind < 0.02:
                self.server.say(ROOM, "a copy", source_room_id="99", source_id="x")
            elif kind < 0.021:
                self.server.tell(ROOM, b"\xff\xfe is no line")
            self.server.say(ROOM, "berapa kak?", again=0.02 < kind < 0.06)

    def _reconnect(self) -> None:
        self.server.ask_to_reconnect()

    def _cut(self) -> None:
        for reader in list(self.server.readers):
            reader.cut()
            self.server.leave(reader)

    def _stall(self) -> None:
        for reader in list(self.server.readers):
            reader.deaf = True


def lost(said: list[Comment], stored: set[str]) -> list[Comment]:
    return [comment for comment in said if comment.message_id not in stored]


def within(comment: Comment, gap: Gap) -> bool:
    # Twitch counts in whole milliseconds.
    at = comment.at.replace(microsecond=comment.at.microsecond // 1000 * 1000)
    return gap.since <= at and (gap.until is None or at <= gap.until)


def storm_over(
    start_listening: StartListening, url: str, *, lines: int, kills: int, most_lost: float
) -> None:
    with IrcServer({ROOM: "5501"}) as server:
        options = {"url": server.url, "silence": 2.0, "patience": 2.0}
        source = {"chat": {"source": f"twitch:#{ROOM}", **options}}
        storm = Storm(server, lambda: start_listening(url, source), lines, kills)
        process = storm.run()
        # On a busy machine the last silence may only seem one; what it began ends before we leave.
        process.wait_until(lambda: all(gap.until is not None for gap in process.gaps()))
        assert process.leave() == 0
    stored, gaps = process.stored_ids(), process.gaps()
    missing = lost(server.said, set(stored))
    unrecorded = [one for one in missing if not any(within(one, gap) for gap in gaps)]
    figures = {
        "said": len(server.said),
        "stored": len(stored),
        "lost in gaps": len(missing),
        "said in gaps": sum(any(within(one, gap) for gap in gaps) for one in server.said),
        "lost outside of gaps": len(unrecorded),
        "doubled": len(stored) - len(set(stored)),
        "gaps": len(gaps),
        **storm.troubles,
    }
    print(figures)
    assert unrecorded == [], figures
    assert set(stored) <= {comment.message_id for comment in server.said}, "a copy was stored"
    assert len(stored) == len(set(stored)), figures
    assert len(missing) <= most_lost * len(server.said), figures
    assert all(gap.until is not None for gap in gaps), gaps


@pytest.mark.slow
@pytest.mark.fault("network", tries=4)
def test_what_is_lost_in_a_storm_lies_in_recorded_gaps(
    start_listening: StartListening, sqlite_url: str
) -> None:
    storm_over(start_listening, sqlite_url, lines=5_000, kills=3, most_lost=0.4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.fault("network", tries=21)
def test_the_same_over_a_hundred_thousand_lines_and_twenty_kills(
    start_listening: StartListening, sqlite_url: str
) -> None:
    storm_over(start_listening, sqlite_url, lines=100_000, kills=20, most_lost=0.4)
