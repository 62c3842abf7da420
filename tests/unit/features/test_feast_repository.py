"""A repository for Feast names every entity, view and feature; where Feast is installed, it loads it."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import MEASURED_CODE, Topics
from intent.features.offline.by_date import write_by_date
from intent.features.offline.fact_files import write_facts
from intent.features.offline.facts import fact_columns
from intent.features.offline.feast_repository import write_feast_repository
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

KEYS = ("platform", "user_id", "creator_id", "room_id", "item_id")

FEAST = os.environ.get("FEAST_PYTHON") or (sys.executable if find_spec("feast") else None)
"""Python of an environment that has Feast, which pins pandas 2 and so goes with none of ours."""

SAID = datetime(2026, 10, 1, 10, tzinfo=UTC)

needs_feast = pytest.mark.skipif(FEAST is None, reason="FEAST_PYTHON names no Python with Feast")


@pytest.fixture(scope="module")
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture
def repository(tmp_path: Path, definitions: Definitions) -> Path:
    chosen = definitions.feature_set("ranking_v1")
    columns = {key: pa.array([f"{key}_1"]) for key in KEYS}
    columns["event_timestamp"] = pa.array([datetime(2026, 10, 1, tzinfo=UTC)])
    columns |= {name: pa.array([1.0]) for name in chosen.names}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    views = write_feast_repository(
        tmp_path / "repo", tmp_path / "rows.parquet", chosen, definitions
    )
    assert views[0] == "user_features"
    return tmp_path / "repo"


class Told:
    """Stands for a class of Feast and keeps what it was told."""

    def __init__(self, **parts: object) -> None:
        self.parts = parts


def test_it_names_every_entity_view_and_feature(
    repository: Path, definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Entity", "FeatureService", "FeatureView", "Field", "FileSource")
    for module, given in (
        ("feast", dict.fromkeys(names, Told)),
        ("feast.types", {"Float64": "Float64", "String": "String"}),
        ("feast.value_type", {"ValueType": Told}),
    ):
        made = ModuleType(module)
        made.__dict__.update(given)
        monkeypatch.setitem(sys.modules, module, made)
    monkeypatch.setattr(Told, "STRING", "STRING", raising=False)
    found = runpy.run_path(str(repository / "features.py"))
    chosen = definitions.feature_set("ranking_v1")
    views = [found[f"{view}_features"].parts for view in chosen.views]
    fields = [field.parts["name"] for view in views for field in view["schema"]]
    assert sorted(fields) == sorted(chosen.names)
    assert [one.parts["name"] for one in found["user_creator_features"].parts["entities"]] == [
        "platform",
        "user_id",
        "creator_id",
    ]
    assert found["service"].parts["tags"]["digest"] == chosen.version
    assert found["TIME_TO_LIVE"].days == 30


def ran(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(FEAST), *arguments], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_feast
def test_feast_applies_it(repository: Path) -> None:
    ran(repository, "-m", "feast.cli.cli", "apply")


def facts_in(folder: Path, definitions: Definitions) -> Path:
    """Write facts: one lead, decided at once with 0.2 and a minute later with 0.9, then taken back;
    and the word of a host.
    """
    topics = Topics(definitions.groups)
    event = int(SAID.timestamp()) * 1_000_000
    counts = 1 | 1 << MEASURED_CODE
    given = [("viewer", 1, counts, 200_000), ("viewer", 60, counts, 900_000), ("viewer", 180, 0, 0)]
    rows = [
        {
            **dict.fromkeys(fact_columns(topics), 0),
            **{key: f"{key}_1" for key in KEYS},
            **{"id": number, "message_id": "m", "revision": number - 1, "author_role": role},
            **{"decided_by": "llm", "event": event, "known": event + second * 1_000_000},
            **{"mask": mask, "p_lead": lead},
        }
        for number, (role, second, mask, lead) in enumerate([*given, ("host", 181, 1, 5)], 1)
    ]
    names = fact_columns(topics)
    columns = {name: [row[name] for row in rows] for name in names}
    write_facts(folder / "facts", pa.table(columns), topics)
    return folder / "facts"


@pytest.fixture
def with_facts(repository: Path, tmp_path: Path, definitions: Definitions) -> Path:
    chosen = definitions.feature_set("ranking_v1")
    facts = facts_in(tmp_path, definitions)
    rows = tmp_path / "rows.parquet"
    views = write_feast_repository(repository, rows, chosen, definitions, facts)
    assert views[-4:] == ["user_facts", "creator_facts", "room_facts", "item_facts"]
    return repository


def test_facts_have_the_instants_that_feast_wants(with_facts: Path) -> None:
    told = pq.read_table(with_facts / "facts.parquet")
    assert told["p_lead"].to_pylist() == [0.2, 0.9, None]
    known = [(one - SAID).total_seconds() for one in told["known_timestamp"].to_pylist()]
    assert known == [6, 65, 185]
    assert set(told["event_timestamp"].to_pylist()) == {SAID}
    code = (with_facts / "features.py").read_text("utf-8")
    assert '"p_lead": "user__lead__last_probability"' in code


JOIN = """
import json, sys
import pandas
from feast import FeatureStore

asked = pandas.DataFrame(json.loads(sys.argv[1]))
asked["event_timestamp"] = pandas.to_datetime(asked["event_timestamp"], utc=True)
store = FeatureStore(".")
found = store.get_historical_features(asked, store.get_feature_service("facts")).to_df()
values = found.sort_values("event_timestamp")["user__lead__last_probability"]
print(json.dumps([None if value != value else value for value in values]))
"""


@needs_feast
def test_feasts_own_join_reads_facts_as_they_were_known(with_facts: Path) -> None:
    ran(with_facts, "-m", "feast.cli.cli", "apply")
    asked = [
        {**{key: f"{key}_1" for key in KEYS}, "event_timestamp": f"2026-10-01T10:{minute}Z"}
        for minute in ("00:30", "02:00", "04:00")
    ]
    found = ran(with_facts, "-c", JOIN, json.dumps(asked)).splitlines()[-1]
    assert json.loads(found) == [0.2, 0.9, None]


def test_rows_by_date_are_a_source_too(
    repository: Path, tmp_path: Path, definitions: Definitions
) -> None:
    write_by_date(tmp_path / "rows.parquet", tmp_path / "built")
    chosen = definitions.feature_set("ranking_v1")
    write_feast_repository(repository, tmp_path / "built", chosen, definitions)
    assert f'path="{tmp_path / "built"}"' in (repository / "features.py").read_text("utf-8")
    with pytest.raises(OperatorError, match="cannot be read"):
        write_feast_repository(repository, tmp_path / "repo", chosen, definitions)


def test_rows_of_another_set_and_somebody_elses_folder_are_refused(
    repository: Path, definitions: Definitions
) -> None:
    rows = repository.parent / "rows.parquet"
    other = definitions.feature_set("sequences_v1")
    with pytest.raises(OperatorError, match="no column user__lead__tags_7d"):
        write_feast_repository(repository, rows, other, definitions)
    (repository / "features.py").write_text("mine = 1", encoding="utf-8")
    with pytest.raises(OperatorError, match="another folder"):
        write_feast_repository(repository, rows, definitions.feature_set("ranking_v1"), definitions)
