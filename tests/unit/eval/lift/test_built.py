"""Facts are told otherwise without changing who wrote when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eval.lift.behaviour import before
from eval.lift.built import DAY, by_event_time, dealt_anew, read_facts
from eval.world.made import World
from eval.world.world_folder import write_world
from intent.features.definitions.events import Topics

WHO_WHEN = ["id", "message_id", "user_id", "room_id", "category_id", "revision", "event", "known"]


@pytest.fixture(scope="module")
def world(made: Callable[..., World]) -> World:
    return made(impressions=15_000)


def test_facts_are_read_as_they_were_written(world: World, tmp_path: Path, topics: Topics) -> None:
    write_world(world, tmp_path / "world", topics)
    assert read_facts(tmp_path / "world" / "facts").equals(world.tables["facts"])


def test_dealing_anew_moves_meanings_within_a_day_and_nothing_else(world: World) -> None:
    facts = world.tables["facts"]
    dealt = dealt_anew(facts, 1)
    assert dealt.select(WHO_WHEN).equals(facts.select(WHO_WHEN))
    assert not dealt["mask"].equals(facts["mask"])

    def meanings(table: object) -> Counter[tuple[int, ...]]:
        rows = table.select(["event", "revision", "mask", "p_lead"]).to_pylist()  # type: ignore[attr-defined]
        return Counter(
            (row["event"] // DAY, row["revision"], row["mask"], row["p_lead"]) for row in rows
        )

    assert meanings(dealt) == meanings(facts)
    hosts = np.array(facts["author_role"].to_pylist()) == "host"
    assert (dealt["mask"].to_numpy()[hosts] == facts["mask"].to_numpy()[hosts]).all()
    assert dealt_anew(facts, 1).equals(dealt)
    assert not dealt_anew(facts, 2).equals(dealt)


def test_a_join_by_event_time_sees_the_newest_decision_at_once(world: World) -> None:
    facts = world.tables["facts"]
    told = by_event_time(facts)
    assert told["event"].equals(told["known"])
    assert len(told) == len(set(facts["message_id"].to_pylist()))
    newest = {}
    for row in facts.to_pylist():
        newest[row["message_id"]] = row["mask"]
    assert {row["message_id"]: row["mask"] for row in told.to_pylist()} == newest


def test_counts_before_a_row_equal_counting_one_by_one() -> None:
    chance = np.random.default_rng(1)
    key, at = chance.integers(0, 5, 200), chance.integers(0, 50, 200)
    event_key, event_at = chance.integers(0, 5, 80), chance.integers(0, 50, 80)
    plain = [int(((event_key == k) & (event_at < t)).sum()) for k, t in zip(key, at, strict=True)]
    assert before(key, at, event_key, event_at).tolist() == plain
