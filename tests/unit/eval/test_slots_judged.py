"""Slots that got lost are seen: in flips, among the errors, in the summary and in the verdict."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.measure.finished import load_run
from eval.measure.slots import judged_slots
from eval.report.page import page
from eval.run.predictions import lines_of, read_predictions
from eval.run.runner import PREDICTIONS
from eval.verdict.checks import Verdict
from eval.verdict.judged import judge
from eval.verdict.summary import headline, summary
from tests.unit.eval.oracle import Oracle, browsed, chance, local, make_run, taxonomy, write_suite

GATE = "\ngates: [{metric: slot_f1, margin: 0.03}, {metric: lead_f1, margin: 0.03}]\n"


def tell_slots(folder, keep) -> None:
    """Give the predictions of a run those true slots that ``keep`` wants."""
    path = folder / PREDICTIONS
    items = load_run(folder, taxonomy()).items
    path.write_bytes(
        lines_of(
            one.model_copy(
                update={
                    "slots": tuple(
                        (slot.kind, slot.text)
                        for slot in items[one.id].row.expected.slots
                        if keep(one.id)
                    )
                }
            )
            for one in read_predictions(path)
        )
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A run that finds every slot, and one with the same labels that loses a quarter of them."""
    folder = tmp_path_factory.mktemp("slots")
    suite = write_suite(folder)
    gated = suite.read_text().partition("gates:")[0] + GATE
    for name in ("all", "fewer"):
        make_run(folder / name, suite, local(Oracle()))
        tell_slots(folder / name, lambda key, name=name: name == "all" or chance("s", key) > 0.25)
    return folder, suite, gated


def test_slots_that_got_lost_fail_a_gate_on_them(home) -> None:
    folder, suite, gated = home
    plain = suite.read_text()
    suite.write_text(gated)
    found = judge(folder / "fewer", taxonomy(), against=folder / "all")
    suite.write_text(plain)
    assert found.gate is not None
    assert [check.name for check in found.gate.of(Verdict.FAILED)] == ["slot_f1"]


def test_a_verdict_that_no_gate_on_slots_guards_names_what_became_of_them(home) -> None:
    folder, _, _ = home
    found = judge(folder / "fewer", taxonomy(), against=folder / "all")
    assert headline(found).startswith("May ship, though worse in slot F1, exact substrings 1.000 →")
    text = summary(found)
    assert "| slot F1, exact substrings |" in text
    assert "0 decisions became worse, 0 better, 0 other." in text
    assert "became worse, of 0 better." in text
    assert "missed " in text


def test_a_message_that_lost_its_slots_alone_is_a_flip_and_is_shown_on_the_page(home) -> None:
    folder, _, _ = home
    found = judge(folder / "fewer", taxonomy(), against=folder / "all")
    assert found.comparison is not None
    of_leads = [flip for flip in found.comparison.flips if flip.slot_gain]
    assert of_leads
    for flip in of_leads:
        assert flip.before == flip.after
        assert flip.kind == "worse"
        assert flip.slots_before == ""
        assert flip.slots_after.startswith("missed ")
    shown = browsed(page(found, taxonomy()))["messages"]
    assert sum(one["said"][-1]["faults"].startswith("missed ") for one in shown) >= len(of_leads)


def test_errors_list_messages_of_which_only_the_slots_are_wrong(home) -> None:
    folder, _, _ = home
    ended = CliRunner().invoke(app, ["errors", str(folder / "fewer"), "--json", "--limit", "9999"])
    rows = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    alone = [row for row in rows if row["expected"] == row["decided"]]
    assert alone
    assert all(row["missed_slots"] for row in alone)
    assert "slots are wrong or missed in" in ended.output


def test_slots_that_are_true_of_chatter_are_neither_asked_for_nor_wrong(home) -> None:
    folder, _, _ = home
    run = load_run(folder / "all", taxonomy())
    of_chatter = [
        one
        for one in run.predictions
        if one.slots and "chatter" in run.items[one.id].row.expected.labels
    ]
    assert of_chatter
    for one in of_chatter:
        row = run.items[one.id].row
        assert judged_slots(row, one, taxonomy()).mistakes == 0
        silent = one.model_copy(update={"slots": ()})
        assert judged_slots(row, silent, taxonomy()).mistakes == 0
        invented = one.model_copy(update={"slots": (("product", "something else"),)})
        assert judged_slots(row, invented, taxonomy()).story == "wrong product “something else”"
