"""Drift is told from chance, and told by an exit code, as text, as JSON and on a page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from intent.cli.features import app
from intent.features.check.feature_profile import (
    drift,
    profiled,
    read_profile,
    write_profile,
)
from intent.features.check.profile_page import drift_page
from intent.features.definitions.definitions import Definitions, FeatureSet, load_definitions
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

NAMES = ("user__lead__count_1h", "user__lead__seconds_since_last", "user__lead__tags_7d")


@pytest.fixture(scope="module")
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture(scope="module")
def chosen(definitions: Definitions) -> FeatureSet:
    return definitions.choose("mine", NAMES)


def values(seed: int, rows: int = 4_000, missing: float = 0.2, rate: float = 0.5) -> np.ndarray:
    chance = np.random.default_rng(seed)
    ago = np.where(chance.random(rows) < missing, np.nan, chance.exponential(60, rows))
    return np.column_stack([chance.poisson(rate, rows).astype(float), ago])


def test_a_profile_says_what_is_missing_and_how_values_lie(chosen: FeatureSet) -> None:
    count, ago = profiled(values(1), chosen).shapes
    assert (count.name, count.missing, count.quantiles[0]) == (NAMES[0], 0, 0)
    assert ago.missing == pytest.approx(0.2, abs=0.03)
    assert ago.quantiles[4] == pytest.approx(60 * np.log(2), rel=0.1)
    assert sum(ago.shares) == pytest.approx(1)
    assert len(count.edges) < len(ago.edges), "equal tenths are one part"


@pytest.mark.parametrize(
    ("now", "alarming"),
    [
        (values(2), set()),
        (values(2, rows=20), set()),
        (values(2, missing=0.7), {NAMES[1]}),
        (values(2, rate=3.0), {NAMES[0]}),
        (np.full((4_000, 2), np.nan), {NAMES[0], NAMES[1]}),
    ],
    ids=["nothing", "few rows", "more is missing", "more is said", "all is missing"],
)
def test_drift_alarms_where_values_changed_and_not_by_chance(
    chosen: FeatureSet, now: np.ndarray, alarming: set[str]
) -> None:
    before = profiled(values(1), chosen)
    found = drift(profiled(now, chosen, before), before)
    assert {one.name for one in found if one.alarms(0.25)} == alarming
    assert [one.index for one in found] == sorted((one.index for one in found), reverse=True)


def test_without_drift_an_index_is_beyond_chance_once_in_a_thousand_times(
    chosen: FeatureSet,
) -> None:
    before = profiled(values(1, rows=3_000), chosen)
    beyond = 0
    for seed in range(300):
        found = drift(profiled(values(seed + 2, rows=300), chosen, before), before)
        beyond += sum(one.index > one.by_chance for one in found)
    assert beyond <= 6


def test_a_page_shows_every_feature_and_what_alarms(chosen: FeatureSet) -> None:
    before = profiled(values(1), chosen)
    now = profiled(values(2, missing=0.7), chosen, before)
    page = drift_page(now, before, drift(now, before), 0.25)
    assert "1 of 2 features have drifted beyond 0.25" in page
    assert page.index(NAMES[1]) < page.index(NAMES[0])
    assert page.count("<svg") == 2
    assert "http" not in page
    assert "None of 2" in drift_page(now, before, [], 0.25).replace("of 0", "of 2")


def test_a_profile_of_another_set_or_form_is_refused(
    tmp_path: Path, definitions: Definitions, chosen: FeatureSet
) -> None:
    before = profiled(values(1), chosen)
    other = profiled(values(1), definitions.choose("mine", NAMES[:2]))
    with pytest.raises(OperatorError, match="same set"):
        drift(other, before)
    with pytest.raises(OperatorError, match="no rows"):
        profiled(np.zeros((0, 2)), chosen)
    with pytest.raises(OperatorError, match="no profile"):
        read_profile(tmp_path, definitions)


def test_the_verb_shows_writes_and_alarms(
    tmp_path: Path, definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = definitions.feature_set("ranking_v1")
    chance = np.random.default_rng(1)
    for name, more in (("then", 0), ("now", 0), ("drifted", 3)):
        columns = {one: chance.poisson(1 + more, 800).astype(float) for one in chosen.names}
        pq.write_table(pa.table(columns), f"{name}.parquet")

    def run(*words: str) -> tuple[int, str]:
        said = CliRunner().invoke(app, ["profile", *words])
        return said.exit_code, said.stdout

    assert run("then.parquet", "--set", "ranking_v1", "--out", "then.json")[0] == 0
    assert read_profile(Path("then.json"), definitions)[0].rows == 800
    assert run("now.parquet", "--against", "then.json")[0] == 0
    code, said = run("drifted.parquet", "--against", "then.json", "--page", "d.html", "--json")
    assert code == 1
    assert len(json.loads(said)["alarms"]) == len(chosen.names)
    assert "drifted beyond" in Path("d.html").read_text(encoding="utf-8")
    assert run("drifted.parquet", "--page", "d.html")[0] == 1
    folder = tmp_path / "ranker"
    folder.mkdir()
    write_profile(read_profile(Path("then.json"), definitions)[0], folder / "profile.json")
    assert run("now.parquet", "--against", "ranker")[0] == 0
