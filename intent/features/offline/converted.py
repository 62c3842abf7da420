"""Writes what was known of conversions on a day as Parquet, for labels that count them, and says
how mature that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intent.model.outcomes import Conversion
from intent.store.times import microseconds

LATE_SHARE = 0.95
"""Share of conversions that are known so soon after they were placed as the lateness says."""

_KEYS = ("platform", "user_id", "creator_id", "room_id", "item_id")
_SCHEMA = pa.schema(
    [*((key, pa.string()) for key in _KEYS), ("kind", pa.string()), ("event", pa.int64())]
)


@dataclass(frozen=True, slots=True)
class KnownConversions:
    """Conversions as they stood, in a file.

    Attributes:
        as_of: microseconds since 1970 UTC; what was known later does not count.
        lateness: microseconds within which :data:`LATE_SHARE` of them were known.
    """

    file: Path
    as_of: int
    lateness: int


@dataclass(frozen=True, slots=True)
class LabelMaturity:
    """How far what a label counts was known.

    Attributes:
        as_of: microseconds since 1970 UTC.
        lateness: microseconds within which 95 % of conversions were known.
        young: rows whose window has passed, but so lately that some of what it holds is not known.
    """

    as_of: int
    lateness: int
    young: int


def write_converted(
    conversions: Iterable[Conversion], as_of: datetime, file: Path
) -> KnownConversions:
    """Write those that stand, one row each: keys, ``kind``, and ``event`` in microseconds."""
    rows, late = [], []
    for one in conversions:
        late.append(max(microseconds(one.known_since) - microseconds(one.event_timestamp), 0))
        if one.status.stands:
            named = {key: getattr(one, key) for key in _KEYS}
            event = microseconds(one.event_timestamp)
            rows.append({**named, "kind": one.kind.value, "event": event})
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), file)
    late.sort()
    lateness = late[min(int(LATE_SHARE * len(late)), len(late) - 1)] if late else 0
    return KnownConversions(file, microseconds(as_of), lateness)
