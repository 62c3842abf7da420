"""Part files get the types of the spine again, as Spark cannot keep them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intent.features.offline.rows import with_types_of
from intent.model.errors import OperatorError

SPINE = pa.schema(
    [
        ("at", pa.timestamp("us", "Asia/Bangkok")),
        ("fine", pa.timestamp("ns", "UTC")),
        ("waited", pa.duration("ms")),
        ("kind", pa.dictionary(pa.int32(), pa.string())),
        ("long", pa.large_string()),
        ("number", pa.uint64()),
    ]
)


def part(folder: Path, number: pa.Array) -> Path:
    """Write what Spark makes of such a spine."""
    columns = {
        "at": pa.array([7], pa.timestamp("us", "UTC")),
        "fine": pa.array([7], pa.timestamp("us", "UTC")),
        "waited": pa.array([1500], pa.int64()),
        "kind": pa.array(["a"]),
        "long": pa.array(["b"]),
        "number": number,
        "user__lead__count_7d": pa.array([2.0]),
    }
    path = folder / "part-00000.snappy.parquet"
    pq.write_table(pa.table(columns), path)
    (folder / f".{path.name}.crc").touch()
    return path


def test_columns_of_the_spine_get_their_types_again_and_nanoseconds_stay_microseconds(
    tmp_path: Path,
) -> None:
    path = part(tmp_path, pa.array([3], pa.int64()))
    with_types_of(SPINE, tmp_path)
    table = pq.read_table(path)
    fine = SPINE.set(1, pa.field("fine", pa.timestamp("us", "UTC")))
    assert table.schema.equals(fine.append(pa.field("user__lead__count_7d", pa.float64())))
    assert table["waited"].cast(pa.int64()).to_pylist() == [1500]
    assert table["number"].to_pylist() == [3]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_column_that_does_not_fit_its_type_is_named_in_one_sentence(tmp_path: Path) -> None:
    path = part(tmp_path, pa.array([-3], pa.int64()))
    before = path.read_bytes()
    with pytest.raises(OperatorError, match="cannot be given its type again"):
        with_types_of(SPINE, tmp_path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
