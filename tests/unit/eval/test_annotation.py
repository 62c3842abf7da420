"""Labels leave for annotators and come back whole; what is malformed is named, and nothing is
imported by halves.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from eval.annotation import labelstudio
from eval.annotation.annotations import Given, import_into, merge
from eval.annotation.sampling import draw, inclusion, reasons, systematic
from eval.annotation.sheet import read_sheet, sheet
from eval.annotation.suspects import suspects
from eval.annotation.tasks import assign
from eval.data.agreement import by_guideline
from eval.data.dataset import Annotation, Row, load_dataset, of_split, read_file, write_file
from eval.measure.finished import load_run
from eval.verbs.annotating import import_labels
from eval.verbs.datasets import DATASET
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import Oracle, local, make_run, rows_by_message, taxonomy, write_suite


def rows() -> list[Row]:
    return of_split(list(rows_by_message().values()), "dev")[:200]


def without(row: Row, by: str) -> Row:
    return row.model_copy(update={"labels": tuple(held for held in row.labels if held.by != by)})


def written(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def test_label_studio_and_back_keeps_every_label(tmp_path) -> None:
    path = written(tmp_path, labelstudio.tasks(rows(), blind=False))
    given, faults = labelstudio.read_tasks(path, taxonomy(), by=None, guideline=1)
    assert faults == []
    bare = [row.model_copy(update={"labels": row.labels[:1]}) for row in rows()]
    merged, faults = merge(bare, given, taxonomy())
    assert faults == []
    assert merged == rows()
    assert sum(len(row.labels) for row in rows()) == len(given) > 300


def test_a_sheet_and_back_keeps_every_label_and_holds_no_formula(tmp_path) -> None:
    hostile = rows()[0].model_copy(
        update={"input": rows()[0].input.model_copy(update={"text": "=HYPERLINK(1)"})}
    )
    quoted = rows()[1].model_copy(
        update={"input": rows()[1].input.model_copy(update={"text": "'tis nice,\nreally"})}
    )
    original = [hostile, quoted, *rows()[2:]]
    path = tmp_path / "labels.csv"
    path.write_text(sheet(original, blind=False), encoding="utf-8-sig", newline="")
    cells = [
        cell for line in csv.reader(path.open(encoding="utf-8-sig", newline="")) for cell in line
    ]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    given, faults = read_sheet(path, by=None, guideline=1)
    assert faults == []
    merged, faults = merge(
        [row.model_copy(update={"labels": row.labels[:1]}) for row in original], given, taxonomy()
    )
    assert (merged, faults) == (original, [])


def test_blind_tasks_hold_no_label_and_suggestions_are_shown_only_when_asked_for() -> None:
    blind = json.dumps(labelstudio.tasks(rows(), blind=True))
    assert not any(label in blind for label in taxonomy().names if label not in {"spam", "chatter"})
    assert "expected" not in blind
    seen = labelstudio.tasks(rows()[:1], blind=True, guesses={rows()[0].id: ("spam",)}, model="m1")[
        0
    ]
    assert seen["predictions"][0]["result"][0]["value"]["choices"] == ["spam"]
    assert sheet(rows(), blind=True).count("author,") == 0


def test_the_labelling_configuration_offers_exactly_the_taxonomy() -> None:
    view = ElementTree.fromstring(labelstudio.configuration(taxonomy()))
    assert [choice.get("value") for choice in view.iter("Choice")] == list(taxonomy().names)
    assert [label.get("value") for label in view.iter("Label")] == list(taxonomy().slots)


def task(row: Row, *labels: str, **changes: object) -> dict:
    made = labelstudio.tasks(
        [row.model_copy(update={"labels": (Annotation(by="anna", labels=labels or ("spam",)),)})],
        blind=False,
    )[0]
    return {**made, **changes}


def test_every_malformed_task_is_named_with_its_row_and_reason(tmp_path) -> None:
    good, other, third = rows()[:3]
    wrong = [
        task(good),
        {"data": {}},
        task(other, "buying"),
        task(third, "spam", "price_inquiry"),
        task(good),
    ]
    given, faults = labelstudio.read_tasks(
        written(tmp_path, wrong), taxonomy(), by=None, guideline=1
    )
    assert [fault.where for fault in faults] == ["task 2"]
    named = {fault.where: fault.what for fault in merge(rows(), given, taxonomy())[1]}
    assert "not in the taxonomy: buying" in named[f"task 3 (row {other.id})"]
    assert "spam stands alone" in named[f"task 4 (row {third.id})"]
    assert named[f"task 5 (row {good.id})"] == "anna stands twice"


@pytest.mark.parametrize("content", ["{", '{"a": 1}'])
def test_a_file_that_is_no_list_of_tasks_is_refused(tmp_path, content) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(content)
    with pytest.raises(OperatorError, match="no Label Studio JSON"):
        labelstudio.read_tasks(path, taxonomy(), by=None, guideline=1)


def test_an_import_with_one_fault_changes_no_file_and_one_without_changes_what_it_says(
    tmp_path,
) -> None:
    home = tmp_path / "dataset"
    shutil.copytree(DATASET, home)
    before = {path.name: path.read_bytes() for path in home.glob("*.jsonl")}
    dev, test = (
        next(row for row in load_dataset(home) if row.metadata.split == split)
        for split in ("dev", "test")
    )
    given = [
        Given("task 1", dev.id, "anna", dev.expected.labels),
        Given("task 2", test.id, "anna", ("nothing",)),
    ]
    assert import_into(home, given, taxonomy())[1] != []
    assert {path.name: path.read_bytes() for path in home.glob("*.jsonl")} == before
    assert import_into(home, given[:1], taxonomy()) == (1, [])
    changed = {path.name for path in home.glob("*.jsonl") if path.read_bytes() != before[path.name]}
    assert changed == {"dev.jsonl"}
    assert (
        next(row for row in load_dataset(home) if row.id == dev.id).by("anna")
        == dev.expected.labels
    )


def test_the_verb_names_faults_and_imports_nothing(tmp_path) -> None:
    home = tmp_path / "dataset"
    shutil.copytree(DATASET, home)
    path = written(
        tmp_path,
        [
            {
                "data": {"row": "nobody", "text": "x"},
                "annotations": [{"completed_by": 7, "result": []}],
            }
        ],
    )
    with pytest.raises(OperatorError, match="nothing was imported"):
        import_labels(path, dataset=home)


def test_an_annotator_changes_their_mind_only_when_asked_to_and_adjudication_becomes_what_is_expected() -> (
    None
):
    row = next(
        row for row in rows() if row.expected.labels == ("chatter",) and not row.by("adjudicated")
    )
    other = Given("line 2", row.id, "author", ("spam",))
    assert "use --replace" in merge([row], [other], taxonomy())[1][0].what
    assert merge([row], [other], taxonomy(), replace=True)[0][0].by("author") == ("spam",)
    settled = merge([row], [Given("line 2", row.id, "adjudicated", ("spam",))], taxonomy())[0][0]
    assert settled.expected.labels == ("spam",)


def test_a_text_that_was_labelled_in_another_version_is_refused() -> None:
    row = rows()[0]
    assert (
        "another version"
        in merge([row], [Given("task 1", row.id, "anna", ("spam",), text="older")], taxonomy())[1][
            0
        ].what
    )


def test_agreement_is_told_apart_by_the_later_guideline() -> None:
    first, second = (without(row, "second") for row in rows()[:2])
    first = first.model_copy(
        update={"labels": (*first.labels, Annotation(by="second", labels=("spam",), guideline=2))}
    )
    second = second.model_copy(
        update={"labels": (*second.labels, Annotation(by="second", labels=("spam",)))}
    )
    assert {version: len(held) for version, held in by_guideline([first, second]).items()} == {
        1: 1,
        2: 1,
    }


def test_a_dataset_that_is_written_again_is_the_same_to_the_byte(tmp_path) -> None:
    write_file(tmp_path / "dev.jsonl", read_file(DATASET / "dev.jsonl")[0])
    assert (tmp_path / "dev.jsonl").read_bytes() == (DATASET / "dev.jsonl").read_bytes()


def test_annotators_share_a_part_and_divide_the_rest_by_rooms() -> None:
    given = assign(rows(), ["anna", "ben"], overlap=0.3, seed=1)
    anna, ben = ({row.id for row in given[name]} for name in ("anna", "ben"))
    assert anna | ben == {row.id for row in rows()}
    assert 0.3 <= len(anna & ben) / len(rows()) < 0.45
    rooms = [
        {row.input.room_id for row in rows() if row.id in mine - (anna & ben)}
        for mine in (anna, ben)
    ]
    assert rooms[0].isdisjoint(rooms[1])
    assert assign(rows(), ["anna"], overlap=0.0, seed=1)["anna"] == rows()


def test_every_message_is_drawn_as_often_as_its_probability_says() -> None:
    random = np.random.default_rng(3)
    probability = inclusion(random.exponential(1.0, 60), 15)
    assert probability.sum() == pytest.approx(15)
    assert probability.max() <= 1
    drawn = np.zeros(60)
    for _ in range(4000):
        rows_drawn = systematic(probability, random)
        assert len(rows_drawn) == len(set(rows_drawn.tolist())) == 15
        drawn[rows_drawn] += 1
    assert drawn / 4000 == pytest.approx(probability, abs=0.03)


def test_a_queue_prefers_what_is_unsure_and_can_be_weighted_back_to_the_whole() -> None:
    random = np.random.default_rng(5)
    chosen = np.eye(4, dtype=bool)[random.choice(4, 3000, p=[0.7, 0.2, 0.08, 0.02])]
    lead = random.beta(0.3, 0.3, 3000)
    speaking = reasons(chosen, lead, np.zeros(3000, dtype=bool))
    estimates = []
    for seed in range(100):
        drawn = draw(speaking, 150, seed=seed)
        estimates.append(sum(chosen[one.row, 0] / one.probability for one in drawn) / 3000)
        assert all(sum(one.reasons.values()) == pytest.approx(1) for one in drawn)
    assert np.mean(estimates) == pytest.approx(chosen[:, 0].mean(), abs=0.03)
    unsure = np.mean([abs(lead[one.row] - 0.5) for one in drawn])
    assert unsure < np.abs(lead - 0.5).mean()


def test_a_queue_longer_than_the_messages_takes_each_once() -> None:
    drawn = draw({"random": np.ones(5)}, 50, seed=1)
    assert [(one.row, one.probability) for one in drawn] == [(row, 1.0) for row in range(5)]


def test_labels_that_were_planted_wrong_are_suspected_first(tmp_path) -> None:
    folder = make_run(tmp_path / "run", write_suite(tmp_path), local(Oracle(wrong=0.0)))
    run = load_run(folder, taxonomy())
    assert suspects(run.items, run.scored) == []
    planted = run.scored.ids[7]
    truth = run.scored.truth.copy()
    truth[7] = ~truth[7]
    found = suspects(run.items, dataclasses.replace(run.scored, truth=truth))
    assert [one.id for one in found] == [planted]
