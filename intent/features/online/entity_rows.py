"""Reads entity rows: the distinct keys that they ask of a view, and the place of each row's key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from intent.features.definitions.events import ENTITIES, entity_key
from intent.model.errors import OperatorError

EntityRows: TypeAlias = Mapping[str, Sequence[str | None]]
"""Columns of equal length, such as platform, user_id, room_id; a row without a part of a key (None
or NaN) names no entity of the views with that part.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """The distinct keys of a view with their parts, and for each row the place of its key among
    them; one past the last where the row names no entity.
    """

    keys: dict[str, tuple[str, ...]]
    places: NDArray[np.int64]


def asked_of(view: str, entity_rows: EntityRows) -> Asked:
    """Return what entity rows ask of a view.

    Raises:
        OperatorError: a column is missing, too short, or holds what is no key.
    """
    parts = ENTITIES[view]
    absent = [name for name in parts if name not in entity_rows]
    if absent:
        raise OperatorError(
            f"the features of {view} need the column {absent[0]}; the rows have: "
            f"{', '.join(entity_rows) or 'none'}"
        )
    if len({len(column) for column in entity_rows.values()}) > 1:
        raise OperatorError("the columns of the entity rows differ in length")
    columns = [_keys(name, entity_rows[name]) for name in parts]
    number: dict[tuple[str, ...], int] = {}
    places = [
        -1 if None in values else number.setdefault(values, len(number))
        for values in zip(*columns, strict=True)
    ]
    numbered = np.array(places, dtype=np.int64)
    return Asked(
        {entity_key(view, values): values for values in number},
        np.where(numbered < 0, len(number), numbered),
    )


def _keys(name: str, column: Sequence[Any]) -> Sequence[Any]:
    """Return a column of keys with None where there is none."""
    if set(map(type, column)) <= {str} and _can_be_stored("".join(column)):
        return column  # thousands of keys in a request: all at once
    return [_key(name, row, value) for row, value in enumerate(column)]


def _key(name: str, row: int, value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, str):
        raise OperatorError(
            f"{name} of row {row} is {value!r:.60} ({type(value).__name__}), but keys are "
            'text; write it like "5"'
        )
    if not _can_be_stored(value):
        raise OperatorError(
            f"{name} of row {row} is {value!r:.60}, which no message can have: keys hold "
            "neither NUL nor half a character"
        )
    return value


def _can_be_stored(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text
