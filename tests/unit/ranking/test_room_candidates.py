"""Candidates are live rooms: where a viewer asked, what people like them watch, what many watch."""

from __future__ import annotations

import numpy as np
import pytest

from intent.model.errors import OperatorError
from intent.ranking.creator_factors import CreatorFactors, fit_factors
from intent.ranking.room_candidates import (
    AskedLeads,
    CandidateReason,
    LiveRooms,
    candidates,
    need_scores,
)

HOUR = 3_600_000_000
TEA = [f"tea_{number}" for number in range(5)]
SHOES = [f"shoes_{number}" for number in range(5)]
LIVE = LiveRooms([f"room of {one}" for one in (*TEA, *SHOES)], [*TEA, *SHOES])


@pytest.fixture(scope="module")
def factors() -> CreatorFactors:
    """Half of the viewers watch tea, half shoes; many more see the first shoes."""
    chance = np.random.default_rng(1)
    users, creators = [], []
    for number in range(60):
        kind = TEA if number % 2 else SHOES
        for creator in chance.choice(kind, 12):
            users.append(f"u_{number}")
            creators.append(str(creator))
    users += [f"guest_{number}" for number in range(80)]
    creators += ["shoes_0"] * 80
    return fit_factors(users, creators, seed=0, factors=4)


def kinds(found: list[str]) -> set[str]:
    return {room.split("of ")[1].split("_")[0] for room in found}


def test_people_get_what_people_like_them_watch(factors: CreatorFactors) -> None:
    found = candidates(factors, "u_1", LIVE, 4)
    assert kinds([one.room for one in found]) == {"tea"}
    assert {one.reason for one in found} == {CandidateReason.LIKENESS}


def test_who_is_not_known_gets_what_many_watch(factors: CreatorFactors) -> None:
    first, *rest = candidates(factors, "nobody", LIVE, 3)
    assert (first.room, first.reason) == ("room of shoes_0", CandidateReason.FAME)
    assert len(rest) == 2


def test_what_somebody_asked_for_names_those_who_sell_the_like(factors: CreatorFactors) -> None:
    asked = AskedLeads(["tea_3"] * 10, np.full(10, HOUR))
    found = candidates(factors, "u_2", LIVE, 6, asked)
    of_need = {one.room for one in found if one.reason is CandidateReason.NEED}
    assert "room of tea_3" in of_need
    assert kinds(list(of_need)) == {"tea"}
    without = {one.room for one in candidates(factors, "u_2", LIVE, 6)}
    assert not of_need & without


def test_an_asking_of_long_ago_counts_less_than_one_of_now(factors: CreatorFactors) -> None:
    asked = AskedLeads(["shoes_1", "tea_3"], np.array([200 * HOUR, HOUR]))
    score = need_scores(factors, LIVE, factors.places(LIVE.creators), asked)
    assert score.argmax() == LIVE.creators.index("tea_3")
    assert score[LIVE.creators.index("shoes_1")] < score.max() / 2


def test_a_creator_of_whom_nothing_is_known_has_a_place_of_their_own(
    factors: CreatorFactors,
) -> None:
    live = LiveRooms([*LIVE.rooms, "first stream"], [*LIVE.creators, "newcomer"])
    found = candidates(factors, "u_1", live, 10)
    assert [one.room for one in found if one.reason is CandidateReason.NEW] == ["first stream"]


def test_each_room_is_named_once_and_only_live_ones(factors: CreatorFactors) -> None:
    asked = AskedLeads(["tea_3", "gone"], np.array([HOUR, HOUR]))
    found = [one.room for one in candidates(factors, "u_1", LIVE, 50, asked)]
    assert sorted(found) == sorted(LIVE.rooms)
    assert candidates(factors, "u_1", LiveRooms([], []), 5, asked) == []


def test_the_same_clicks_and_seed_give_the_same_vectors() -> None:
    one, other = (fit_factors(["a", "b", "a"], ["x", "x", "y"], seed=3) for _ in range(2))
    assert (one.of_users == other.of_users).all()
    with pytest.raises(OperatorError, match="no clicks"):
        fit_factors([], [])
