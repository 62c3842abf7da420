"""Arrays add up to the same as SQL does, to the last bit, however many entities go at once."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intent.bootstrap.resources import locate
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory
from intent.features.offline.request_axis import RequestAxis, highest_over, sorting
from intent.model.taxonomy import load_taxonomy
from tests.unit.features.offline import facts_of, names_of, rows, told, write_facts, write_spine

numbers = itertools.count()
taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
definitions = load_definitions(taxonomy.names, taxonomy.members)


class BySql(DuckEngine):
    """Adds up by SQL, as Spark does."""

    here = None


def table(engine: DuckEngine, home: Path, chosen: Any, given: Definitions) -> pa.Table:
    out = home / f"{next(numbers)}.parquet"
    with engine:
        build(
            engine,
            chosen,
            given,
            spine=home / "spine.parquet",
            facts=home / "facts",
            out=out,
            history=KnownHistory(margin=0),
        )
    return pq.read_table(out)


@settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(story=told, spine=rows, chance=st.integers(0, 2**32).map(random.Random))
def test_arrays_and_sql_give_the_same_bits_at_once_and_in_parts(
    tmp_path: Path, story: Any, spine: Any, chance: random.Random
) -> None:
    home = tmp_path / str(next(numbers))
    home.mkdir()
    write_facts(facts_of(story), home / "facts", Topics(definitions.groups))
    write_spine(spine, home / "spine.parquet")
    names = chance.sample(names_of(definitions, ("message", "purchase_intent", "lead", "hot")), 40)
    chosen = definitions.choose("test", names)
    by_sql = table(BySql(home, threads=1), home, chosen, definitions)
    assert table(DuckEngine(home, threads=1), home, chosen, definitions).equals(by_sql)
    in_parts = DuckEngine(home, threads=1, at_once=7)
    assert table(in_parts, home, chosen, definitions).equals(by_sql)


def test_the_highest_of_overlapping_intervals_is_found_at_every_place() -> None:
    chance = np.random.default_rng(1)
    for size in (1, 2, 7, 64, 100):
        begin = chance.integers(0, size, 40)
        end = np.minimum(begin + 1 + chance.integers(0, size, 40), size)
        values = chance.integers(0, 1000, 40)
        expected = [
            max((v for b, e, v in zip(begin, end, values, strict=True) if b <= at < e), default=-1)
            for at in range(size)
        ]
        assert highest_over(size, begin, end, values).tolist() == expected


def test_numbers_too_large_to_be_packed_are_sorted_too() -> None:
    for most in (10, 2**40, 2**62):
        found = np.random.default_rng(2).integers(0, most, 500)
        assert found[sorting(found)].tolist() == sorted(found.tolist())


def test_a_request_is_placed_after_an_instant_of_its_own_entity_alone() -> None:
    axis = RequestAxis(np.array([5, 5, 9, 5]), np.array([10, 30, 20, 30]))
    assert axis.size == 3
    assert axis.of_row.tolist() == [0, 1, 2, 1]
    k, at = np.array([5, 5, 5, 9, 7]), np.array([10, 11, 31, 0, 0])
    assert axis.place(k, axis.ranked(k, at)).tolist() == [0, 1, 3, 2, 3]
    assert axis.running(np.array([1, 2, 4])).tolist() == [1, 3, 4]
    assert axis.running_max(np.array([7, 2, 4])).tolist() == [7, 7, 4]
