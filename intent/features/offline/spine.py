"""What a spine (an *entity dataframe*, as feature stores call it) must be: Parquet of requests
whose columns both engines tell apart, with text keys and instants that are certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intent.features.definitions.definitions import SECOND
from intent.model.errors import OperatorError

AT = "event_timestamp"
OWN = ("_row", "_at")
"""Columns that the build adds to table ``spine``."""

FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND - 1
"""The years 1 to 9999 in microseconds: what fits in between also fits the sums with windows."""


@dataclass(frozen=True, slots=True)
class Spine:
    """A spine that was checked: its Parquet files, in the order of their rows, and its columns."""

    files: tuple[Path, ...]
    schema: pa.Schema


def checked_spine(path: Path, keys: Sequence[str], added: Sequence[str]) -> Spine:
    """Read the schema of a spine, a file or a folder of them, to which columns ``added`` will come.

    Raises:
        OperatorError: it is no Parquet, its files differ, it lacks a column, has keys that are no
            text, a time without zone, or names that engines cannot tell apart.
    """
    files = _files(path)
    schema = _schema(files[0])
    for file in files[1:]:
        if not _schema(file).equals(schema):
            raise OperatorError(
                f"{file} has other columns than {files[0].name}; all files of a spine must have "
                "the same columns in the same order, with the same types"
            )
    _refuse_names(schema.names, added)
    for key in (AT, *keys):
        if key not in schema.names:
            raise OperatorError(
                f"the spine {path} has no column {key}; the feature set needs "
                f"{', '.join((AT, *keys))}"
            )
    kind = schema.field(AT).type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise OperatorError(
            f"{AT} of the spine is {kind}; it must be a timestamp with a time zone, so that its "
            "instant is certain"
        )
    for key in keys:
        _refuse_other_than_text(key, schema.field(key).type)
    return Spine(tuple(files), schema)


def spine_schema(files: Sequence[Path]) -> pa.Schema:
    """Return the columns of a spine that was checked."""
    return _schema(files[0])


def nanoseconds(schema: pa.Schema) -> dict[str, bool]:
    """Return the columns of timestamps in nanoseconds, and whether they have a time zone."""
    return {
        field.name: field.type.tz is not None
        for field in schema
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
    }


def _files(path: Path) -> list[Path]:
    """Return the files of a spine; in a folder, what Spark and others leave beside is passed by."""
    if not path.is_dir():
        return [path]
    found = sorted(path.rglob("*.parquet"), key=lambda file: file.relative_to(path).parts)
    files = [file for file in found if not file.name.startswith((".", "_"))]
    if not files:
        raise OperatorError(f"the spine {path} is a folder without .parquet files")
    return files


def _schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(
            f"the spine {file} cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error


def refuse_rows(row: Callable[[str], tuple[Any, ...] | None]) -> None:
    """Do nothing if every row of table ``spine`` has an instant.

    Raises:
        OperatorError: a row has not; it says which is the first, counted from 0 in the file's
            order.
    """
    _refuse_where(row, f"{AT} IS NULL", f"have no {AT}", "leave them out")
    # Infinity has no microseconds in one engine, and the largest ones in the other.
    outside = f"coalesce(_at, {LAST + 1}) NOT BETWEEN {FIRST} AND {LAST}"
    _refuse_where(
        row,
        outside,
        f"have an {AT} that is infinite or outside the years 1 to 9999",
        "leave them out",
    )


def _refuse_where(
    row: Callable[[str], tuple[Any, ...] | None], condition: str, fault: str, remedy: str
) -> None:
    found = row(f"SELECT min(_row), count(*) FROM spine WHERE {condition}")
    if found and found[1]:
        # Numbers of rows have gaps where an engine gives them out in parts.
        before = row(f"SELECT count(*) FROM spine WHERE _row < {found[0]}") or (0,)
        raise OperatorError(
            f"{found[1]} rows of the spine {fault}, first row {before[0]} (from 0); {remedy}"
        )


def _refuse_names(names: Iterable[str], added: Iterable[str]) -> None:
    """Refuse what an engine cannot quote, or takes for another column: to DuckDB and Spark upper
    and lower case are the same.
    """
    taken: dict[str, str] = {}
    for name in names:
        if not name or '"' in name or "\\" in name:
            raise OperatorError(
                f"the spine has a column {name!r}; rename it: a name must be there, without double "
                "quotes and backslashes"
            )
        if name.lower() in OWN:
            raise OperatorError(
                f"the spine has a column {name}, as the build itself has, in upper or lower case; "
                "rename it"
            )
        if other := taken.get(name.lower()):
            raise OperatorError(
                f"the spine has columns {other} and {name}; rename one: upper and lower case are "
                "the same to the engines"
            )
        taken[name.lower()] = name
    for name in added:
        if other := taken.get(name.lower()):
            raise OperatorError(
                f"the output would have columns {other} and {name}, and upper and lower case are "
                "the same to the engines; "
                "rename the spine's column or the label, or take a feature only once"
            )
        taken[name.lower()] = name


def _refuse_other_than_text(key: str, kind: pa.DataType) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (
        pa.types.is_null(plain)  # what pandas writes of a column of nothing but None
        or pa.types.is_string(plain)
        or pa.types.is_large_string(plain)
        or pa.types.is_string_view(plain)
    ):
        # Numbers would be compared with ids as numbers: 7 would get the facts of 007.
        raise OperatorError(
            f"{key} of the spine is {kind}; ids are text, such as '7', which is not '007': write "
            f"it as text, such as frame[{key!r}].astype(str)"
        )
