"""A chat file becomes a labelled suite: chosen, labelled twice, settled, measured."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval.__main__ import app
from eval.annotation import labelstudio
from eval.annotation.intake import add, entry_of, read_messages
from eval.data.dataset import load_dataset, load_entries
from eval.data.lint import lint
from eval.run.items import load_items
from eval.run.suite import load_suite
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import taxonomy

TEXTS = (
    "how much is the red one",
    "hello all",
    "two red ones please",
    "hello all",
    "ship to Oslo?",
)


def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.jsonl"
    lines = [
        json.dumps(
            {
                "platform": "shop",
                "room_id": f"r{number % 2}",
                "message_id": f"m{number}",
                "user_id": f"u{number}",
                "kind": "comment",
                "text": text,
                "sent_at": "2026-11-20T20:00:00+08:00",
            }
        )
        for number, text in enumerate(TEXTS)
    ]
    path.write_text("\n".join([*lines, lines[0], "{"]) + "\n", encoding="utf-8")
    return path


def invoke(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def data(*words: object) -> str:
    found = invoke("data", *words)
    assert found.exception is None, found.exception
    return found.output


def fill(path: Path, labels: list[str], slots: list[str]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    for line, chosen, found in zip(lines, labels, slots, strict=True):
        line |= {"labels": chosen, "slots": found}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, lines[0], delimiter=";")
        writer.writeheader()
        writer.writerows(lines)


def labelled(tmp_path: Path) -> Path:
    """Two annotators disagree about the third message's labels and the first one's slots."""
    home, tasks = tmp_path / "mine", tmp_path / "tasks"
    words = ("--only", "waiting", "--format", "csv", "--overlap", "1", "-o", tasks)
    data("add", chat(tmp_path), home)
    data("export", "--dataset", home, *words, "--annotator", "anna", "--annotator", "ben")
    said = ["PR", "CH", "PU", "CH", "SH"]
    slots = ["", "", "quantity: two\nvariant: red", "", "place: Oslo"]
    fill(tasks / "anna.csv", said, ["variant: red", *slots[1:]])
    fill(tasks / "ben.csv", [*said[:2], "PU+PR", *said[3:]], ["product: red", *slots[1:]])
    for name in ("anna", "ben"):
        data("import", tasks / f"{name}.csv", "--dataset", home)
    return home


def test_a_chat_file_is_read_message_by_message_and_what_is_none_is_named(tmp_path) -> None:
    messages, faults = read_messages(chat(tmp_path))
    assert len(messages) == len(TEXTS)
    assert [one.where for one in faults] == ["line 7"]
    array = tmp_path / "chat.json"
    lines = chat(tmp_path).read_text(encoding="utf-8").splitlines()[:3]
    array.write_text(f"[{','.join(lines)}]", encoding="utf-8-sig")
    assert read_messages(array)[0] == messages[:3]
    (tmp_path / "empty.jsonl").write_text("{}\n")
    with pytest.raises(OperatorError, match="holds no message; line 1"):
        read_messages(tmp_path / "empty.jsonl")


def test_a_queue_of_messages_is_exported_as_it_is(tmp_path) -> None:
    messages, _ = read_messages(chat(tmp_path))
    queue = tmp_path / "queue.jsonl"
    lines = (
        {"row": entry_of(one).id, "message": one.model_dump(mode="json", exclude_none=True)}
        for one in messages
    )
    queue.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data("export", "--queue", queue, "-o", tmp_path / "tasks")
    tasks = json.loads((tmp_path / "tasks" / "all.json").read_text(encoding="utf-8"))
    assert [one["data"]["text"] for one in tasks] == list(TEXTS)
    assert "2 messages" not in data("add", queue, tmp_path / "mine")
    assert len(load_entries(tmp_path / "mine")) == len(TEXTS)


def test_messages_wait_outside_every_split_and_are_added_once(tmp_path) -> None:
    home = tmp_path / "mine"
    messages, _ = read_messages(chat(tmp_path))
    assert add(home, messages[:2], "dev").added == 2
    found = add(home, messages, "test")
    assert (found.added, found.known) == (3, 2)
    assert load_dataset(home) == []
    # A room is never torn: it stays where it stood first.
    assert {entry.metadata.split for entry in load_entries(home)} == {"dev"}
    assert "5 wait for labels" in data("lint", home)


def test_what_annotators_agree_on_is_settled_and_the_rest_stays_open_until_somebody_settles_it(
    tmp_path,
) -> None:
    home = labelled(tmp_path)
    assert [row.id for row in load_dataset(home)] == ["shop:m4", "shop:m1", "shop:m3"]
    found = invoke("data", "lint", home)
    assert found.exit_code == 1
    assert "shop:m0: the annotators disagree about slots" in found.output
    assert "shop:m2: the annotators disagree and nobody has adjudicated" in found.output
    agreed = data("agree", home, "--first", "anna", "--second", "ben")
    assert "anna gave 4, ben 4, both 3: F1 0.750" in agreed

    settle = tmp_path / "settle"
    words = ("--dataset", home, "--only", "disagreeing", "-o", settle)
    data("export", *words, "--format", "csv")
    text = (settle / "adjudicated.csv").read_text(encoding="utf-8-sig")
    assert "anna purchase_intent (quantity: two; variant: red)\nben purchase_intent+price" in text
    fill(settle / "adjudicated.csv", ["PR", "PU"], ["variant: red", "quantity: two"])
    data("import", settle / "adjudicated.csv", "--dataset", home)
    rows = {row.id: row.expected for row in load_dataset(home)}
    assert len(rows) == len(TEXTS)
    assert rows["shop:m2"].labels == ("purchase_intent",)
    assert [(one.kind, one.text) for one in rows["shop:m2"].slots] == [("quantity", "two")]
    assert invoke("data", "lint", home).exit_code == 0


def test_label_studio_shows_whoever_settles_what_each_annotator_said(tmp_path) -> None:
    entries = [one for one in load_entries(labelled(tmp_path)) if one.expected is None]
    shown = labelstudio.tasks(entries, blind=True, adjudicated=True)
    assert [one["model_version"] for one in shown[0]["predictions"]] == ["anna", "ben"]
    spans = [one["result"][1]["value"]["labels"] for one in shown[0]["predictions"]]
    assert spans == [["variant"], ["product"]]
    assert not any("annotations" in one for one in shown)


def test_a_settled_row_opens_again_when_a_later_annotator_disagrees(tmp_path) -> None:
    home = labelled(tmp_path)
    sheet = tmp_path / "carla.csv"
    sheet.write_text("id,labels,by\nshop:m4,CH,Carla\n", encoding="utf-8")
    data("import", sheet, "--dataset", home)
    assert "shop:m4" not in {row.id for row in load_dataset(home)}
    assert len(load_entries(home)) == len(TEXTS)


def test_rows_that_are_settled_later_take_their_place_in_time_within_their_room(tmp_path) -> None:
    home = labelled(tmp_path)
    sheet = tmp_path / "settled.csv"
    sheet.write_text("id,labels,by\nshop:m2,PU,adjudicated\n", encoding="utf-8")
    data("import", sheet, "--dataset", home)
    assert [row.id for row in load_dataset(home)] == ["shop:m2", "shop:m4", "shop:m1", "shop:m3"]
    # Real people say the same, and in the same second.
    assert lint(load_dataset(home), taxonomy()) == []


def test_the_suite_beside_a_new_dataset_measures_what_is_settled(tmp_path) -> None:
    home = labelled(tmp_path)
    items = load_items(load_suite(home / "suite.yaml"))
    assert [item.row.id for item in items] == ["shop:m4", "shop:m1", "shop:m3"]


def test_nobody_to_compare_is_said_with_who_there_is(tmp_path) -> None:
    found = invoke("data", "agree", labelled(tmp_path), "--first", "anna", "--second", "carla")
    assert isinstance(found.exception, OperatorError)
    assert "annotators of" in str(found.exception)
    assert "anna, ben" in str(found.exception)
