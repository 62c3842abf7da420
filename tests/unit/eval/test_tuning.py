"""Runs become settings: what answers are worth, and which messages are worth asking."""

from __future__ import annotations

import pytest
import yaml

from eval.measure.finished import load_run
from eval.measure.routing import frontier, opinions, repair
from eval.run.manifest import Decider
from eval.run.predictions import guess
from eval.run.subject import LocalSubject
from eval.verbs.tuning import calibrate, route_run
from intent.classify.llm.calibration import load_calibration
from intent.classify.route import load_route
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import Oracle, make_run, taxonomy, write_suite


class BothSubject(LocalSubject):
    """An LLM's run with a local opinion beside, of oracles; every answer costs a thousandth of a
    dollar.
    """

    def __init__(self, asked: Oracle, beside: Oracle) -> None:
        super().__init__(
            asked,
            Decider(
                by="llm",
                taxonomy=taxonomy().version,
                prompt="0123456789ab",
                llm="gpt-6-luna",
                model="local",
            ),
        )
        self._beside = beside

    def decide(self, batch, repeat):
        said = zip(
            super().decide(batch, repeat),
            self._beside.classify([item.message for item in batch]),
            strict=True,
        )
        return [
            one.model_copy(update={"stage": "llm", "nanodollars": 1_000_000, "local": guess(other)})
            for one, other in said
        ]


@pytest.fixture
def run_of(tmp_path):
    def make(asked: Oracle, beside: Oracle):
        return make_run(
            tmp_path / "run",
            write_suite(tmp_path, "usd_per_false_lead: 0.1"),
            BothSubject(asked, beside),
        )

    return make


def test_what_answers_are_worth_is_measured_and_read_back_by_the_service(run_of, tmp_path) -> None:
    path = tmp_path / "calibration.yaml"
    path.write_text("# What answers are worth.\nmeasured: []\n", encoding="utf-8")
    run = run_of(Oracle(wrong=0.2), Oracle())
    for _ in range(2):
        calibrate(run, path)
    found = load_calibration(path, taxonomy(), prompt="0123456789ab", model="gpt-6-luna")
    assert found.version != "unmeasured"
    assert 0.7 < found.probabilities(["spam"])["spam"] < 0.95
    assert path.read_text(encoding="utf-8").startswith("# What answers are worth.\n")
    assert len(yaml.safe_load(path.read_text(encoding="utf-8"))["measured"]) == 1


def test_asking_more_costs_more_and_ends_with_the_answers_own_mistakes(run_of) -> None:
    run = load_run(run_of(Oracle(wrong=0.05), Oracle(wrong=0.3)), taxonomy())
    found = opinions(run.scored, run.predictions, taxonomy())
    points = frontier(found, usd_per_false_lead=0.1)
    assert [points[0].share, points[-1].share] == [0.0, 1.0]
    assert [point.dollars for point in points] == sorted(point.dollars for point in points)
    assert points[-1].mistakes == pytest.approx(1000 * run.scored.cost.mean())
    assert points[-1].lead_f1 > points[0].lead_f1
    repaired, introduced = repair(found)
    assert 0.5 < repaired <= 1.0
    assert introduced < 0.2


def test_a_route_is_written_where_asking_pays_and_refused_where_it_does_not(
    run_of, tmp_path
) -> None:
    route_run(run_of(Oracle(wrong=0.02), Oracle(wrong=0.4)), tmp_path / "route.yaml")
    assert 0 < load_route(tmp_path / "route.yaml").share <= 1


def test_a_route_by_answers_that_are_worse_is_refused(run_of, tmp_path) -> None:
    run = run_of(Oracle(wrong=0.9), Oracle(wrong=0.0))
    with pytest.raises(OperatorError, match="does not pay"):
        route_run(run, tmp_path / "route.yaml")
    assert not (tmp_path / "route.yaml").exists()


def test_a_run_without_both_opinions_cannot_choose_a_route(tmp_path) -> None:
    from tests.unit.eval.oracle import local

    run = make_run(tmp_path / "run", write_suite(tmp_path), local(Oracle()))
    with pytest.raises(OperatorError, match="both opinions"):
        route_run(run, None)
