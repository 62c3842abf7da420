"""What `intent features build` prints, and when it fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from intent.cli.app import app
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.model.taxonomy import Taxonomy
from tests.unit.features.history import NOW, Said, Verdict
from tests.unit.features.offline import facts_of, write_facts

SURE = Verdict(("purchase_intent",), (900_000,) + (0,) * 12, 950_000, True, False)


@pytest.fixture
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture
def build(definitions: Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    sets = tmp_path / "sets.yaml"
    sets.write_text(
        "feature_sets:\n  mine:\n    features: [user__lead__count_7d, item__lead__count_7d]\n"
    )
    monkeypatch.setenv("INTENT_FEATURE_SETS", str(sets))
    monkeypatch.chdir(tmp_path)
    story = [(Said(NOW - 60_000_000, "1", "23", "r1", None), [(SURE, 0)])]
    write_facts(facts_of(story), tmp_path / "facts", Topics(definitions.groups))

    def build(users: list[str], items: list[str | None], *more: str) -> Result:
        at = datetime.fromtimestamp(NOW / 1e6, UTC) + timedelta(seconds=1)
        columns = {
            "event_timestamp": pa.array([at] * len(users), pa.timestamp("us", "UTC")),
            "platform": ["tiktok"] * len(users),
            "user_id": users,
            "item_id": items,
        }
        pq.write_table(pa.table(columns), tmp_path / "spine.parquet")
        files = ["--spine", "spine.parquet", "--facts", "facts", "--out", "out.parquet"]
        return CliRunner().invoke(app, ["features", "build", "--set", "mine", *files, *more])

    return build


def test_a_build_says_how_many_rows_found_their_entity(build: Any) -> None:
    done = build(["1", "2", "3"], [None] * 3, "--label", "more=user:lead:1h")
    assert done.exit_code == 0
    assert "user: 33.3% found" in done.stderr
    assert "item: no row has its key, 3 rows without a key" in done.stderr
    assert "more: missing in 3 rows" in done.stderr
    told = json.loads(build(["1", "2"], [None, None], "--json").stdout)
    assert told["matched"]["user"] == {"keyed": 2, "seen": 1}


@pytest.mark.parametrize(
    ("users", "least", "code"),
    [(["user:1"], None, 1), (["user:1"], "0", 0), (["1", "2"], "0.5", 0), (["1", "2"], "0.6", 1)],
)
def test_a_build_whose_ids_are_not_those_of_the_facts_exits_1(
    build: Any, tmp_path: Path, users: list[str], least: str | None, code: int
) -> None:
    done = build(users, [None] * len(users), *(["--min-match", least] if least else []))
    assert done.exit_code == code
    assert pq.read_table(tmp_path / "out.parquet").num_rows == len(users)
