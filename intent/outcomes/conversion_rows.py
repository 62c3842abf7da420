"""Puts what the revisions of a conversion say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from intent.model.outcomes import (
    Conversion,
    ConversionKind,
    ConversionStatus,
)

_STAYS = ("stage", "platform", "user_id", "room_id", "creator_id", "item_id")
"""What a revision that leaves it empty does not take back."""


def standing(rows: Sequence[RowMapping | Mapping[str, Any]]) -> Conversion | None:
    """Put the revisions of one conversion together, the first one first.

    What a revision says replaces what was said before, and what it leaves empty stays. When it was
    ordered is what was said of that first. None where nobody has said that yet: adjustments may
    come before what they adjust.
    """
    ordered = next((row["event_timestamp"] for row in rows if row["event_timestamp"]), None)
    if ordered is None:
        return None
    first, newest = rows[0], rows[-1]
    priced = next((row for row in reversed(rows) if row["value_micros"] is not None), None)
    statuses = [row["status"] for row in rows if row["status"]]
    keys: dict[str, str] = {}
    for row in rows:
        keys.update(row["keys"])
    return Conversion(
        source=first["source"],
        conversion_id=first["conversion_id"],
        revision=newest["revision"],
        kind=ConversionKind(newest["kind"]),
        status=ConversionStatus(statuses[-1]) if statuses else ConversionStatus.PLACED,
        event_timestamp=ordered,
        changed_timestamp=newest["changed_timestamp"],
        known_since=min(row["created_timestamp"] for row in rows if row["event_timestamp"]),
        changed_known=max(row["created_timestamp"] for row in rows),
        value_micros=priced["value_micros"] if priced else None,
        currency=priced["currency"] if priced else None,
        keys=keys,
        **{name: _last(rows, name) for name in _STAYS},
    )


def _last(rows: Sequence[RowMapping | Mapping[str, Any]], name: str) -> str | None:
    return next((row[name] for row in reversed(rows) if row[name] is not None), None)
