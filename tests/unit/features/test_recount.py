"""State that is counted anew is the same however few decisions are in memory, and the audit finds
whatever differs from it.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy
from hypothesis import given

from intent.features.check.audit import StateCheck, check_state
from intent.features.online.packed import counters
from intent.features.online.recount import recounted, states
from intent.features.online.state import SqlFeatureState
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from tests.unit.features.history import DAY, HOUR, NOW, Clock, Said, Verdict, World, histories
from tests.unit.features.test_online import random_histories


@pytest.fixture
def world(database: Database, taxonomy: Taxonomy) -> World:
    clock = Clock()
    state = SqlFeatureState(taxonomy.members, now=clock)
    return World(database, state, taxonomy, clock=clock)


def counted(world: World, at_once: int) -> tuple[dict[str, Any], list[float]]:
    """Return all state by key, and the decayed counts beside: their order changes last digits."""
    found: dict[str, Any] = {}
    decayed: dict[str, list[float]] = {}
    with world.database.read() as connection:
        for part in recounted(connection, world.state.topics, at_once=at_once):
            rows = zip(part.keys, states(part.counters, len(part.keys)), strict=True)
            for key, state in rows:
                assert key not in found
                found[key] = [(code, *values[:3]) for code, values in counters(state)]
                decayed[key] = [value for _, values in counters(state) for value in values[3:]]
            for tiles in part.tiles:
                assert f"tiles of {tiles.key}" not in found
                found[f"tiles of {tiles.key}"] = tiles
    return found, [value for key in sorted(decayed) for value in decayed[key]]


@random_histories
@given(history=histories)
def test_it_is_the_same_however_few_decisions_are_in_memory(world: World, history: Any) -> None:
    world.clear().play(history)
    whole, decayed = counted(world, 10_000)
    for at_once in (1, 2, 3):
        found, values = counted(world, at_once)
        assert found == whole
        assert values == pytest.approx(decayed, rel=1e-9, abs=1e-9)


@random_histories
@given(history=histories)
def test_a_rebuild_gives_the_state_that_was_kept_up_to_date(world: World, history: Any) -> None:
    world.clear().play(history)
    with world.database.begin() as transaction:
        rebuilt = world.state.rebuild(transaction)
    with world.database.read() as connection:
        check = check_state(connection, world.state.topics.groups)
    present = [facts for facts in world.facts.values() if facts and not facts[-1].retracted]
    assert rebuilt == sum(facts[-1].at <= world.clock.now for facts in present)
    assert check.holds, check


@pytest.mark.parametrize(
    ("harm", "field", "count"),
    [
        ("DELETE FROM feature_counters WHERE key = 'room/tiktok/r1'", "missing", 1),
        ("DELETE FROM feature_tiles", "missing", 3),
        ("UPDATE feature_counters SET key = 'room/tiktok/r9' WHERE key LIKE 'room/%'", "extra", 1),
        ("UPDATE feature_counters SET newest = newest - 1", "mismatched", 11),
        ("UPDATE feature_tiles SET horizon = horizon - 1", "mismatched", 3),
        ("UPDATE feature_tiles SET sums = counts", "mismatched", 3),
        (
            "UPDATE feature_counters SET state = (SELECT state FROM feature_counters WHERE "
            "key = 'user/tiktok/1') WHERE key = 'room/tiktok/r1'",
            "mismatched",
            1,
        ),
        ("DELETE FROM decisions WHERE message_id = 'm-001'", "mismatched", 6),
        ("DELETE FROM decisions", "extra", 14),
    ],
)
def test_the_audit_counts_the_rows_that_are_wrong(
    world: World, harm: str, field: str, count: int
) -> None:
    sure = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
    said = [Said(NOW - HOUR, "1", "3", "r1", "i1"), Said(NOW - DAY, "12", "3", "r1", "i1")]
    world.play([[("decide", what, sure) for what in said]])
    with world.database.begin() as transaction:
        transaction.execute(sqlalchemy.text(harm))
    with world.database.read() as connection:
        check = check_state(connection, world.state.topics.groups)
    assert not check.holds
    assert getattr(check, field) == count
    assert isinstance(check, StateCheck)
