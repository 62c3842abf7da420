"""Several runs side by side: one correction for all pairs, what each said of every message, and
which of them nobody beats in price and in mistakes.
"""

from __future__ import annotations

import dataclasses
import re
from functools import cache

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.measure.finished import load_run
from eval.report.matrix_page import matrix_page
from eval.report.plots import Axes, plot
from eval.run.predictions import lines_of, read_predictions
from eval.run.runner import PREDICTIONS
from eval.verdict.baseline import BASELINES
from eval.verdict.many import side_by_side
from eval.verdict.matrix_summary import matrix_brief, matrix_headline, matrix_summary
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import (
    Oracle,
    browsed,
    confusing,
    local,
    make_run,
    taxonomy,
    write_small_suite,
    write_suite,
)
from tests.unit.eval.resampled import resampled

PRICES = {"good": 3_000, "equal": 9_000, "cheap": 1_000}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two runs that err equally often, and a cheap one that confuses two labels."""
    folder = tmp_path_factory.mktemp("many")
    suite = write_suite(folder)
    twist = confusing("price_inquiry", "chatter")
    deciders = {
        "good": Oracle(wrong=0.05),
        "equal": Oracle(wrong=0.05, seed="b"),
        "cheap": Oracle(wrong=0.05, seed="c", twist=twist),
    }
    for name, oracle in deciders.items():
        path = make_run(folder / name, suite, local(oracle)) / PREDICTIONS
        priced = [
            one.model_copy(update={"nanodollars": PRICES[name], "slots": (("price", name),)})
            for one in read_predictions(path)
        ]
        path.write_bytes(lines_of(priced))
    return folder


@pytest.fixture(scope="module")
def found(home):
    return side_by_side([load_run(home / name, taxonomy()) for name in PRICES], taxonomy())


def test_only_the_run_that_differs_is_told_from_the_others(found) -> None:
    claims = {
        (pair.one, pair.other, one.metric, one.judgement)
        for pair in found.pairs
        for one in pair.changes
        if one.claimed
    }
    assert {claim[:2] for claim in claims} == {("good", "cheap"), ("equal", "cheap")}
    assert {judgement for *_, judgement in claims} == {"worse"}
    assert ("good", "cheap", "cost_per_1000", "worse") in claims


def test_every_pair_in_every_metric_is_one_family(found) -> None:
    assert found.claims == 3 * 5
    alone = side_by_side([one.run for one in found.contenders[::2]], taxonomy())
    for one, among in zip(alone.pairs[0].changes, found.pairs[1].changes, strict=True):
        assert among.change.value == one.change.value
        assert among.p >= one.p
        assert among.change.low <= one.change.low


def test_on_the_frontier_is_what_nobody_beats_in_price_and_mistakes(found) -> None:
    best = min(found.contenders[:2], key=lambda one: one.mistakes)
    kept = {one.name for one in found.contenders if one.on_frontier}
    assert kept == ({"good", "cheap"} if best.name == "good" else {"good", "equal", "cheap"})
    assert found.best is best
    assert matrix_headline(found).startswith(f"{best.name}'s mistakes cost least")
    assert "shown against cheap; not told apart from" in matrix_headline(found)


def test_the_page_has_what_every_run_said_of_every_message_with_slots(found, home) -> None:
    page = matrix_page(found, taxonomy(), home)
    shown = browsed(page)
    assert shown["runs"] == list(PRICES)
    assert len(shown["messages"]) == len(found.contenders[0].run.predictions)
    for place, contender in enumerate(found.contenders):
        for one, entry in zip(contender.run.predictions, shown["messages"], strict=True):
            assert entry["id"] == one.id
            assert entry["said"][place]["labels"] == list(one.labels)
            assert entry["said"][place]["slots"] == f"price “{contender.name}”"
    assert all(one["differs"] for one in shown["messages"])
    assert not re.search(r"@import|url\(|src=|https?://", page)
    assert page.count("<svg") == 2


def test_an_axis_whose_values_are_all_one_is_drawn() -> None:
    axes = Axes((0.0, 2.0), (50.0, 50.0))
    assert axes.place(1.0, 50.0) == axes.place(1.0, 80.0)
    drawn = plot("title", ("x", "y"), axes, [])
    assert [tick.text for tick in drawn.y_ticks] == ["50"]


def test_a_summary_comes_in_two_sizes(found) -> None:
    assert len(matrix_brief(found).splitlines()) == 2
    assert "One correction for all 15 questions" in matrix_summary(found)


def test_compare_of_three_runs_writes_one_page_that_links_to_theirs(home) -> None:
    folders = [str(home / name) for name in PRICES]
    assert CliRunner().invoke(app, ["report", folders[0]]).exit_code == 0
    ended = CliRunner().invoke(app, ["compare", *folders])
    assert ended.exit_code == 0, ended.output
    assert "mistakes cost least" in ended.output
    assert 'href="good/report.html"' in (home / "compare.html").read_text()
    assert (home / "compare.md").read_text().startswith("## 3 runs on ")
    brief = CliRunner().invoke(app, ["compare", *folders, "--brief", "-o", str(home / "there")])
    assert brief.stdout.startswith("**3 runs side by side**")
    assert (home / "there" / "compare.html").exists()


def test_one_run_is_wrong_use_and_runs_without_a_common_message_are_refused(home, tmp_path) -> None:
    assert CliRunner().invoke(app, ["compare", str(home / "good")]).exit_code == 2
    suite = write_small_suite(tmp_path, by="local")
    first, second = (
        make_run(tmp_path / key, suite, local(Oracle()), filters=(f"id={key}",))
        for key in ("en-001-01", "en-001-02")
    )
    with pytest.raises(OperatorError, match="no message in common"):
        side_by_side([load_run(one, taxonomy()) for one in (first, second)], taxonomy())


@cache
def shipped():
    return load_run(BASELINES / "local", taxonomy())


def claimed(seed: int, runs: int = 4) -> bool:
    drawn = [
        dataclasses.replace(resampled(shipped(), taxonomy(), runs * seed + one), manifest=None)
        for one in range(runs)
    ]
    return any(
        one.claimed for pair in side_by_side(drawn, taxonomy()).pairs for one in pair.changes
    )


def test_where_nothing_differs_among_four_runs_nothing_is_claimed() -> None:
    assert not any(claimed(seed) for seed in range(2))
