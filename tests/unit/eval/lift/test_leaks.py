"""A column that knows what comes after its row is found and named; honest ones are left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eval.lift.leaks import ColumnsOfEntity, LeakingColumn, find_leaks
from eval.lift.of_world import read_log
from eval.world.made import World
from eval.world.world_folder import write_world
from intent.features.definitions.definitions import Definitions
from intent.features.definitions.events import Topics

MINUTE = 60 * 1_000_000
NAMES = ("user__lead__count_24h", "user__lead__seconds_since_last", "user__noise")
COUNT, SINCE, _ = NAMES


def columns(leak: int, seed: int = 1) -> list[LeakingColumn]:
    """Return what is said of a count, a time since and noise, where both see so far ahead: 60
    people look ten times in an hour, every other day, click at times, and some write after it.
    """
    chance = np.random.default_rng(seed)
    people, days, looks = 60, 10, 10
    entity = np.repeat(np.arange(people), days * looks)
    day = np.tile(np.repeat(np.arange(days), looks), people)
    at = day * 2 * 1440 * MINUTE + np.tile(np.arange(looks) * 6 * MINUTE, people * days)
    clicked = chance.random(len(at)) < 0.3
    writes = np.flatnonzero(clicked & (chance.random(len(at)) < 0.2))
    said = at[writes] + 2 * MINUTE - leak
    count = np.array(
        [(said[(entity[writes] == e) & (said < t)]).size for e, t in zip(entity, at, strict=True)]
    )
    since = np.array(
        [
            (t - said[(entity[writes] == e) & (said < t)]).min(initial=10**15)
            for e, t in zip(entity, at, strict=True)
        ],
        dtype=np.float32,
    )
    since[since > 10**14] = np.nan
    values = np.column_stack([count, since, chance.normal(size=len(at))]).astype(np.float32)
    return find_leaks([ColumnsOfEntity(entity, NAMES, values)], at, clicked)


def test_an_honest_count_rises_after_clicks() -> None:
    found = {one.name: one for one in columns(leak=0)}
    assert not any(one.leaks for one in found.values())
    assert found[COUNT].after.high < 0
    assert found[SINCE].after.high < 0


@pytest.mark.parametrize("seed", range(5))
def test_a_count_that_sees_half_an_hour_ahead_is_named_and_noise_is_not(seed: int) -> None:
    found = columns(leak=30 * MINUTE, seed=seed)
    assert {one.name for one in found if one.leaks} == {COUNT, SINCE}
    assert found[0].leaks
    assert not found[-1].leaks


def test_a_column_that_never_changes_says_nothing() -> None:
    entity, at = np.zeros(9, dtype=np.int64), np.arange(9) * MINUTE
    values = np.ones((9, 1), dtype=np.float32)
    (found,) = find_leaks([ColumnsOfEntity(entity, ["x"], values)], at, np.ones(9, dtype=bool))
    assert not found.leaks
    assert found.rises == 0


def test_facts_that_are_stamped_too_early_are_found_in_a_world(
    made: Callable[..., World], tmp_path: Path, definitions: Definitions, topics: Topics
) -> None:
    leaking = {}
    for leak in (0.0, 30.0):
        folder = tmp_path / f"leak-{leak:.0f}"
        write_world(made(impressions=30_000, leak=leak, information=0.0), folder, topics)
        chosen = definitions.feature_set("ranking_v1")
        given = read_log(folder, definitions, chosen, "order", tmp_path, joins=False)
        found = find_leaks(given.groups, given.at, given.clicked_or_label)
        leaking[leak] = {one.name for one in found if one.leaks}
    assert leaking[0.0] == set()
    assert "user_creator__message__count_30d" in leaking[30.0]
