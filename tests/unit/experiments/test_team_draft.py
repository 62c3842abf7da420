"""Two rankings share a list fairly, and rooms that both agree on belong to nobody."""

from __future__ import annotations

from random import Random

import pytest

from intent.experiments.team_draft import team_draft


def test_a_list_holds_each_room_once_and_both_teams_pick_as_often() -> None:
    first, second = list("abcdef"), list("fedcba")
    picked = [0, 0]
    for seed in range(400):
        drafted = team_draft(first, second, 5, Random(seed))
        assert len(set(drafted.rooms)) == 5
        for team in drafted.teams:
            assert team is not None
            picked[team] += 1
    assert picked[0] == pytest.approx(1000, rel=0.06)


def test_what_both_agree_on_belongs_to_nobody_and_the_rest_is_drafted() -> None:
    drafted = team_draft(list("abcd"), list("abdc"), 4, Random(1))
    assert drafted.rooms[:2] == ("a", "b")
    assert drafted.teams[:2] == (None, None)
    assert {0, 1} == set(drafted.teams[2:])
    assert team_draft(list("ab"), list("ab"), 5, Random(1)).teams == (None, None)


def test_the_same_seed_draws_the_same_list() -> None:
    lists = [team_draft(list("abcd"), list("dcba"), 3, Random("request-1")) for _ in range(2)]
    assert lists[0] == lists[1]


def test_the_first_pick_of_each_team_is_its_best_room_that_is_left() -> None:
    for seed in range(20):
        drafted = team_draft(list("abc"), list("cab"), 3, Random(seed))
        assert drafted.rooms[0] == {0: "a", 1: "c"}[drafted.teams[0] or 0]
