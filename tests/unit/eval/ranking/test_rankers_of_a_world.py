"""A ranker of a world says what is true there, and its candidates hold what people went on to buy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.ranking.ranked_log import ranked_log
from eval.ranking.trained import measured_ranker
from eval.verbs.ranking import app
from eval.world.decided import measured_decisions
from eval.world.knobs import WorldKnobs
from eval.world.made import make_world
from eval.world.world_folder import write_world
from intent.bootstrap.resources import locate
from intent.classify.route import load_route
from intent.features.check.feature_profile import read_profile
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.ranking.ranker_folder import load_ranker


@pytest.fixture(scope="module")
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture(scope="module")
def world(
    definitions: Definitions, taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    topics = Topics(definitions.groups)
    decisions = measured_decisions(topics, taxonomy, load_route(locate("prompts") / "route.yaml"))
    folder = tmp_path_factory.mktemp("world") / "one"
    knobs = WorldKnobs(impressions=24_000, days=6, creators=60, need=2.0)
    write_world(make_world(knobs, 1, decisions, topics), folder, topics)
    return folder


def test_a_ranker_is_calibrated_on_later_days_and_pinned(
    world: Path, definitions: Definitions, tmp_path: Path
) -> None:
    said = CliRunner().invoke(app, ["train", str(world), "--out", str(tmp_path), "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found == json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["train"]
    assert found["of_truth"]
    assert found["first_place"] == pytest.approx(1, abs=0.1)
    assert found["click"]["error"] < 0.06
    assert found["click"]["auc"] > 0.55
    assert 0.3 < found["order"]["said"] / found["order"]["rate"] < 3
    assert found["known_share"] < 1
    assert all(day["low"] < day["ratio"] < day["high"] for day in found["click"]["by_day"].values())
    assert "Infinity" not in said.stdout
    model = load_ranker(tmp_path / "ranker", definitions)
    assert model.feature_set.version == found["digest"]
    assert read_profile(tmp_path / "ranker", definitions)[0].digest == found["digest"]


def test_a_network_is_trained_beside_trees_and_read_again(
    world: Path, definitions: Definitions, tmp_path: Path
) -> None:
    asked = ["train", str(world), "--out", str(tmp_path), "--model", "esmm", "--json"]
    said = CliRunner().invoke(app, asked)
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert (found["model"], found["feature_set"]) == ("esmm", "ranking_sequence_v1")
    assert found["click"]["auc"] > 0.52  # a few steps over a small world teach it little
    assert found["processor_seconds"] > 0
    model = load_ranker(tmp_path / "ranker", definitions)
    assert model.feature_set.version == found["digest"]
    assert not (tmp_path / "learning.pt").exists()


def test_a_column_that_is_the_label_is_refused_by_its_name(
    world: Path, definitions: Definitions, tmp_path: Path
) -> None:
    chosen = definitions.choose("few", ["room__lead__count_1h", "user__lead__count_7d"])
    log = ranked_log(world, tmp_path, chosen, definitions)
    log.matrix[:, 1] = log.shown.told
    with pytest.raises(OperatorError, match=r"user__lead__count_7d \(tells ordered"):
        measured_ranker(log)


def test_candidates_are_better_than_what_many_watch_and_that_than_chance(
    world: Path, tmp_path: Path
) -> None:
    said = CliRunner().invoke(
        app, ["recall", str(world), "--out", str(tmp_path), "--at", "4", "--json"]
    )
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["live"] > 4
    assert max(found["tuned"]) < min(found["judged"])
    assert 0.1 <= found["knobs"]["need"] <= 0.8
    every = next(one for one in found["lines"] if (one["of"], one["group"]) == ("click", "all"))
    assert every["recall"] > every["chance"] + 0.03
    assert every["fame"] > every["chance"]
    assert sum(found["reasons"].values()) == pytest.approx(1)


def test_features_that_say_the_same_are_told_and_the_first_named_stays(
    world: Path, tmp_path: Path
) -> None:
    said = CliRunner().invoke(
        app, ["features", str(world), "--out", str(tmp_path), "--set", "ranking_v2", "--json"]
    )
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert len(found["pairs"]) < 12
    assert {pair["other"] for pair in found["pairs"]} >= set(found["leave"])
    assert max(one["click"] for one in found["worth"]) > 0


def test_people_read_tables(world: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["recall", str(world), "--out", str(tmp_path), "--at", "4"])
    assert "by chance" in said.stdout
