"""What a spine must be: a Parquet file of requests whose columns both engines tell apart, with text
keys and instants that are certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """A spine that was checked.

    Attributes:
        columns: its columns in order.
        nanoseconds: its columns of timestamps in nanoseconds, and whether they have a time zone.
        nested: its columns that hold such timestamps in lists or structs.
    """

    path: Path
    columns: tuple[str, ...]
    nanoseconds: Mapping[str, bool]
    nested: tuple[str, ...]


def checked_spine(path: Path, keys: Sequence[str], added: Sequence[str]) -> Spine:
    """Read the schema of a spine to which columns ``added`` will come.

    Raises:
        OperatorError: it is no Parquet file, lacks a column, has keys that are no text, a time
            without zone, or names that engines cannot tell apart.
    """
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError(
            f"the spine {path} cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error
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
    fields = [field for field in schema if "timestamp[ns" in str(field.type)]
    nanoseconds = {
        field.name: field.type.tz is not None
        for field in fields
        if pa.types.is_timestamp(field.type)
    }
    return Spine(
        path,
        tuple(schema.names),
        nanoseconds,
        tuple(field.name for field in fields if field.name not in nanoseconds),
    )


def refuse_rows(row: Callable[[str], tuple[Any, ...] | None], keys: Sequence[str]) -> None:
    """Do nothing if every row of table ``spine`` has its keys and an instant.

    Raises:
        OperatorError: a row has not; it says which is the first, counted from 0 in the file's
            order.
    """
    for key in (AT, *keys):
        remedy = "leave them out or give a key that was never seen"
        _refuse_where(
            row, f"{key} IS NULL", f"have no {key}", "leave them out" if key == AT else remedy
        )
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
        pa.types.is_string(plain)
        or pa.types.is_large_string(plain)
        or pa.types.is_string_view(plain)
    ):
        # Numbers would be compared with ids as numbers: 7 would get the facts of 007.
        raise OperatorError(
            f"{key} of the spine is {kind}; ids are text, such as '7', which is not '007': write "
            f"it as text, such as frame[{key!r}].astype(str)"
        )
