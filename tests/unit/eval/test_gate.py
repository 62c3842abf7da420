"""A planted regression is caught and named, the same thing twice passes, and too few messages are
called too few.
"""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree

import pytest

from eval.measure.finished import load_run
from eval.run.suite import Gate
from eval.verdict.baseline import bless
from eval.verdict.checks import Verdict
from eval.verdict.compare import compare
from eval.verdict.gate import check_run, metric_names
from eval.verdict.judged import judge, require_gate
from eval.verdict.junit import junit
from eval.verdict.markdown import escape
from eval.verdict.summary import headline, summary
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import Oracle, confusing, deaf, local, make_run, taxonomy, write_suite


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a suite, a blessed baseline and some candidates."""
    folder = tmp_path_factory.mktemp("gate")
    suite = write_suite(folder)
    make_run(folder / "good", suite, local(Oracle()))
    judge(folder / "good", taxonomy(), baselines=folder / "baselines")
    bless(load_run(folder / "good", taxonomy()), folder / "baselines")
    make_run(folder / "again", suite, local(Oracle()))
    make_run(
        folder / "confusing",
        suite,
        local(Oracle(twist=confusing("price_inquiry", "product_inquiry"))),
    )
    make_run(folder / "deaf", suite, local(Oracle(twist=deaf("th"))))
    make_run(folder / "other", suite, local(Oracle(seed="b")))
    make_run(folder / "better", suite, local(Oracle(wrong=0.02)))
    return folder


@cache
def judged(home, name):
    return judge(home / name, taxonomy(), baselines=home / "baselines")


def test_the_same_thing_twice_passes(home) -> None:
    found = judged(home, "again")
    assert require_gate(found).verdict is Verdict.PASSED
    assert headline(found).startswith("May ship: decides all")
    assert found.comparison is not None
    assert found.comparison.flips == ()


def test_two_labels_that_are_confused_fail_the_gate_and_are_named(home) -> None:
    found = judged(home, "confusing")
    failed = [check.name for check in require_gate(found).of(Verdict.FAILED)]
    assert "f1:price_inquiry" in failed
    assert not any(name.startswith("lead_f1") for name in failed)
    assert "price_inquiry" in headline(found)
    assert "price_inquiry" in summary(found)


def test_a_language_that_is_lost_fails_the_gate_and_is_named(home) -> None:
    found = judged(home, "deaf")
    failed = [check.name for check in require_gate(found).of(Verdict.FAILED)]
    assert "lead_f1 in lang=th" in failed
    assert not any("lang=en" in name for name in failed)
    assert any(
        one.where == "lang=th" and one.judgement == "worse" for one in found.comparison.slices
    )


def test_other_errors_in_the_same_number_are_not_called_a_regression(home) -> None:
    found = judged(home, "other")
    report = require_gate(found)
    assert report.of(Verdict.FAILED) == []
    assert found.comparison.flips


def test_something_better_passes_and_is_called_better(home) -> None:
    found = judged(home, "better")
    assert require_gate(found).verdict is Verdict.PASSED
    shown = {one.metric: one.judgement for one in found.comparison.overall}
    assert shown["lead_f1"] == shown["exact_match"] == shown["cost_per_1000"] == "better"


def test_a_difference_too_small_for_the_data_is_inconclusive_and_says_how_many_messages_it_would_take(
    home, tmp_path
) -> None:
    suite = write_suite(home)
    make_run(tmp_path / "before", suite, local(Oracle()), sample=400)
    make_run(tmp_path / "after", suite, local(Oracle(seed="b")), sample=400)
    before, after = (load_run(tmp_path / name, taxonomy()) for name in ("before", "after"))
    report = check_run(after, before, taxonomy())
    assert report.verdict is Verdict.INCONCLUSIVE
    open_checks = [check for check in report.of(Verdict.INCONCLUSIVE) if check.needed]
    assert open_checks
    assert all(
        check.needed > 400 and f"{check.needed:,} messages" in check.why for check in open_checks
    )


def test_a_part_of_the_suite_is_neither_gated_nor_blessed(home, tmp_path) -> None:
    make_run(tmp_path / "part", home / "suite.yaml", local(Oracle()), sample=60)
    found = judge(tmp_path / "part", taxonomy(), baselines=home / "baselines")
    with pytest.raises(OperatorError, match="part of the suite"):
        require_gate(found)
    with pytest.raises(OperatorError, match="part of the suite"):
        bless(found.run, tmp_path)


def test_without_a_baseline_the_gate_says_how_to_get_one(home, tmp_path) -> None:
    found = judge(home / "good", taxonomy(), baselines=tmp_path)
    assert found.comparison is None
    with pytest.raises(OperatorError, match="bless"):
        require_gate(found)


def test_a_message_that_must_be_right_fails_the_gate_alone(home, tmp_path) -> None:
    wrong = next(
        one
        for one in load_run(home / "good", taxonomy()).predictions
        if "th-" in one.id and one.labels != ("chatter",)
    )
    suite = write_suite(tmp_path, f"must_pass: [{wrong.id}]")
    make_run(
        tmp_path / "deaf",
        suite,
        local(Oracle(twist=lambda row, labels: ("chatter",) if row.id == wrong.id else labels)),
    )
    found = judge(tmp_path / "deaf", taxonomy(), baselines=home / "baselines")
    assert [check.name for check in require_gate(found).of(Verdict.FAILED)] == [
        f"must pass: {wrong.id}"
    ]


def test_junit_counts_failures_and_calls_the_inconclusive_skipped(home) -> None:
    root = ElementTree.fromstring(junit(judged(home, "confusing")))
    report = require_gate(judged(home, "confusing"))
    assert int(root.get("tests")) == len(report.checks)
    assert (
        int(root.get("failures"))
        == len(root.findall("testcase/failure"))
        == len(report.of(Verdict.FAILED))
    )
    assert (
        int(root.get("skipped"))
        == len(root.findall("testcase/skipped"))
        == len(report.of(Verdict.INCONCLUSIVE))
    )


def test_what_people_write_cannot_become_markdown() -> None:
    assert (
        escape("a|b <img> `x` [y](z) @all\n# head")
        == "a&#124;b &#60;img&#62; &#96;x&#96; &#91;y&#93;(z) &#64;all &#35; head"
    )


def test_without_clusters_the_comparison_has_an_exact_mcnemar_test(home, tmp_path) -> None:
    suite = write_suite(tmp_path, "clusters: none")
    runs = [
        make_run(tmp_path / name, suite, local(Oracle(wrong=wrong)))
        for name, wrong in (("a", 0.1), ("b", 0.05))
    ]
    found = compare(*(load_run(run, taxonomy()) for run in runs), taxonomy())
    assert found.mcnemar is not None
    assert found.mcnemar < 0.001
    assert (found.only_before_right, found.only_after_right > 10) == (0, True)


def test_a_gate_on_a_metric_that_does_not_exist_is_refused_before_anything_runs() -> None:
    with pytest.raises(OperatorError, match="leed_f1"):
        metric_names(taxonomy().names, (Gate(metric="leed_f1", margin=0.1),))
    metric_names(
        taxonomy().names, (Gate(metric="f1:*", margin=0.1), Gate(metric="latency_p90", limit=2.0))
    )
