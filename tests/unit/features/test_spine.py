"""Spines as people write them: other types, odd names, instants that no engine can hold, and
folders that are not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intent.bootstrap.resources import locate
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory
from intent.features.offline.labels import parse_label
from intent.model.errors import OperatorError
from intent.model.taxonomy import load_taxonomy
from tests.unit.features.brute import SECOND
from tests.unit.features.history import NOW, Said, Verdict
from tests.unit.features.offline import facts_of, write_facts

COUNT = "user__message__count_24h"
SURE = Verdict(("purchase_intent",), (900_000,) + (0,) * 12, 950_000, True, False)
STORY = [(Said(NOW - 60 * SECOND, user, "23", "r1", None), [(SURE, 0)]) for user in ("7", "007")]


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    return load_definitions(taxonomy.names, taxonomy.members)


def build_of(
    home: Path,
    definitions: Definitions,
    columns: Mapping[str, pa.Array] | None = None,
    *,
    names: Sequence[str] = (COUNT,),
    labels: Sequence[str] = (),
    facts: str = "facts",
    out: str = "out.parquet",
    engine: type[DuckEngine] = DuckEngine,
    spine: Path | None = None,
) -> Any:
    instants = pa.array([NOW, NOW], pa.timestamp("us", tz="UTC"))
    made = {
        "event_timestamp": instants,
        "platform": pa.array(["tiktok"] * 2),
        "user_id": pa.array(["7", "8"]),
        **(columns or {}),
    }
    pq.write_table(pa.table(made), home / "spine.parquet")
    write_facts(facts_of(STORY), home / facts, Topics(definitions.groups))
    chosen, counted = (
        definitions.choose("test", names),
        [parse_label(text, definitions) for text in labels],
    )
    files = {"spine": spine or home / "spine.parquet", "facts": home / facts, "out": home / out}
    with engine(home, threads=2) as opened:
        build(opened, chosen, definitions, **files, history=KnownHistory(), labels=counted)
    return pq.read_table(home / out)


def test_nanoseconds_as_pandas_writes_them_are_rounded_down_to_the_microsecond(
    tmp_path: Path, definitions: Definitions
) -> None:
    said = NOW - 60 * SECOND
    first_seen = said + 5 * SECOND + 1
    instants = pa.array(
        [first_seen * 1000 - 1, first_seen * 1000 + 999], pa.timestamp("ns", tz="UTC")
    )
    table = build_of(
        tmp_path, definitions, {"event_timestamp": instants, "user_id": pa.array(["7", "7"])}
    )
    assert table["user__status"].to_pylist() == ["never_seen", "present"]
    assert (
        table["event_timestamp"].cast(pa.int64()).to_pylist()
        == instants.cast(pa.int64()).to_pylist()
    )


@pytest.mark.parametrize("ids", [pa.array([7, 8]), pa.array([7.0, None]), pa.array([b"7", b"8"])])
def test_keys_that_are_no_text_are_refused_because_7_is_not_007(
    tmp_path: Path, definitions: Definitions, ids: pa.Array
) -> None:
    with pytest.raises(OperatorError, match=r"user_id of the spine is .*; ids are text"):
        build_of(tmp_path, definitions, {"user_id": ids})


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_kind_of_text_is_a_key(
    tmp_path: Path, definitions: Definitions, kind: pa.DataType
) -> None:
    assert (
        build_of(tmp_path, definitions, {"user_id": pa.array(["7", "8"]).cast(kind)})[
            COUNT
        ].to_pylist()[0]
        == 1.0
    )


@pytest.mark.parametrize(
    "name", ["_AT", "_row", "USER__STATUS", COUNT.upper(), "User_Id", 'a"b', "a\\b", ""]
)
def test_a_column_that_an_engine_would_take_for_another_is_refused(
    tmp_path: Path, definitions: Definitions, name: str
) -> None:
    with pytest.raises(OperatorError, match="rename"):
        build_of(tmp_path, definitions, {name: pa.array([7, 3])})


def test_other_columns_come_out_as_they_are_whatever_the_steps_call_theirs(
    tmp_path: Path, definitions: Definitions
) -> None:
    odd = {
        name: pa.array([number, 2])
        for number, name in enumerate(("a b", "k", "moment", "select", "größe", "date"))
    }
    table = build_of(tmp_path, definitions, odd)
    assert [table[name].to_pylist() for name in odd] == [
        column.to_pylist() for column in odd.values()
    ]


@pytest.mark.parametrize(
    "labels",
    [
        ["l=user:message:1h", "l=user:message:2h"],
        [f"{COUNT}=user:message:1h"],
        ["User_Id=user:message:1h"],
    ],
)
def test_a_label_with_a_name_that_is_taken_is_refused(
    tmp_path: Path, definitions: Definitions, labels: list[str]
) -> None:
    with pytest.raises(OperatorError, match="the output would have columns"):
        build_of(tmp_path, definitions, labels=labels)


@pytest.mark.parametrize(
    "microseconds", [2**63 - 1, -(2**63) + 1, 2**63 - 2, 300_000_000_000 * SECOND]
)
def test_an_instant_that_no_engine_can_reckon_with_is_refused_and_not_lost(
    tmp_path: Path, definitions: Definitions, microseconds: int
) -> None:
    instants = pa.array([NOW, microseconds], pa.timestamp("us", tz="UTC"))
    with pytest.raises(
        OperatorError, match=r"1 rows .* infinite or outside the years 1 to 9999, first row 1 "
    ):
        build_of(tmp_path, definitions, {"event_timestamp": instants})


class NumbersInParts(DuckEngine):
    """Numbers rows as Spark does, each part from a number of its own on."""

    def step(self, name: str, sql: str) -> None:
        super().step(
            name,
            sql
            if name != "spine"
            else f"SELECT * REPLACE (_row * 8589934592 AS _row) FROM ({sql})",
        )


def test_a_missing_instant_is_counted_in_rows_also_where_numbers_have_gaps(
    tmp_path: Path, definitions: Definitions
) -> None:
    instants = pa.array([NOW, None], pa.timestamp("us", tz="UTC"))
    with pytest.raises(OperatorError, match=r"1 rows .* have no event_timestamp, first row 1 "):
        build_of(tmp_path, definitions, {"event_timestamp": instants}, engine=NumbersInParts)


def test_a_key_of_nothing_but_none_was_never_seen(tmp_path: Path, definitions: Definitions) -> None:
    table = build_of(tmp_path, definitions, {"user_id": pa.array([None, None])})
    assert table["user__status"].to_pylist() == ["never_seen"] * 2
    assert table[COUNT].null_count == 2


KINDS = {
    "duration": pa.array([5, None], pa.duration("s")),
    "wide": pa.array([Decimal(10**60), Decimal(-1)], pa.decimal256(70, 2)),
    "narrow": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
    "naive": pa.array([NOW, None], pa.timestamp("us")),
    "milli": pa.array([NOW // 1000, None], pa.timestamp("ms", tz="+08:00")),
    "small": pa.array([1, 2], pa.uint8()),
    "half": pa.array([1.5, None], pa.float32()),
    "day": pa.array([3, None], pa.date32()),
    "clock": pa.array([3, None], pa.time64("ns")),
    "code": pa.array(["a", "b"]).dictionary_encode(),
    "bytes": pa.array([b"a", None], pa.large_binary()),
    "nested": pa.array(
        [[{"at": NOW}], None], pa.list_(pa.struct({"at": pa.timestamp("ns", "UTC")}))
    ),
    "nothing": pa.array([None, None]),
}


def test_every_column_of_the_spine_comes_out_in_the_type_and_time_zone_that_it_had(
    tmp_path: Path, definitions: Definitions
) -> None:
    instants = pa.array([NOW, NOW], pa.timestamp("us", tz="Asia/Bangkok"))
    table = build_of(tmp_path, definitions, {"event_timestamp": instants, **KINDS})
    assert table["event_timestamp"].type == instants.type
    assert {name: table[name].type for name in KINDS} == {n: c.type for n, c in KINDS.items()}
    assert all(table[name].combine_chunks().equals(column) for name, column in KINDS.items())


def folder_of(home: Path, **parts: Any) -> Path:
    folder = home / "spine"
    folder.mkdir()
    for name, users in parts.items():
        columns = {"event_timestamp": pa.array([NOW] * len(users), pa.timestamp("us", tz="UTC"))}
        columns |= {"platform": pa.array(["tiktok"] * len(users)), "user_id": users}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


def test_a_folder_is_a_spine_in_the_order_of_its_files(
    tmp_path: Path, definitions: Definitions
) -> None:
    folder = folder_of(tmp_path, part_2=pa.array(["007"]), part_1=pa.array(["8", "7"]))
    (folder / "_SUCCESS").touch()
    table = build_of(tmp_path, definitions, spine=folder)
    assert table["user_id"].to_pylist() == ["8", "7", "007"]
    assert table[COUNT].to_pylist() == [None, 1.0, 1.0]


def test_a_folder_of_different_files_or_of_none_is_refused(
    tmp_path: Path, definitions: Definitions
) -> None:
    folder = folder_of(tmp_path, a=pa.array(["8"]), b=pa.array(["7"], pa.large_string()))
    with pytest.raises(OperatorError, match=r"b.parquet has other columns than a.parquet"):
        build_of(tmp_path, definitions, spine=folder)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(OperatorError, match=r"is a folder without \.parquet files"):
        build_of(tmp_path, definitions, spine=folder)


class LosesRows(DuckEngine):
    """Loses what is in no window of a broken join."""

    def step(self, name: str, sql: str) -> None:
        super().step(name, sql if name != "user_rows" else f"{sql} LIMIT 1")


def test_nothing_is_written_where_rows_got_lost(tmp_path: Path, definitions: Definitions) -> None:
    with pytest.raises(OperatorError, match="1 rows came out for the 2 of the spine"):
        build_of(tmp_path, definitions, engine=LosesRows)
    assert not list(tmp_path.glob("out.parquet*"))


def test_a_missing_output_folder_is_named_before_any_work(
    tmp_path: Path, definitions: Definitions
) -> None:
    with pytest.raises(
        OperatorError, match=r"there is no folder .*/missing to write out.parquet to"
    ):
        build_of(tmp_path, definitions, out="missing/out.parquet")


def test_an_output_that_is_a_folder_is_named(tmp_path: Path, definitions: Definitions) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OperatorError, match=r"taken cannot be written: Is a directory"):
        build_of(tmp_path, definitions, out="taken")


def test_no_sign_in_a_path_is_a_pattern(tmp_path: Path, definitions: Definitions) -> None:
    home = tmp_path / "date=1" / "[a-z]*?'"
    home.mkdir(parents=True)
    assert build_of(home, definitions, {"date": pa.array([5, 6])}, facts="facts[1]")[
        "date"
    ].to_pylist() == [5, 6]
