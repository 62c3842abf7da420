"""A group that says something is needed, one that says nothing is not, and a copy is worth nothing
beside what it copies.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.lift.group_rows import rows_of_file
from eval.lift.group_worth import GroupRows, group_of, measure_groups
from intent.bootstrap.resources import locate
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.model.errors import OperatorError
from intent.model.taxonomy import load_taxonomy

NAMES = ("user__lead__count_24h", "user__lead__rate_7d", "room__lead__answered_share_24h")
DAY = 86_400 * 1_000_000


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    return load_definitions(taxonomy.names, taxonomy.members)


def rows(definitions: Definitions, *, copied: bool, days: int = 10) -> GroupRows:
    """Return rows of which the first feature says much, and the second the same or nothing."""
    chance = np.random.default_rng(5)
    wants = chance.random(4_000) < 0.4
    noise = chance.random((4_000, 2))
    second = wants if copied else noise[:, 0]
    columns = np.column_stack([wants, second, noise[:, 1]]).astype(np.float32)
    return GroupRows(
        np.sort(chance.integers(0, days * DAY, 4_000)),
        chance.integers(0, 150, 4_000),
        chance.random(4_000) < np.where(wants, 0.4, 0.1),
        None,
        chance.random((4_000, 1)).astype(np.float32),
        columns,
        [definitions.feature(name) for name in NAMES],
    )


def test_what_says_something_is_needed_and_what_says_nothing_is_not(
    definitions: Definitions,
) -> None:
    found = measure_groups(rows(definitions, copied=False), NAMES, NAMES[1:], refits=2, blocks=2)
    worth = {one.name: one for one in found.groups}
    assert list(worth) == ["counts of intents", "rates and ratios", "answers of hosts"]
    assert worth["counts of intents"].left_out.low > 0 < worth["counts of intents"].added.low
    assert worth["counts of intents"].p_left_out < 0.05
    assert worth["answers of hosts"].left_out.low < 0.0005
    assert found.over_other is not None
    assert found.over_other.value == pytest.approx(worth["counts of intents"].left_out.value)
    assert found.auc > found.base_auc + 0.05


def test_a_copy_helps_alone_and_is_not_needed(definitions: Definitions) -> None:
    given = rows(definitions, copied=True, days=1)
    found = measure_groups(given, NAMES[:2], refits=2, blocks=2)
    copy = {one.name: one for one in found.groups}["rates and ratios"]
    assert copy.added.low > 0
    assert abs(copy.left_out.value) < 0.01 * copy.added.value


def test_too_few_positives_say_nothing(definitions: Definitions) -> None:
    given = rows(definitions, copied=False)
    given.labels[:] = False
    with pytest.raises(OperatorError, match="only 0 of the judged rows are positive"):
        measure_groups(given, NAMES)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("user_room__message__count_24h", "counts of messages"),
        ("user_room__lead__count_1h", "user × room"),
        ("room__lead__count_5m", "bursts"),
        ("room__lead__burst", "bursts"),
        ("user__lead__price_gap_30d", "prices"),
        ("room__lead__distinct_users_1h", "distinct users"),
    ],
)
def test_a_feature_stands_in_one_group(definitions: Definitions, name: str, group: str) -> None:
    assert group_of(definitions.feature(name)) == group


def test_rows_whose_label_is_missing_are_left_out_and_the_base_is_what_is_named(
    definitions: Definitions, tmp_path: Path
) -> None:
    at = pa.array([3, 1, 2], pa.timestamp("us", "UTC"))
    path, text = tmp_path / "rows.parquet", pa.array(["b", "a", "a"])
    columns = {
        "event_timestamp": at,
        "user_id": text,
        "soon": [1.0, 0.0, None],
        "length": [7, 8, 9],
    }
    pq.write_table(pa.table({**columns, NAMES[0]: [1.0, None, 2.0]}), path)
    given = rows_of_file(path, definitions, NAMES[:1], "soon", ["length"])
    assert given.at.tolist() == [1, 3]
    assert given.labels.tolist() == [False, True]
    assert given.base.tolist() == [[8.0], [7.0]]
    assert rows_of_file(path, definitions, NAMES[:1], "soon").base.tolist() == [[0.0], [0.0]]
    with pytest.raises(OperatorError, match="has no column later; build it with"):
        rows_of_file(path, definitions, NAMES[:1], "later")
