"""What was seen is accounted for, over connections that come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model.batch import Gap
from intent.sources.live.twitch.coverage import CROSSING, NOT_LISTENING, Coverage

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def coverage(token: str | None = None) -> Coverage:
    return Coverage("twitch", ["toko"], token)


def gap(since: float, until: float | None, reason: str) -> Gap:
    return Gap("twitch", "5501", at(since), None if until is None else at(until), reason)


def test_the_first_time_there_is_no_gap() -> None:
    assert coverage().joined(1, "toko", "5501", at(0)) == []


def test_after_a_kill_there_is_a_gap_since_what_was_surely_seen() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    seen.heard(1, at(60))
    back = coverage(seen.token())
    assert back.room_id("toko") == "5501"
    assert back.joined(1, "toko", "5501", at(90)) == [gap(58, 90, NOT_LISTENING)]


def test_a_gap_is_open_while_nobody_is_there_and_closed_by_who_goes_on() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    seen.heard(1, at(60))
    assert seen.lost(1, "it broke") == [gap(58, None, "it broke")]
    back = coverage(seen.token())
    assert back.joined(1, "toko", "5501", at(90)) == [gap(58, 90, "it broke")]


def test_a_stretch_never_begins_before_we_came() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    assert seen.lost(1, "it broke") == [gap(0, None, "it broke")]


def test_time_that_passes_is_no_proof() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    token = seen.token()
    seen.heard(1, at(-5))
    assert seen.token() == token


def test_two_connections_that_overlap_leave_no_gap() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    seen.joined(2, "toko", "5501", at(60))
    seen.heard(2, at(70))  # no proof for what the first one saw before
    seen.heard(1, at(61))
    seen.heard(2, at(71))
    assert seen.lost(1, "it left") == []
    assert coverage(seen.token()).joined(3, "toko", "5501", at(80)) == [gap(69, 80, NOT_LISTENING)]


def test_a_connection_that_dies_before_the_other_came_leaves_a_gap_between_them() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    seen.heard(1, at(50))
    seen.joined(2, "toko", "5501", at(60))
    assert seen.lost(1, "it broke") == [gap(48, 60, "it broke")]
    seen.heard(2, at(65))
    assert seen.lost(2, "it broke too") == [gap(63, None, "it broke too")]


def test_rooms_are_joined_one_after_the_other() -> None:
    seen = Coverage("twitch", ["toko", "warung"], None)
    seen.joined(1, "toko", "5501", at(0))
    seen.heard(1, at(10))
    assert not seen.was_seen("warung")
    assert seen.lost(1, "it broke") == [gap(8, None, "it broke")]


def test_a_name_that_another_channel_has_taken_has_no_gap() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    seen.lost(1, "it broke")
    assert seen.joined(2, "toko", "6602", at(90)) == []


def test_what_is_not_listened_to_any_more_is_forgotten() -> None:
    seen = coverage()
    seen.joined(1, "toko", "5501", at(0))
    other = Coverage("twitch", ["warung"], seen.token())
    assert other.joined(1, "toko", "5501", at(9)) == []
    assert other.token() == "{}"


@pytest.mark.parametrize(
    "token", ["", "no json", "[]", "7", '{"toko": 1}', '{"toko": ["5", "x", ""]}']
)
def test_a_token_that_cannot_be_read_is_none(token: str) -> None:
    assert coverage(token).joined(1, "toko", "5501", at(0)) == []


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "hear", "lose", "kill"]), st.integers(1, 3)), max_size=60
)


@given(STEPS)
def test_whatever_happens_what_nobody_saw_lies_in_a_gap(steps: list[tuple[str, int]]) -> None:
    """Connections deliver what is said while they are there; what one still holds when it is lost,
    or its process is killed, is gone.
    """
    seen, stored, gaps = coverage(), None, list[Gap]()
    holds: dict[int, list[int]] = {}
    brought: set[int] = set()
    first: int | None = None
    now = 0
    for what, link in [*steps, ("join", 9)]:
        now += 10
        for held in holds.values():
            held.append(now)  # something is said every time
        now += 1
        if what == "join" and link not in holds:
            gaps += seen.joined(link, "toko", "5501", at(now))
            holds[link] = []
            first = first or now
        elif what == "hear" and link in holds:
            brought |= set(holds[link])
            if holds[link]:
                seen.heard(link, at(holds[link][-1]))
            holds[link] = []
        elif what == "lose" and link in holds:
            del holds[link]
            gaps += seen.lost(link, "lost")
        elif what == "kill":
            holds, seen = {}, coverage(stored)
        stored = seen.token()
    held = {one for some in holds.values() for one in some}
    said = set(range(10, now + 1, 11))
    blind = {one for one in said if any(_within(one, one_gap) for one_gap in gaps)}
    assert {one for one in said if first and one > first} <= brought | held | blind


def _within(second: int, one: Gap) -> bool:
    return one.since <= at(second) and (one.until is None or at(second) <= one.until)


def test_the_margin_is_for_comments_that_cross() -> None:
    assert timedelta(seconds=1) <= CROSSING <= timedelta(seconds=5)
