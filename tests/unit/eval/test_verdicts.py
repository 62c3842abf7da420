"""Verdicts do not mislead: what too few rooms tell is left open, and what nobody can settle is said
so.
"""

from __future__ import annotations

import dataclasses

import pytest

from eval.measure.estimating import difference, estimate
from eval.measure.finished import load_run
from eval.measure.metrics import measure
from eval.measure.registry import METRICS, metric_named
from eval.run.items import load_items
from eval.run.suite import load_suite
from eval.verdict.checks import Verdict
from eval.verdict.compare import compare
from eval.verdict.gate import check_run
from eval.verdict.judged import Judged
from eval.verdict.summary import headline, summary
from tests.unit.eval.oracle import Oracle, local, make_run, taxonomy, write_suite

RARE = "store_location"


def only_rooms_of(items, label: str, kept: int) -> str:
    """A filter that keeps all rooms without a label, and some of those with it."""
    holding = list(dict.fromkeys(i.room[1] for i in items if label in i.row.expected.labels))
    rooms = dict.fromkeys(i.room[1] for i in items if i.room[1] not in holding)
    return f"room={','.join([*rooms, *holding[:kept]])}"


def without(label: str):
    return lambda row, labels: tuple(one for one in labels if one != label) or ("chatter",)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs with a label in one room: everything right, and the label missed."""
    home = tmp_path_factory.mktemp("verdicts")
    suite = write_suite(home)
    asked = {"filters": (only_rooms_of(load_items(load_suite(suite)), RARE, 1),)}
    made = {}
    for name, oracle in {
        "right": Oracle(wrong=0),
        "missed": Oracle(wrong=0, twist=without(RARE)),
        "noisy": Oracle(wrong=0.1, seed="b"),
    }.items():
        made[name] = load_run(make_run(home / name, suite, local(oracle), **asked), taxonomy())
    return made


def check_of(report, name: str):
    return next(check for check in report.checks if check.name == name)


def test_a_label_that_stands_in_one_room_and_is_missed_is_inconclusive(runs) -> None:
    report = check_run(runs["missed"], runs["right"], taxonomy())
    found = check_of(report, f"f1:{RARE}")
    assert found.before == 1.0
    assert found.after == 0.0
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "in 1 room, and fewer than 5 show nothing" in found.why
    assert "p = 0" not in found.why
    assert "at least 0" not in found.why
    assert report.of(Verdict.FAILED) == []


def test_the_same_of_a_label_in_one_room_passes_since_nothing_changed(runs) -> None:
    report = check_run(runs["right"], runs["right"], taxonomy())
    assert check_of(report, f"f1:{RARE}").verdict is Verdict.PASSED


def test_a_comparison_claims_nothing_of_a_label_in_one_room(runs) -> None:
    found = compare(runs["right"], runs["missed"], taxonomy())
    assert next(one for one in found.labels if one.where == RARE).judgement == "cannot be told"


def test_a_label_in_one_room_has_a_value_without_an_interval(runs) -> None:
    run = runs["noisy"]
    found = measure(run.scored, run.suite, taxonomy())["labels"][RARE]["f1"]
    assert found["value"] is not None
    assert found["low"] is None
    assert found["rooms"] == 1


def test_a_limit_on_what_stands_in_one_room_or_nowhere_is_inconclusive(runs, tmp_path) -> None:
    gates = "\n".join(
        f'  - {{metric: "f1:{name}", limit: 0.99}}' for name in (RARE, "price_inquiry")
    )
    path = write_suite(tmp_path)
    path.write_text(path.read_text().partition("gates:")[0] + f"gates:\n{gates}\n")
    run = dataclasses.replace(runs["noisy"], suite=load_suite(path))
    verdicts = [check.verdict for check in check_run(run, None, taxonomy()).checks]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.FAILED]
    nowhere = run.scored.only(~run.scored.truth[:, taxonomy().names.index(RARE)])
    found = check_run(dataclasses.replace(run, scored=nowhere), None, taxonomy()).checks[0]
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_label_that_many_rooms_hold_and_is_missed_fails(tmp_path) -> None:
    suite = write_suite(tmp_path)
    runs = [
        load_run(make_run(tmp_path / name, suite, local(oracle)), taxonomy())
        for name, oracle in (
            ("right", Oracle(wrong=0)),
            ("missed", Oracle(wrong=0, twist=without(RARE))),
        )
    ]
    found = check_of(check_run(runs[1], runs[0], taxonomy()), f"f1:{RARE}")
    assert found.verdict is Verdict.FAILED
    assert "p = 0)" not in found.why


def test_what_no_such_suite_can_settle_is_not_dressed_as_a_number_of_messages(
    tmp_path, runs
) -> None:
    """The harm sits so close to its margin that no number of messages would tell them apart."""
    after = runs["noisy"]
    change = difference(METRICS["lead_f1"], runs["right"].scored, after.scored)
    path = write_suite(tmp_path)
    gate = f"gates: [{{metric: lead_f1, margin: {-change.value + 1e-7:.9f}}}]\n"
    path.write_text(path.read_text().partition("gates:")[0] + gate)
    after = dataclasses.replace(after, suite=load_suite(path))
    report = check_run(after, runs["right"], taxonomy())
    assert report.checks[0].why.endswith("cannot be settled on this suite")
    judged = Judged(after, measure(after.scored, after.suite, taxonomy()), None, report)
    assert headline(judged).endswith("1 of them cannot be settled on this suite")
    assert "messages would settle" not in summary(judged)


def test_repeats_of_a_message_narrow_no_interval(tmp_path) -> None:
    """A decider that says the same four times has told nothing more than one that spoke once."""
    suite = write_suite(tmp_path, "clusters: none")
    once, often = (
        load_run(
            make_run(tmp_path / str(times), suite, local(Oracle()), repeat=times), taxonomy()
        ).scored
        for times in (1, 4)
    )
    for metric in (
        METRICS["exact_match"],
        METRICS["lead_f1"],
        metric_named(f"f1:{RARE}", taxonomy().names),
    ):
        one, four = (estimate(metric, each, clustered=False) for each in (once, often))
        assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.1)
        assert four.rooms == one.rooms


def test_repeated_messages_have_no_mcnemar_test(tmp_path) -> None:
    suite = write_suite(tmp_path, "clusters: none")
    runs = [
        load_run(make_run(tmp_path / name, suite, local(Oracle(wrong=wrong)), repeat=2), taxonomy())
        for name, wrong in (("a", 0.1), ("b", 0.05))
    ]
    assert compare(*runs, taxonomy()).mcnemar is None
