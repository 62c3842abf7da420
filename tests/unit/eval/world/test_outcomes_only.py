"""Worlds of outcomes alone: the same for their seed, each effect with a zero."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eval.world.hosts_time import served
from eval.world.outcomes_only import OutcomeKnobs, outcomes_only

LARGE = OutcomeKnobs(rooms=400)


def test_a_seed_gives_the_same_outcomes() -> None:
    one, again, other = (outcomes_only(OutcomeKnobs(), seed) for seed in (1, 1, 2))
    assert all(
        np.array_equal(getattr(one, field.name), getattr(again, field.name))
        for field in dataclasses.fields(one)
    )
    assert not np.array_equal(one.room, other.room)


def test_without_effects_arms_and_replies_change_nothing() -> None:
    found = outcomes_only(LARGE, 1)
    assert np.array_equal(found.without, found.with_reply_in_arm)
    assert np.array_equal(found.ordered, found.ordered_by_room)
    assert found.caused == 0.0


def test_rates_are_as_asked_for_and_rooms_differ_in_size() -> None:
    found = outcomes_only(LARGE, 1)
    assert found.without.mean() == pytest.approx(0.02, rel=0.2)
    sizes = np.bincount(found.room)
    assert sizes.max() > 20 * np.median(sizes)
    even = np.bincount(outcomes_only(dataclasses.replace(LARGE, spread=0.0), 1).room)
    assert set(even) in ({59}, {60})


def test_half_of_the_rooms_and_viewers_have_the_arm_and_half_of_the_replies_are_withheld() -> None:
    found = outcomes_only(LARGE, 1)
    arm_of_room = np.unique(np.column_stack([found.room, found.room_arm]), axis=0)
    assert len(arm_of_room) == 400
    assert arm_of_room[:, 1].sum() == 200
    assert found.viewer_arm.mean() == pytest.approx(0.5, abs=0.01)
    assert found.replied[found.asks].mean() == pytest.approx(0.5, abs=0.03)
    assert not (found.replied & ~found.asks).any()


def test_effects_are_what_they_are_called() -> None:
    found = outcomes_only(dataclasses.replace(LARGE, effect=0.5, reply=1.0), 1)
    assert found.without_in_arm.sum() / found.without.sum() == pytest.approx(1.5, abs=0.1)
    given = found.asks & found.replied
    assert found.caused == pytest.approx(found.without[found.asks].mean(), rel=0.25)
    assert (found.with_reply[given] >= found.without[given]).all()


def test_who_is_not_served_does_not_order() -> None:
    wide, narrow = (
        outcomes_only(dataclasses.replace(LARGE, rate=0.2, capacity=most), 1) for most in (0, 1)
    )
    queue = narrow.room * 100 + narrow.slot
    assert np.bincount(queue[narrow.ordered]).max() == 1
    assert narrow.ordered.sum() < wide.ordered.sum()


def test_the_first_of_a_queue_are_served_by_their_turn() -> None:
    queue, waiting = np.array([1, 1, 1, 2]), np.array([True, True, False, True])
    turn = np.array([0.9, 0.1, 0.0, 0.5])
    assert served(queue, waiting, turn, 1).tolist() == [False, True, False, True]
    assert served(queue, waiting, turn, 0).tolist() == waiting.tolist()
