"""Training rows, held against brute force over random histories with late, re-decided and overtaken facts."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intent.bootstrap import groups
from intent.errors import OperatorError
from intent.features.build import build
from intent.features.definitions import Definitions, load_definitions
from intent.features.duck import DuckEngine
from intent.features.events import Topics
from intent.features.history import History
from intent.resources import locate
from intent.taxonomy import load_taxonomy
from tests.unit.features.brute import SECOND
from tests.unit.features.history import HOUR, NOW, Said, Verdict
from tests.unit.features.offline import differences, facts_of, names_of, rows, told, write_facts, write_spine

numbers = itertools.count()
TOPICS = ("message", "purchase_intent", "lead", "hot")


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    return load_definitions(taxonomy.names, groups(taxonomy))


def built(folder: Path, definitions: Definitions, story: Any, spine: Any, names: list[str], **options: Any) -> Any:
    home = folder / str(next(numbers))
    home.mkdir()
    facts = facts_of(story)
    write_facts(facts, home / "facts", Topics(definitions.groups))
    write_spine(spine, home / "spine.parquet")
    chosen = definitions.choose("test", names)
    with DuckEngine(home, threads=2) as engine:
        history = options.pop("history", History())
        report = build(engine, chosen, definitions, spine=home / "spine.parquet", facts=home / "facts", out=home / "out.parquet", history=history, **options)
    return chosen, pq.read_table(home / "out.parquet"), facts, report


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(story=told, spine=rows, margin=st.sampled_from([0, 5 * SECOND]))
def test_every_feature_of_every_row_equals_brute_force_as_known_then(tmp_path: Path, definitions: Definitions, story: Any, spine: Any, margin: int) -> None:
    names = names_of(definitions, TOPICS)
    chosen, table, facts, _ = built(tmp_path, definitions, story, spine, names, history=History(margin))
    assert table["request"].to_pylist() == list(range(len(spine)))
    assert differences(definitions, chosen, table, facts, margin) == []
