"""What models are given: Arrow tables and matrices of what was read online, and the sizes of
requests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.offline.model_input import group_sizes, matrix
from intent.features.online.arrow import to_arrow
from intent.features.online.read import FeatureReader, FeatureTable
from intent.features.online.state import SqlFeatureState
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from intent.store.times import from_microseconds
from tests.unit.features.history import HOUR, NOW, Said, Verdict, World

ROWS = {
    "platform": ["tiktok"] * 2,
    "user_id": ["1", "nobody"],
    "creator_id": ["23", "nobody"],
    "room_id": ["r1", "nobody"],
    "item_id": ["i1", "nobody"],
}
EMPTY: dict[str, list[str]] = {name: [] for name in ROWS}
SURE = Verdict(("price_inquiry", "purchase_intent"), (0,) * 13, 900_000, True, False)
SPOKEN = [
    Said(NOW - HOUR // 2, "1", "23", "r1", "i1"),
    Said(NOW - HOUR // 4, "1", "23", "r1", None),
]


@pytest.fixture
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture
def world(database: Database, taxonomy: Taxonomy) -> World:
    world = World(database, SqlFeatureState(taxonomy.members), taxonomy)
    return world.play([[("decide", said, SURE) for said in SPOKEN]])


def read(
    world: World, definitions: Definitions, name: str, rows: dict[str, list[str]]
) -> FeatureTable:
    return FeatureReader(world.database, definitions).read(
        definitions.feature_set(name), rows, from_microseconds(NOW)
    )


def kinds(table: FeatureTable) -> dict[str, Any]:
    entry = pa.struct([("intent", pa.string()), ("item_id", pa.string()), ("at", pa.int64())])
    of_statistic = {"sequence_50": pa.list_(entry), "tags": pa.string()}
    return {
        feature.name: of_statistic.get(feature.statistic, pa.float64())
        for feature in table.feature_set.features
    }


@pytest.mark.parametrize("name", ["ranking_v1", "sequences_v1"])
@pytest.mark.parametrize("rows", [ROWS, EMPTY], ids=["two rows", "an empty request"])
def test_an_arrow_table_has_every_feature_in_order_and_then_every_status(
    world: World, definitions: Definitions, name: str, rows: dict[str, list[str]]
) -> None:
    table = read(world, definitions, name, rows)
    arrow = to_arrow(table)
    names = list(table.feature_set.names)
    assert arrow.column_names == [*names, *(f"{name}__status" for name in names)]
    assert [arrow.schema.field(name).type for name in names] == list(kinds(table).values())
    assert {arrow.schema.field(f"{name}__status").type for name in names} == {pa.string()}
    assert arrow.num_rows == len(rows["platform"])


def test_an_arrow_table_holds_the_numbers_that_were_read_with_their_statuses_in_words(
    world: World, definitions: Definitions
) -> None:
    table = read(world, definitions, "ranking_v1", ROWS)
    arrow = to_arrow(table)
    for name, column in table.columns.items():
        np.testing.assert_array_equal(arrow[name].to_numpy(), column.astype(np.float64))
    assert arrow["user__lead__count_1h"].to_pylist()[0] == 2.0
    assert arrow["user__lead__count_1h__status"].to_pylist() == ["present", "never_seen"]
    assert arrow["room__message__share_llm_24h__status"].to_pylist() == ["zero", "never_seen"]
    np.testing.assert_array_equal(matrix(arrow, table.feature_set), table.matrix())


def test_an_arrow_table_holds_sequences_and_tags_and_null_for_who_was_never_seen(
    world: World, definitions: Definitions
) -> None:
    arrow = to_arrow(read(world, definitions, "sequences_v1", ROWS))
    newest, oldest = NOW - HOUR // 4, NOW - HOUR // 2
    said = [
        ("purchase_intent", None, newest),
        ("price_inquiry", None, newest),
        ("purchase_intent", "i1", oldest),
        ("price_inquiry", "i1", oldest),
    ]
    entries = [dict(zip(("intent", "item_id", "at"), one, strict=True)) for one in said]
    assert arrow["user__lead__sequence_50"].to_pylist() == [entries, None]
    assert arrow["user__lead__tags_7d"].to_pylist() == ["purchase_intent:2|price_inquiry:2", None]
    assert arrow["user__lead__sequence_50__status"].to_pylist() == ["present", "never_seen"]


def test_a_request_that_is_empty_gives_a_matrix_of_no_rows(
    world: World, definitions: Definitions
) -> None:
    assert read(world, definitions, "ranking_v1", EMPTY).matrix().shape == (0, 40)


def test_a_table_that_was_read_online_can_be_written_as_parquet_and_comes_back_equal(
    world: World, definitions: Definitions, tmp_path: Any
) -> None:
    arrow = to_arrow(read(world, definitions, "sequences_v1", ROWS))
    pq.write_table(arrow, tmp_path / "read.parquet")
    assert pq.read_table(tmp_path / "read.parquet").equals(arrow)


def test_group_sizes_count_the_rows_of_each_request_which_must_stand_together() -> None:
    assert group_sizes(["a", "a", "b", "c", "c", "c"]) == [2, 1, 3]
    assert group_sizes([]) == []
    with pytest.raises(OperatorError, match="rows of request 'a' do not stand together"):
        group_sizes(["a", "b", "a"])
