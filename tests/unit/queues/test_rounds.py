"""Rounds are dealt so that each holds one message of each room."""

from __future__ import annotations

from intent.queues import rounds
from intent.queues.rounds import Rounds

A, B = ("tiktok", "a"), ("tiktok", "b")


def test_messages_of_a_room_stand_one_behind_the_other() -> None:
    dealt = Rounds()
    assert dealt.deal([A, A, B, A], 10) == [10, 11, 10, 12]
    assert dealt.deal([B, A], 11) == [11, 13]


def test_a_room_of_which_nothing_waits_stands_in_the_round_that_is_lent() -> None:
    dealt = Rounds()
    dealt.deal([A, A], 10)
    assert dealt.deal([A], 50) == [50]


def test_rooms_of_which_nothing_waits_are_forgotten_before_there_are_too_many() -> None:
    dealt = Rounds()
    dealt.deal([("tiktok", str(number)) for number in range(rounds.ROOMS)] + [A, A], 10)
    assert dealt.deal([A, B], 11) == [12, 11]
    assert len(dealt._last) == 2


def test_where_nothing_waits_the_next_round_is_later_than_all_before() -> None:
    dealt = Rounds()
    assert dealt.deal([A, A, A], None, 100) == [100, 101, 102]
    assert dealt.deal([B, A], None, 100) == [103, 103]
    assert dealt.deal([A], None, 200) == [200]
