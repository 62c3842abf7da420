"""Labels that count conversions: those that stand, as they were known, and how mature that is."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intent.features.definitions.definitions import Definitions
from intent.features.offline.converted import LabelMaturity, write_converted
from intent.features.offline.labels import TrainingLabel, parse_label
from intent.model.errors import OperatorError
from intent.model.outcomes import Conversion, ConversionKind, ConversionStatus
from intent.store.times import from_microseconds
from tests.unit.features.history import HOUR, NOW, Said
from tests.unit.features.test_build import COUNTS, SURE, built
from tests.unit.features.test_build import definitions as definitions

STORY = [(Said(NOW - HOUR, "1", "23", "r1", None), [(SURE, 0)])]
LABEL = "ordered=user_creator:conversion:order:24h"


def ordered(at: int, user: str | None = "1", **values: Any) -> Conversion:
    when = from_microseconds(at)
    given: dict[str, Any] = {
        "source": "shop",
        "conversion_id": f"shop:{at}-{user}",
        "revision": 0,
        "kind": ConversionKind.ORDER,
        "status": ConversionStatus.PAID,
        "event_timestamp": when,
        "changed_timestamp": when,
        "known_since": when + timedelta(hours=1),
        "changed_known": when,
        "platform": "tiktok",
        "user_id": user,
        "creator_id": "23",
    }
    return Conversion(**{**given, **values})


def rows_of(
    folder: Path,
    definitions: Definitions,
    conversions: list[Conversion],
    spine: list[tuple[Any, ...]],
    as_of: datetime = datetime(2100, 1, 1, tzinfo=UTC),
    label: str = LABEL,
) -> Any:
    known = write_converted(conversions, as_of, folder / "converted.parquet")
    labels = [parse_label(label, definitions)]
    _, table, _, report = built(
        folder, definitions, STORY, spine, COUNTS, labels=labels, conversions=known
    )
    return table["ordered"].to_pylist(), report


def test_orders_that_stand_count_from_the_rows_time_on(
    tmp_path: Path, definitions: Definitions
) -> None:
    day = 24 * HOUR
    orders = [ordered(NOW + gap) for gap in (-1, 0, HOUR, day - 1, day)]
    orders += [
        replace(ordered(NOW + 2), status=ConversionStatus.REFUNDED),
        replace(ordered(NOW + 3), kind=ConversionKind.BOOKING),
        ordered(NOW + 4, user=None),
    ]
    spine = [
        (NOW, "1", "23", "r1", "i1"),
        (NOW, "12", "23", "r1", "i1"),
        (NOW, None, "23", "r", "i"),
    ]
    assert rows_of(tmp_path, definitions, orders, spine)[0] == [3.0, 0.0, None]


def test_they_equal_a_count_by_hand(tmp_path: Path, definitions: Definitions) -> None:
    chance = random.Random(4)
    orders = [ordered(NOW + chance.randrange(72) * HOUR, chance.choice("123")) for _ in range(60)]
    orders = list({one.conversion_id: one for one in orders}.values())
    spine = [
        (NOW + chance.randrange(72) * HOUR, chance.choice("123"), "23", "r1", "i1")
        for _ in range(80)
    ]
    expected = [
        float(
            sum(
                one.user_id == user
                and timedelta(0) <= one.event_timestamp - from_microseconds(at) < timedelta(days=1)
                for one in orders
            )
        )
        for at, user, *_ in spine
    ]
    assert rows_of(tmp_path, definitions, orders, spine)[0] == expected


def test_a_window_that_was_not_over_has_no_label_and_a_young_one_is_told(
    tmp_path: Path, definitions: Definitions
) -> None:
    as_of = from_microseconds(NOW + 48 * HOUR)
    spine = [(NOW + gap * HOUR, "1", "23", "r1", "i1") for gap in (0, 23, 24, 25)]
    labels, report = rows_of(tmp_path, definitions, [ordered(NOW + HOUR)], spine, as_of)
    assert labels == [1.0, 0.0, 0.0, None]
    # Known an hour after it was placed: the window of the third row ended just now.
    assert report.maturity == {"ordered": LabelMaturity(NOW + 48 * HOUR, HOUR, 1)}
    assert report.unlabelled == {"ordered": 1}


def test_a_label_says_what_it_counts(definitions: Definitions) -> None:
    expected = TrainingLabel("ordered", "user_creator", "order", 86_400, conversion=True)
    assert parse_label(LABEL, definitions) == expected
    for wrong in ("o=user:conversion:lead:1h", "o=user:conversion:1h", "o=user:order:1h"):
        with pytest.raises(OperatorError, match="conversion:order:24h"):
            parse_label(wrong, definitions)


def test_a_build_that_was_given_no_conversions_says_so(
    tmp_path: Path, definitions: Definitions
) -> None:
    labels = [parse_label(LABEL, definitions)]
    with pytest.raises(OperatorError, match="none were given"):
        built(tmp_path, definitions, STORY, [(NOW, "1", "23", "r1", "i1")], COUNTS, labels=labels)
