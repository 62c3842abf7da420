"""Only what a run decided wrongly is run again, and never passes for a run of the suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval.__main__ import app
from eval.measure.finished import load_run, wrong_decisions
from eval.run.assemble import rooms
from eval.run.items import load_items
from eval.run.llm_subject import LlmSubject
from eval.run.manifest import Decider
from eval.run.predictions import read_predictions
from eval.run.replies import RunLedger, RunReplies
from eval.run.runner import PREDICTIONS
from eval.run.suite import load_suite
from intent.model.errors import OperatorError
from tests.unit.classify.llm.asking import MemoryReplies
from tests.unit.eval.oracle import Oracle, local, make_run, taxonomy, write_small_suite


def invoke(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    more = "gates:\n  - {metric: lead_f1, limit: 0.1}"
    return write_small_suite(tmp_path, more=more, rows=60, by="local")


@pytest.fixture
def selection(tmp_path: Path, suite: Path) -> Path:
    make_run(tmp_path / "before", suite, local(Oracle(wrong=0.2)))
    words = ("--only-failures", tmp_path / "before", "-o", tmp_path / "again")
    assert invoke("run", "--suite", suite, *words).exit_code == 0
    return tmp_path / "again"


def test_only_what_was_wrong_in_labels_or_slots_is_decided_again(tmp_path, selection) -> None:
    before = load_run(tmp_path / "before", taxonomy())
    wrong = {one.id for _, one, _ in wrong_decisions(before, taxonomy())}
    assert {one.id for one in read_predictions(selection / PREDICTIONS)} == wrong
    # An oracle finds no slots: right labels are not enough.
    right = {one.id for one in before.predictions if one.id not in wrong}
    assert right
    assert any(one.labels == before.items[one.id].row.expected.labels for one in before.predictions)


def test_a_selection_says_so_and_is_neither_blessed_nor_gated(tmp_path, suite, selection) -> None:
    for name in ("report.html", "summary.md", "comment.md"):
        assert "A selection: only what" in (selection / name).read_text(encoding="utf-8")
    summary = (selection / "summary.md").read_text(encoding="utf-8")
    assert "It may not be blessed or gated" in summary
    assert "against before" in summary
    refused = invoke("bless", selection, "--baselines", tmp_path / "baselines")
    assert isinstance(refused.exception, OperatorError)
    gated = ("gate", "--suite", suite, "--run", selection, "--baselines", tmp_path / "baselines")
    assert "--only-failures" in str(invoke(*gated).exception)


def test_a_run_of_another_suite_and_one_without_mistakes_are_refused(tmp_path, suite) -> None:
    right = make_run(tmp_path / "right", suite, local(Oracle(wrong=0)))
    lines = (right / PREDICTIONS).read_text(encoding="utf-8").splitlines()
    items = load_run(right, taxonomy()).items
    told = [json.loads(line) for line in lines]
    for one in told:
        expected = items[one["id"]].row.expected.slots
        one["slots"] = [[slot.kind, slot.text] for slot in expected]
    text = "".join(json.dumps(one) + "\n" for one in told if "spam" not in one["labels"])
    (right / PREDICTIONS).write_text(text, encoding="utf-8")
    asked = ("--only-failures", right, "-o", tmp_path / "again")
    assert "nothing to run again" in str(invoke("run", "--suite", suite, *asked).exception)
    assert "add --suite" in str(invoke("run", *asked).exception)


def test_a_selection_is_asked_about_in_the_batches_of_the_whole_room(suite) -> None:
    items = load_items(load_suite(suite))
    room = sorted(
        (item for item in items if item.room == items[0].room),
        key=lambda item: (item.message.sent_at, item.message.message_id),
    )
    assert len(room) > 9
    decider = Decider(by="llm", taxonomy=taxonomy().version)
    subject = LlmSubject(
        _Silent(),
        RunReplies(MemoryReplies()),
        RunLedger(),
        decider,
        key=lambda claim: claim.message.message_id,
        history=rooms(items),
        batch=4,
        whole_rooms=True,
    )
    assert subject.batches([room[1], room[3], room[9]]) == [[room[1], room[3]], [room[9]]]
    assert subject.batches(room)[0] == room[:4]


class _Silent:
    """Implements Answerer: is never asked."""

    def answer(self, claims, before):
        raise AssertionError
