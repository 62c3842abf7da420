"""Online state and reads, held against brute force over random histories, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intent.bootstrap import groups
from intent.features.audit import check_state
from intent.features.definitions import Definitions, load_definitions
from intent.features.read import FeatureReader, FeatureTable
from intent.features.state import SqlFeatureState
from intent.features.values import Status
from intent.store.engine import Database
from intent.store.times import from_microseconds
from intent.taxonomy import Taxonomy
from tests.unit.features.brute import Brute, as_known, same
from tests.unit.features.history import DAY, HOUR, NOW, World, histories

random_histories = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ENTITY_ROWS = {
    "platform": ["tiktok"] * 5,
    "user_id": ["1", "12", "u/3", "1", "nobody"],
    "creator_id": ["23", "3", "3", "3", "nobody"],
    "room_id": ["r1", "r2", "r1", "r1", "nobody"],
    "item_id": ["i1", "i2", "i1", "i1", "nobody"],
}
TOPICS = ("message", "purchase_intent", "quote_request", "lead", "hot")


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    from intent.resources import locate
    from intent.taxonomy import load_taxonomy

    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    return load_definitions(taxonomy.names, groups(taxonomy))


@pytest.fixture
def world(database: Database, taxonomy: Taxonomy) -> World:
    return World(database, SqlFeatureState(groups(taxonomy)), taxonomy)


def differences(definitions: Definitions, table: FeatureTable, known: Sequence[Any], at: int) -> list[str]:
    """Return a line for every value that is not what brute force says."""
    brute = Brute(definitions)
    found = []
    for feature in table.feature_set.features:
        for row in range(len(ENTITY_ROWS["platform"])):
            parts = {name: column[row] for name, column in ENTITY_ROWS.items()}
            expected, status = brute.value(feature, parts, known, at)
            value, said = table.columns[feature.name][row], Status(table.statuses[feature.name][row]).name.lower()
            value = float(value) if isinstance(value, float) else value
            if not same(value, expected) or said != status:
                found.append(f"{feature.name} of row {row}: {value!r} {said}, but it is {expected!r} {status}")
    return found


def chosen(definitions: Definitions) -> Any:
    return definitions.choose("test", [feature.name for feature in definitions.features.values() if feature.topic in TOPICS])


@random_histories
@given(history=histories, gap=st.sampled_from([1, HOUR, DAY, 3 * DAY, 31 * DAY, -1, -HOUR, -DAY, -30 * DAY]))
def test_every_feature_equals_brute_force_over_any_history(world: World, definitions: Definitions, history: Any, gap: int) -> None:
    world.clear().play(history)
    at = NOW + gap
    table = FeatureReader(world.database, definitions).read(chosen(definitions), ENTITY_ROWS, from_microseconds(at))
    assert differences(definitions, table, as_known(world.known(), at, margin=-(2**60)), at) == []


@random_histories
@given(history=histories)
def test_stored_state_equals_a_recomputation_after_any_history(world: World, history: Any) -> None:
    world.clear().play(history)
    with world.database.read() as connection:
        check = check_state(connection, world.state.topics.groups)
    assert check.holds, check
