"""Ratios, bursts, pairs with items and rooms, and labels of orders are the same from Spark as from
one machine.
"""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from intent.features.definitions.definitions import Definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.converted import write_converted
from intent.features.offline.history import KnownHistory
from intent.features.offline.labels import parse_label
from tests.unit.features.history import HOUR, NOW
from tests.unit.features.offline import facts_of, write_facts, write_spine
from tests.unit.features.test_build import built, crowded
from tests.unit.features.test_build import definitions as definitions
from tests.unit.features.test_conversion_labels import ordered

NAMES = [
    "user__lead__rate_7d",
    "user__price_inquiry__share_of_leads_30d",
    "room__lead__burst",
    "user_room__lead__count_1h",
    "user_item__lead__decayed_1d",
    "user_category__lead__seconds_since_last",
    "category__lead__rate_24h",
]
LABEL = "ordered=user_creator:conversion:order:24h"


@pytest.mark.slow
def test_new_statistics_and_labels_of_orders_equal_those_of_one_machine(
    tmp_path: Path, definitions: Definitions
) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("needs Java")
    from intent.features.offline.spark import SparkEngine

    chance = random.Random(11)
    story = crowded(chance)
    spine = [
        (
            NOW - chance.randrange(3 * 24 * 12) * HOUR // 12,
            chance.choice([*"01234", None]),
            "23",
            chance.choice(["r0", "r1"]),
            chance.choice(["i1", "i2", None]),
            chance.choice(["k1", None]),
        )
        for _ in range(40)
    ]
    orders = [
        ordered(NOW - chance.randrange(90) * HOUR, str(chance.randrange(5))) for _ in range(40)
    ]
    orders = list({one.conversion_id: one for one in orders}.values())
    until = datetime(2100, 1, 1, tzinfo=UTC)
    known = write_converted(orders, until, tmp_path / "converted.parquet")
    more = {"labels": [parse_label(LABEL, definitions)], "conversions": known}
    chosen, duck, _, _ = built(tmp_path, definitions, story, spine, NAMES, **more)
    files = {name: tmp_path / name for name in ("spine", "facts", "out")}
    write_facts(facts_of(story), files["facts"], Topics(definitions.groups))
    write_spine(spine, files["spine"])
    with SparkEngine("local[2]") as engine:
        build(engine, chosen, definitions, **files, history=KnownHistory(), **more)
    spark = pq.read_table(files["out"])
    assert spark.column_names == duck.column_names
    for name in (*NAMES, "ordered"):
        assert spark[name].is_null().to_pylist() == duck[name].is_null().to_pylist(), name
        values = duck[name].to_numpy()
        assert np.allclose(spark[name].to_numpy(), values, rtol=1e-9, equal_nan=True), name
        assert len(np.unique(values[~np.isnan(values)])) > 1, name
