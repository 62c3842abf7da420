"""Rows by date are read by DuckDB, by Arrow, and by what learns of them; each date's file is whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import torch

from intent.features.definitions.definitions import Definitions, FeatureSet, load_definitions
from intent.features.offline.by_date import write_by_date
from intent.features.offline.model_input import built_matrix
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

LATE = datetime(2026, 11, 1, 23, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture
def chosen(definitions: Definitions) -> FeatureSet:
    return definitions.choose("two", ["user__lead__count_7d", "room__lead__count_1h"])


def rows_of(path: Path, chosen: FeatureSet, many: int, more: float = 0.0) -> Path:
    """Write rows of three dates, in no order of time."""
    hours = [(number * 7) % 48 for number in range(many)]
    columns: dict[str, object] = {
        "request": list(range(many)),
        "event_timestamp": pa.array(
            [LATE + timedelta(hours=hour) for hour in hours], pa.timestamp("ns", "UTC")
        ),
        "bought": [float(number % 2) for number in range(many)],
    }
    for name in chosen.names:
        values = [None if number % 5 == 0 else number + more for number in range(many)]
        columns[name] = pa.array(values, pa.float64())
    pq.write_table(pa.table(columns), path)
    return path


def test_duckdb_arrow_lightgbm_and_torch_read_them(tmp_path: Path, chosen: FeatureSet) -> None:
    rows, folder = rows_of(tmp_path / "rows.parquet", chosen, 40), tmp_path / "built"
    days = write_by_date(rows, folder)
    assert days == ["2026-11-01", "2026-11-02", "2026-11-03"]
    query = f"SELECT request FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = true) "
    found = duckdb.sql(query + "WHERE date = DATE '2026-11-01' ORDER BY request").fetchall()
    table = ds.dataset(folder, partitioning="hive").to_table()
    assert sorted(table["request"].to_pylist()) == list(range(40))
    mine = table.filter(ds.field("date") == "2026-11-01")
    assert mine["request"].to_pylist() == [number for (number,) in found] != []
    assert table.schema.field("event_timestamp").type == pa.timestamp("ns", "UTC")
    matrix = built_matrix(folder, chosen)
    label = pq.read_table(folder, columns=["bought"])["bought"].to_numpy()
    learnt = lightgbm.Dataset(matrix, label, feature_name=list(chosen.names)).construct()
    assert (learnt.num_data(), learnt.num_feature()) == (40, 2)
    tensor = torch.from_numpy(np.nan_to_num(matrix))
    assert tensor.shape == (40, 2)
    assert int(np.isnan(matrix).sum()) == 16


def test_a_date_is_replaced_as_a_whole_and_others_stay(tmp_path: Path, chosen: FeatureSet) -> None:
    folder = tmp_path / "built"
    write_by_date(rows_of(tmp_path / "many.parquet", chosen, 40), folder)
    left = folder / "date=2026-11-03" / ".rows.parquet.partial"
    left.write_bytes(b"what a killed build left")
    write_by_date(rows_of(tmp_path / "one.parquet", chosen, 1, more=9.0), folder)
    table = ds.dataset(folder, partitioning="hive").to_table()
    assert len(table.filter(ds.field("date") == "2026-11-01")) == 1
    assert len(table.filter(ds.field("date") != "2026-11-01")) == 39
    write_by_date(tmp_path / "many.parquet", folder)
    assert not left.exists()
    assert len(ds.dataset(folder, partitioning="hive").to_table()) == 40


def test_rows_with_a_date_of_their_own_are_refused(tmp_path: Path, chosen: FeatureSet) -> None:
    rows = rows_of(tmp_path / "rows.parquet", chosen, 3)
    table = pq.read_table(rows).append_column("Date", pa.array(["a", "b", "c"]))
    pq.write_table(table, rows)
    with pytest.raises(OperatorError, match="rename it"):
        write_by_date(rows, tmp_path / "built")
