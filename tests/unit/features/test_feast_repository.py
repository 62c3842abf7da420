"""A repository for Feast names every entity, view and feature; where Feast is installed, it loads it."""

from __future__ import annotations

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
from intent.features.offline.by_date import write_by_date
from intent.features.offline.feast_repository import write_feast_repository
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

KEYS = ("platform", "user_id", "creator_id", "room_id", "item_id")


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


@pytest.mark.skipif(find_spec("feast") is None, reason="Feast is not installed: it pins pandas 2")
def test_feast_applies_it(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "feast.cli.cli", "apply"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


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
