"""Reads what was shown and entered: one impression or click a record, with columns named as those
of the store.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from intent.model.errors import Malformed
from intent.model.outcomes import Click, Impression
from intent.outcomes.files.conversion_formats import FileCounts
from intent.outcomes.files.file_records import Fields, FileRecord, RefusedRecord
from intent.outcomes.files.said_values import ToldTimes, id_of, instant_of

MOST_PLACES = 2**31 - 1
DIGEST = 64
"""Longest digest of a feature set."""


def read_shown(
    records: Iterable[FileRecord | RefusedRecord],
    told: ToldTimes,
    counts: FileCounts,
    refused: Callable[[RefusedRecord], None] = lambda line: None,
) -> Iterator[Impression | Click]:
    """Yield what records say, and count and tell what is refused. A record with ``served_at`` is an
    impression, one with ``clicked_at`` a click; columns that are not of the store are passed over.
    """
    for record in records:
        counts.records += 1
        try:
            if isinstance(record, RefusedRecord):
                raise Malformed(record.reason)
            shown = _shown(record.fields, told)
        except Malformed as error:
            counts.refused[str(error)] += 1
            refused(RefusedRecord(record.position, str(error)))
        else:
            yield shown


def _shown(fields: Fields, told: ToldTimes) -> Impression | Click:
    served, clicked = fields.text("served_at"), fields.text("clicked_at")
    if (served is None) == (clicked is None):
        raise Malformed("one of served_at (an impression) and clicked_at (a click) must be there")
    named = {name: id_of(fields.must(name), name) for name in _NAMED}
    if clicked is not None:
        watched = _number(fields, "watch_seconds") or 0.0
        if watched < 0:
            raise Malformed("watch_seconds is below 0")
        return Click(**named, clicked_at=instant_of(clicked, told), watch_seconds=watched)
    return Impression(
        **named,
        position=_position(fields),
        served_at=instant_of(str(served), told),
        policy=id_of(fields.must("policy"), "policy"),
        creator_id=_optional(fields, "creator_id"),
        item_id=_optional(fields, "item_id"),
        category_id=_optional(fields, "category_id"),
        propensity=_propensity(fields),
        variant=_optional(fields, "variant"),
        feature_set_digest=_digest(fields),
    )


_NAMED = ("request_id", "platform", "user_id", "room_id")


def _optional(fields: Fields, name: str) -> str | None:
    written = fields.text(name)
    return None if written is None else id_of(written, name)


def _digest(fields: Fields) -> str | None:
    written = fields.text("feature_set_digest")
    if written is not None and len(written) > DIGEST:
        raise Malformed(f"feature_set_digest is longer than {DIGEST} characters")
    return written


def _number(fields: Fields, name: str) -> float | None:
    written = fields.text(name)
    if written is None:
        return None
    try:
        number = float(written)
    except ValueError:
        raise Malformed(f"{name} is no number") from None
    if not math.isfinite(number):
        raise Malformed(f"{name} is no number")
    return number


def _position(fields: Fields) -> int:
    number = _number(fields, "position")
    if number is None:
        raise Malformed("position is missing")
    if number != int(number) or not 1 <= number <= MOST_PLACES:
        raise Malformed("position is no whole number from 1 on")
    return int(number)


def _propensity(fields: Fields) -> float | None:
    number = _number(fields, "propensity")
    if number is not None and not 0 < number <= 1:
        raise Malformed("propensity does not lie above 0 and up to 1")
    return number
