"""A run can be stopped anywhere, resumed to the same result, filtered, sampled and repeated, and
never mixes with another.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval.measure.finished import load_run
from eval.run.items import chosen, load_items, parse_filters, slice_values
from eval.run.manifest import read_manifest
from eval.run.predictions import Prediction, lines_of, read_predictions
from eval.run.runner import PREDICTIONS
from eval.run.suite import load_suite
from intent.model.errors import OperatorError, TemplateError
from tests.unit.eval.oracle import Oracle, local, make_run, taxonomy, write_suite

ROOT = Path(__file__).resolve().parents[3]


class Killed(BaseException):
    """Stands for SIGKILL: nothing can catch it and clean up."""


class Dying(Oracle):
    """Dies when it is asked the Nth time."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._calls = calls

    def classify(self, messages):
        self._calls -= 1
        if self._calls < 0:
            raise Killed
        return super().classify(messages)


def timeless(folder) -> list[Prediction]:
    return [
        one.model_copy(update={"latency": 0.0}) for one in read_predictions(folder / PREDICTIONS)
    ]


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path)


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_run_that_was_killed_resumes_to_the_same_result_and_decides_nothing_twice(
    tmp_path, suite, calls
) -> None:
    whole = make_run(tmp_path / "whole", suite, local(Oracle()))
    with pytest.raises(Killed):
        make_run(tmp_path / "killed", suite, local(Dying(calls)))
    rest = Oracle()
    make_run(tmp_path / "killed", suite, local(rest), resume=True)
    assert timeless(tmp_path / "killed") == timeless(whole)
    assert rest.asked == len(timeless(whole)) - 256 * calls


@pytest.mark.parametrize("cut", [1, 150, 60_000])
def test_a_line_or_batch_that_was_cut_short_is_decided_again(tmp_path, suite, cut) -> None:
    whole = make_run(tmp_path / "whole", suite, local(Oracle()))
    with pytest.raises(Killed):
        make_run(tmp_path / "torn", suite, local(Dying(2)))
    path = tmp_path / "torn" / PREDICTIONS
    path.write_bytes(path.read_bytes()[:-cut])
    make_run(tmp_path / "torn", suite, local(Oracle()), resume=True)
    assert timeless(tmp_path / "torn") == timeless(whole)


def test_a_run_that_is_finished_decides_nothing_when_it_is_resumed(tmp_path, suite) -> None:
    make_run(tmp_path / "run", suite, local(Oracle()))
    again = Oracle()
    make_run(tmp_path / "run", suite, local(again), resume=True)
    assert again.asked == 0


def test_several_batches_at_a_time_give_the_same_run_as_one(tmp_path, suite) -> None:
    one = make_run(tmp_path / "one", suite, local(Oracle()))
    four = make_run(tmp_path / "four", suite, local(Oracle()), jobs=4)
    assert timeless(four) == timeless(one)


def test_a_run_is_not_written_over_and_not_mixed_with_another(tmp_path, suite) -> None:
    make_run(tmp_path / "run", suite, local(Oracle()))
    with pytest.raises(OperatorError, match="--resume"):
        make_run(tmp_path / "run", suite, local(Oracle()))
    with pytest.raises(OperatorError, match="decider changed"):
        make_run(tmp_path / "run", suite, local(Oracle(seed="other")), resume=True)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "note.txt").write_text("mine")
    with pytest.raises(OperatorError, match="neither empty nor a run"):
        make_run(tmp_path / "notes", suite, local(Oracle()))


def test_every_message_is_decided_once_for_each_repeat(tmp_path, suite) -> None:
    folder = make_run(tmp_path / "run", suite, local(Oracle()), repeat=2, sample=40)
    keys = [one.key for one in read_predictions(folder / PREDICTIONS)]
    assert len(keys) == len(set(keys)) == 80
    assert {repeat for repeat, _ in keys} == {0, 1}


def test_filters_keep_what_they_name_and_add_up_within_a_dimension(suite) -> None:
    items = load_items(load_suite(suite))
    kept = chosen(items, parse_filters(["lang=th,vi", "kind=chat"]), sample=None, seed=0)
    assert {slice_values(item.row)["lang"] for item in kept} == {"th", "vi"}
    assert {slice_values(item.row)["kind"] for item in kept} == {"chat"}
    assert all(
        "spam" in item.row.expected.labels
        for item in chosen(items, parse_filters(["label=spam"]), sample=None, seed=0)
    )


def test_a_sample_takes_whole_rooms_in_the_old_order_and_is_the_same_every_time(suite) -> None:
    items = load_items(load_suite(suite))
    drawn = chosen(items, {}, sample=100, seed=3)
    assert drawn == chosen(items, {}, sample=100, seed=3) != chosen(items, {}, sample=100, seed=4)
    assert len(drawn) == 100
    rooms = {item.room for item in drawn}
    whole = [
        room
        for room in rooms
        if sum(item.room == room for item in items) == sum(item.room == room for item in drawn)
    ]
    assert len(whole) >= len(rooms) - 1
    assert [item for item in items if item in drawn] == drawn


@pytest.mark.parametrize("wrong", ["lang", "colour=red", "lang="])
def test_a_filter_that_is_none_is_refused(wrong) -> None:
    with pytest.raises(OperatorError, match="DIMENSION=VALUE"):
        parse_filters([wrong])


def test_a_filter_that_leaves_nothing_is_an_error(suite) -> None:
    with pytest.raises(OperatorError, match="no message passes"):
        chosen(load_items(load_suite(suite)), parse_filters(["lang=xx"]), sample=None, seed=0)


def test_a_manifest_names_everything_that_the_run_was_made_of(tmp_path, suite) -> None:
    folder = make_run(tmp_path / "run", suite, local(Oracle()), sample=20)
    manifest = read_manifest(folder)
    assert manifest.items == 20
    assert manifest.finished is not None
    for value in (
        manifest.dataset_hash,
        manifest.code,
        manifest.decider.taxonomy,
        manifest.decider.model,
    ):
        assert len(value) >= 8
    assert "numpy" in manifest.versions


def test_a_prediction_of_a_message_that_has_changed_since_is_left_out(tmp_path, suite) -> None:
    folder = make_run(tmp_path / "run", suite, local(Oracle()), sample=20)
    path = folder / PREDICTIONS
    first, *rest = read_predictions(path)
    path.write_bytes(lines_of([first.model_copy(update={"seen": "another"}), *rest]))
    run = load_run(folder, taxonomy())
    assert run.stale == 1
    assert len(run.predictions) == 19


def test_an_unfinished_run_is_not_scored(tmp_path, suite) -> None:
    with pytest.raises(Killed):
        make_run(tmp_path / "killed", suite, local(Dying(1)))
    with pytest.raises(OperatorError, match="--resume"):
        load_run(tmp_path / "killed", taxonomy())


def test_a_folder_that_is_no_run_and_a_line_that_is_no_prediction_are_named(
    tmp_path, suite
) -> None:
    with pytest.raises(OperatorError, match=r"manifest\.json"):
        load_run(tmp_path, taxonomy())
    folder = make_run(tmp_path / "run", suite, local(Oracle()), sample=20)
    path = folder / PREDICTIONS
    path.write_bytes(path.read_bytes() + json.dumps({"id": 3}).encode() + b"\n")
    with pytest.raises(OperatorError, match=r"predictions\.jsonl:21"):
        load_run(folder, taxonomy())


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("colour: red", "colour"),
        ("stream_lead_share: 2", "stream_lead_share"),
        ("alerts_per_1000: 0", "alerts_per_1000"),
    ],
)
def test_a_suite_with_an_unknown_key_or_a_wrong_value_is_named(tmp_path, more, where) -> None:
    with pytest.raises(TemplateError, match=where):
        load_suite(write_suite(tmp_path, more))


def test_a_gate_has_a_margin_or_a_limit_but_not_both(tmp_path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: x\ndataset: .\nsplits: [test]\nby: local\ngates: [{metric: lead_f1, margin: 0.1, "
        "limit: 0.5}]\n"
    )
    with pytest.raises(TemplateError, match="either a margin or a limit"):
        load_suite(path)


@pytest.mark.slow
def test_a_run_whose_process_was_killed_resumes_to_the_same_result(tmp_path) -> None:
    """The real local model, in a process that gets SIGKILL as soon as its first batch is on the
    disk; two more batches follow that one.
    """
    suite = ["--suite", "eval/suites/local.yaml", "--sample", "600"]
    words = [sys.executable, "-m", "eval", "run", *suite, "-o"]
    subprocess.run(
        [*words, str(tmp_path / "whole")], cwd=ROOT, capture_output=True, timeout=200, check=True
    )
    process = subprocess.Popen(
        [*words, str(tmp_path / "killed")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    path = tmp_path / "killed" / PREDICTIONS
    while process.poll() is None and not (path.exists() and path.stat().st_size):
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=60)
    assert read_manifest(tmp_path / "killed").finished is None
    subprocess.run(
        [*words, str(tmp_path / "killed"), "--resume"],
        cwd=ROOT,
        capture_output=True,
        timeout=200,
        check=True,
    )
    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")
