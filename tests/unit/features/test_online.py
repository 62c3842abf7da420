"""Online state and reads, held against brute force over random histories, on SQLite and
PostgreSQL.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intent.bootstrap.application import migrations_dir
from intent.features.check.audit import check_state
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.status import Status
from intent.features.online.read import FeatureReader, FeatureTable
from intent.features.online.state import SqlFeatureState
from intent.model.batch import Batch
from intent.model.errors import OperatorError
from intent.model.message import AuthorRole
from intent.model.taxonomy import Taxonomy
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.times import from_microseconds
from tests.conftest import MakeMessage
from tests.unit.features.brute import SECOND, Brute, as_known, same
from tests.unit.features.history import (
    DAY,
    HOUR,
    NOW,
    Clock,
    Said,
    Verdict,
    World,
    busy,
    histories,
    parked_histories,
)

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
    "category_id": ["k/1", "k2", "k2", "k/1", "nobody"],
}
TOPICS = ("message", "purchase_intent", "quote_request", "lead", "hot")


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    from intent.bootstrap.resources import locate
    from intent.model.taxonomy import load_taxonomy

    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture
def world(database: Database, taxonomy: Taxonomy) -> World:
    clock = Clock()
    state = SqlFeatureState(taxonomy.members, now=clock)
    return World(database, state, taxonomy, clock=clock)


class Counted:
    """Counts what reads cost: statements, and thousands of steps of SQLite's machine."""

    def __init__(self) -> None:
        self.statements = self.steps = 0

    @contextmanager
    def on(self, database: Database) -> Iterator[None]:
        def statement(*_: Any) -> None:
            self.statements += 1

        def step() -> int:
            self.steps += 1
            return 0

        def watch(connection: Any, *_: Any) -> None:
            connection.set_progress_handler(step, 100)

        sqlalchemy.event.listen(database.engine, "before_cursor_execute", statement)
        sqlalchemy.event.listen(database.engine, "checkout", watch)
        try:
            yield
        finally:
            sqlalchemy.event.remove(database.engine, "before_cursor_execute", statement)
            sqlalchemy.event.remove(database.engine, "checkout", watch)


def differences(
    definitions: Definitions, table: FeatureTable, known: Sequence[Any], at: int
) -> list[str]:
    """Return a line for every value that is not what brute force says."""
    brute = Brute(definitions)
    found = []
    for feature in table.feature_set.features:
        for row in range(len(ENTITY_ROWS["platform"])):
            parts = {name: column[row] for name, column in ENTITY_ROWS.items()}
            expected, status = brute.value(feature, parts, known, at)
            value, said = (
                table.columns[feature.name][row],
                Status(table.statuses[feature.name][row]).name.lower(),
            )
            value = float(value) if isinstance(value, float) else value
            if not same(value, expected) or said != status:
                found.append(
                    f"{feature.name} of row {row}: {value!r} {said}, but it is {expected!r} "
                    f"{status}"
                )
    return found


def chosen(definitions: Definitions) -> Any:
    return definitions.choose(
        "test",
        [feature.name for feature in definitions.features.values() if feature.topic in TOPICS],
    )


@random_histories
@given(
    history=histories,
    gap=st.sampled_from([1, HOUR, DAY, 3 * DAY, 31 * DAY, -1, -HOUR, -DAY, -30 * DAY]),
)
def test_every_feature_equals_brute_force_over_any_history(
    world: World, definitions: Definitions, history: Any, gap: int
) -> None:
    world.clear().play(history)
    at = NOW + gap
    table = FeatureReader(world.database, definitions).read(
        chosen(definitions), ENTITY_ROWS, from_microseconds(at)
    )
    assert differences(definitions, table, as_known(world.known(), at, margin=-(2**60)), at) == []


@random_histories
@given(
    history=histories,
    gap=st.sampled_from([1, HOUR, 31 * DAY, -HOUR]),
    chance=st.integers(0, 2**32).map(random.Random),
)
def test_any_few_features_equal_brute_force_whatever_else_is_asked_for(
    world: World, definitions: Definitions, history: Any, gap: int, chance: random.Random
) -> None:
    world.clear().play(history)
    reader, at = FeatureReader(world.database, definitions), NOW + gap
    known = as_known(world.known(), at, margin=-(2**60))
    kinds: dict[tuple[str, str], list[str]] = {}
    for feature in chosen(definitions).features:
        kinds.setdefault((feature.view, feature.statistic), []).append(feature.name)
    for _ in range(8):
        # By view and statistic, not by name: nearly all names are counts in windows, and hide what
        # the rare ones need.
        names = [
            chance.choice(kinds[kind]) for kind in chance.sample(list(kinds), chance.randint(1, 5))
        ]
        table = reader.read(definitions.choose("few", names), ENTITY_ROWS, from_microseconds(at))
        assert differences(definitions, table, known, at) == []


@pytest.mark.parametrize(
    "of_user", ["user__lead__count_1h", "user__lead__tags_7d", "user__lead__sequence_50"]
)
def test_counters_of_pairs_beside_windows_of_users_are_read(
    world: World, definitions: Definitions, of_user: str
) -> None:
    sure = Verdict(("purchase_intent",), (0,) * 13, 0, True, False)
    world.play([[("decide", Said(NOW - HOUR // 2, "1", "23", "r1", None), sure)]])
    features = definitions.choose("test", [of_user, "user_creator__lead__decayed_1d"])
    table = FeatureReader(world.database, definitions).read(
        features, ENTITY_ROWS, from_microseconds(NOW)
    )
    assert differences(definitions, table, as_known(world.known(), NOW, margin=-(2**60)), NOW) == []


@random_histories
@given(history=histories)
def test_stored_state_equals_a_recomputation_after_any_history(world: World, history: Any) -> None:
    world.clear().play(history)
    with world.database.read() as connection:
        check = check_state(connection, world.state.topics.groups)
    assert check.holds, check


def test_what_hosts_and_moderators_say_is_no_demand_but_a_message(
    world: World, definitions: Definitions
) -> None:
    sure = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
    roles = (AuthorRole.HOST, AuthorRole.HOST, AuthorRole.MODERATOR)
    world.play(
        [[("decide", Said(NOW - HOUR // 2, "1", "23", "r1", None, role), sure) for role in roles]]
    )
    names = ("lead__expected_1h", "lead__count_1h", "lead__distinct_users_1h", "message__count_1h")
    features = definitions.choose("test", [f"room__{name}" for name in names])
    table = FeatureReader(world.database, definitions).read(
        features, {"platform": ["tiktok"], "room_id": ["r1"]}, from_microseconds(NOW)
    )
    assert [float(column[0]) for column in table.columns.values()] == [0, 0, 0, 3]


@pytest.mark.parametrize(
    ("steps", "statuses", "counts"),
    [
        (["retract"], Status.NEVER_SEEN, None),
        (["retract", "retract"], Status.NEVER_SEEN, None),
        (["retract", "upgrade"], Status.PRESENT, 1.0),
        (["retract", "upgrade", "upgrade"], Status.PRESENT, 1.0),
        (["retract", "upgrade", "retract"], Status.NEVER_SEEN, None),
        (["upgrade", "retract", "remove"], Status.NEVER_SEEN, None),
    ],
)
def test_what_was_taken_back_counts_for_nothing_and_an_edit_counts_anew(
    world: World,
    definitions: Definitions,
    steps: list[str],
    statuses: Status,
    counts: float | None,
) -> None:
    sure = Verdict(("purchase_intent",), (0,) * 13, 0, True, False)
    decided = ("decide", Said(NOW - HOUR // 2, "1", "23", "r1", None), sure)
    world.play([[decided], *([(step, 0, sure)] for step in steps)])
    features = definitions.choose(
        "test", ["room__lead__count_1h", "user__lead__count_1h", "room__message__distinct_users_1h"]
    )
    table = FeatureReader(world.database, definitions).read(
        features, ENTITY_ROWS, from_microseconds(NOW)
    )
    for feature, column in table.columns.items():
        assert table.statuses[feature][0] == statuses
        assert counts is None or column[0] == counts
    with world.database.read() as connection:
        assert check_state(connection, world.state.topics.groups).holds


@pytest.mark.parametrize("follows", ["upgrade", "remove", "retract", "rebuild", "repeat"])
@pytest.mark.parametrize("waits", [0, HOUR, HOUR - 1, 2 * HOUR])
def test_what_falls_due_is_settled_before_anything_that_follows_it(
    world: World, definitions: Definitions, follows: str, waits: int
) -> None:
    local = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
    better = Verdict(("price_inquiry",), (250_000,) * 13, 250_000, True, True)
    spoken = ((HOUR, "1"), (2 * DAY, "12"), (-HOUR // 2, "u/3"))
    said = [Said(NOW + gap, user, "3", "r1", None) for gap, user in spoken]
    world.play([[("decide", what, local) for what in said], [("wait", None, waits)]])
    target = None if follows == "rebuild" else 0
    world.play([[(follows, target, better)]])
    for at in (NOW + 1, NOW + HOUR + 1, world.clock.now + 1, NOW + 3 * HOUR):
        table = FeatureReader(world.database, definitions).read(
            chosen(definitions), ENTITY_ROWS, from_microseconds(at)
        )
        known = as_known(world.known(), at, margin=-(2**60))
        assert differences(definitions, table, known, at) == []
    with world.database.read() as connection:
        assert check_state(connection, world.state.topics.groups).holds


@settings(random_histories, derandomize=True)
@given(history=parked_histories, gap=st.sampled_from([1, HOUR, 3 * DAY]))
def test_messages_of_the_future_are_counted_once_whatever_happens_to_them(
    world: World, definitions: Definitions, history: Any, gap: int
) -> None:
    world.clear().play(history)
    with world.database.read() as connection:
        assert check_state(connection, world.state.topics.groups).holds
    at = world.clock.now + gap
    features = definitions.feature_set("ranking_v1")
    table = FeatureReader(world.database, definitions).read(
        features, ENTITY_ROWS, from_microseconds(at)
    )
    known = as_known(world.known(), at, margin=-(2**60))
    assert differences(definitions, table, known, at) == []


@random_histories
@given(
    said=busy,
    back=st.one_of(st.sampled_from([0, 1, 60 * SECOND]), st.integers(0, 60 * SECOND)),
    due=st.one_of(st.none(), st.integers(1, 60 * SECOND)),
)
def test_a_read_up_to_a_minute_behind_the_newest_message_is_exact(
    world: World, definitions: Definitions, said: Any, back: int, due: int | None
) -> None:
    world.clear().play([said])
    if due is not None:  # due by the clock of the read, but nobody has written since
        sure = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
        world.play([[("decide", Said(NOW + due, "1", "3", "r1", None), sure)]])
    newest = max(what.at for _, what, _ in said)
    for at in (newest - back, NOW + (due or 0) - back):
        table = FeatureReader(world.database, definitions).read(
            chosen(definitions), ENTITY_ROWS, from_microseconds(at)
        )
        known = as_known(world.known(), at, margin=-(2**60))
        assert differences(definitions, table, known, at) == []


def test_a_minute_back_windows_still_find_the_tiles_that_the_newest_message_pushed_out(
    world: World, definitions: Definitions
) -> None:
    midnight = NOW // DAY * DAY
    sure = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
    gaps = (30 * DAY + 1, DAY + 1, HOUR + 1, -10 * SECOND)
    world.play([[("decide", Said(midnight - gap, "1", "3", "r1", "i1"), sure) for gap in gaps]])
    at = midnight - 40 * SECOND
    table = FeatureReader(world.database, definitions).read(
        chosen(definitions), ENTITY_ROWS, from_microseconds(at)
    )
    known = as_known(world.known(), at, margin=-(2**60))
    assert differences(definitions, table, known, at) == []
    assert table.columns["room__lead__count_1h"][2] == 1


def test_a_read_of_exactly_the_newest_message_does_not_see_it(
    world: World, definitions: Definitions
) -> None:
    sure = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
    said = [Said(NOW - gap, "1", "3", "r1", None) for gap in (HOUR // 2, 0)]
    world.play([[("decide", what, sure) for what in said]])
    features = definitions.choose(
        "test",
        ["room__lead__count_1h", "room__lead__expected_1h", "room__lead__seconds_since_last"],
    )
    rows = {"platform": ["tiktok"], "room_id": ["r1"]}
    reader = FeatureReader(world.database, definitions)
    for at, seen in ((NOW, [1, 0.5, 1800]), (NOW + 1, [2, 1.0, 1e-6])):
        table = reader.read(features, rows, from_microseconds(at))
        assert [float(column[0]) for column in table.columns.values()] == seen


def test_a_read_a_minute_back_does_the_work_of_a_read_of_now_however_long_the_history(
    tmp_path: Path, taxonomy: Taxonomy, definitions: Definitions
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'room.db'}")
    migrate(database, migrations_dir())
    world = World(database, SqlFeatureState(taxonomy.members, now=Clock()), taxonomy)
    sure = Verdict(("purchase_intent",), (500_000,) * 13, 500_000, True, False)
    said = [
        Said(NOW - number * 10 * SECOND, str(number % 40), "3", "r1", "i1")
        for number in range(1500)
    ]
    world.play([[("decide", what, sure) for what in said]])
    reader, features = FeatureReader(database, definitions), definitions.feature_set("ranking_v1")
    rows = {
        "platform": ["tiktok"],
        "user_id": ["1"],
        "creator_id": ["3"],
        "room_id": ["r1"],
        "item_id": ["i1"],
    }

    def work(at: int) -> tuple[int, int]:
        counted = Counted()
        with counted.on(database):
            reader.read(features, rows, from_microseconds(at))
        return counted.statements, counted.steps

    work(NOW + 1)  # what SQLAlchemy asks once
    (now, steps_now), (back, steps_back), (_, anew) = map(
        work, (NOW + 1, NOW - 59 * SECOND, NOW - 61 * SECOND)
    )
    assert back <= now + 30  # by view: what was said since, its users, and what they last said
    assert steps_back < 10 * steps_now
    assert steps_back < anew / 10
    database.close()


def test_a_read_of_an_instant_before_a_message_that_was_removed_counts_anew(
    world: World, definitions: Definitions
) -> None:
    sure = Verdict(("purchase_intent",), (0,) * 13, 0, True, False)
    world.play(
        [
            [("decide", Said(NOW - gap, "1", "23", "r1", None), sure) for gap in (3 * HOUR, 1)],
            [("remove", 1, None)],
        ]
    )
    at = NOW - 2 * HOUR
    table = FeatureReader(world.database, definitions).read(
        chosen(definitions), ENTITY_ROWS, from_microseconds(at)
    )
    assert differences(definitions, table, as_known(world.known(), at, margin=-(2**60)), at) == []


def test_messages_that_wait_make_an_entity_pending_and_a_missing_key_is_never_seen(
    world: World, definitions: Definitions, make_message: MakeMessage
) -> None:
    SqlInbox(world.database).put(Batch([make_message(user_id="new")]))
    reader, chosen_features = (
        FeatureReader(world.database, definitions),
        definitions.choose("test", ["user__lead__count_1h"]),
    )
    table = reader.read(
        chosen_features,
        {"platform": ["tiktok"] * 2, "user_id": ["new", "nobody"]},
        from_microseconds(NOW),
    )
    assert [Status(status) for status in table.statuses["user__lead__count_1h"]] == [
        Status.PENDING,
        Status.NEVER_SEEN,
    ]
    for nobody in (None, float("nan")):
        rows = {"platform": ["tiktok"] * 3, "user_id": [nobody, "new", nobody]}
        table = reader.read(chosen_features, rows, from_microseconds(NOW))
        assert np.isnan(table.columns["user__lead__count_1h"]).all()
        assert [Status(status) for status in table.statuses["user__lead__count_1h"]] == [
            Status.NEVER_SEEN,
            Status.PENDING,
            Status.NEVER_SEEN,
        ]


def test_a_room_without_an_item_has_features_of_the_room_alone(
    world: World, definitions: Definitions
) -> None:
    sure = Verdict(("purchase_intent",), (0,) * 13, 0, True, False)
    world.play([[("decide", Said(NOW - HOUR // 2, "1", "23", "r1", None), sure)]])
    names = ["room__lead__count_1h", "item__lead__count_24h", "user__lead__tags_7d"]
    names += ["user__lead__sequence_50"]
    rows: dict[str, list[Any]] = {
        "platform": ["tiktok"] * 2,
        "room_id": ["r1"] * 2,
        "item_id": [None, "i1"],
        "user_id": [None, "1"],
    }
    table = FeatureReader(world.database, definitions).read(
        definitions.choose("test", names), rows, from_microseconds(NOW)
    )
    first = [column[0] for column in table.columns.values()]
    assert first[0] == 1
    assert np.isnan(first[1])
    assert first[2:] == [None, None]
    assert {name: Status(status[0]).name for name, status in table.statuses.items()} == {
        name: "PRESENT" if name.startswith("room") else "NEVER_SEEN" for name in names
    }
    assert table.columns["user__lead__tags_7d"][1] == "purchase_intent:1"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (5, r"user_id of row 1 is 5 \(int\), but keys are text"),
        (["a"], r"user_id of row 1 is \['a'\] \(list\), but keys are text"),
        ("a\0", "which no message can have"),
        ("\ud800", "which no message can have"),
    ],
)
def test_what_can_be_no_key_is_named_with_its_row(
    world: World, definitions: Definitions, key: Any, words: str
) -> None:
    reader, features = (
        FeatureReader(world.database, definitions),
        definitions.choose("test", ["user__lead__count_1h"]),
    )
    with pytest.raises(OperatorError, match=words):
        reader.read(
            features, {"platform": ["tiktok"] * 2, "user_id": ["u", key]}, from_microseconds(NOW)
        )


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 1, 1), "does not say in which time zone"),
        (datetime(1, 1, 20, tzinfo=UTC), "is too early"),
        (datetime(1, 1, 31, 12, tzinfo=UTC), None),
        (datetime.max.replace(tzinfo=UTC), None),
    ],
)
def test_an_instant_is_read_however_far_or_refused_in_words(
    world: World, definitions: Definitions, at: datetime, words: str | None
) -> None:
    reader = FeatureReader(world.database, definitions)
    if words is None:
        assert len(reader.read(chosen(definitions), ENTITY_ROWS, at).columns) > 100
    else:
        with pytest.raises(OperatorError, match=words):
            reader.read(chosen(definitions), ENTITY_ROWS, at)


def test_a_set_without_numbers_has_no_matrix_and_says_so(
    world: World, definitions: Definitions
) -> None:
    table = FeatureReader(world.database, definitions).read(
        definitions.choose("words", ["user__lead__tags_7d"]), ENTITY_ROWS, from_microseconds(NOW)
    )
    with pytest.raises(OperatorError, match="the feature set words has no numeric feature"):
        table.matrix()


def test_composite_keys_never_collide(world: World, definitions: Definitions) -> None:
    sure = Verdict(("purchase_intent",), (0,) * 13, 0, True, False)
    world.play([[("decide", Said(NOW - HOUR // 2, "1", "23", "r1", None), sure)]])
    features = definitions.choose("test", ["user_creator__lead__count_1h"])
    rows = {"platform": ["tiktok"] * 2, "user_id": ["1", "12"], "creator_id": ["23", "3"]}
    table = FeatureReader(world.database, definitions).read(features, rows, from_microseconds(NOW))
    assert [Status(status) for status in table.statuses["user_creator__lead__count_1h"]] == [
        Status.PRESENT,
        Status.NEVER_SEEN,
    ]


def test_no_entity_rows_give_empty_columns(world: World, definitions: Definitions) -> None:
    table = FeatureReader(world.database, definitions).read(
        chosen(definitions), {name: [] for name in ENTITY_ROWS}, from_microseconds(NOW)
    )
    assert {len(column) for column in table.columns.values()} == {0}
