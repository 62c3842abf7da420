"""What local model, LLM and people do not agree on is one list, the costliest first, and goes back
to people.
"""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval.__main__ import app
from eval.measure.contested import contested
from eval.measure.finished import load_run
from eval.run.manifest import read_manifest
from eval.run.predictions import Guess, Prediction, lines_of
from eval.run.runner import PREDICTIONS
from intent.model.errors import OperatorError
from tests.unit.eval.oracle import Oracle, local, make_run, taxonomy, write_small_suite

SAID = {
    # id: local, llm, author, second, adjudicated, role
    "missed": ("chatter", "price_inquiry", "price_inquiry", "price_inquiry", None, "viewer"),
    "agreed": ("chatter", "chatter", "chatter", "chatter", None, "viewer"),
    "contested": ("chatter", "chatter", "chatter", "spam", None, "viewer"),
    "settled": ("spam", "spam", "chatter", "price_inquiry", "price_inquiry", "viewer"),
    "hosted": ("price_inquiry", "chatter", "chatter", "chatter", None, "host"),
    "useless": ("chatter", None, "chatter", "chatter", None, "viewer"),
    "unasked": ("spam", "local", "chatter", "chatter", None, "viewer"),
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a cascade's run in which each message is a case of its own."""
    suite = write_small_suite(tmp_path, rows=len(SAID))
    dataset = tmp_path / "small" / "test.jsonl"
    rows = [json.loads(line) for line in dataset.read_text(encoding="utf-8").splitlines()]
    for row, (name, (_, _, author, second, settled, role)) in zip(rows, SAID.items(), strict=True):
        people = {"author": author, "second": second, "adjudicated": settled}
        row["id"] = name
        row["input"] |= {"author_role": role, "text": f"=1+1 {name}"}
        row["labels"] = [{"by": by, "labels": [held]} for by, held in people.items() if held]
        row["expected"] = {"labels": [settled or author], "slots": []}
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    dataset.write_text(lines, encoding="utf-8")
    folder = make_run(tmp_path / "run", suite, local(Oracle(wrong=0)))
    seen = {one.id: one.seen for one in load_run(folder, taxonomy()).predictions}
    told = lines_of(_prediction(name, seen[name]) for name in SAID)
    (folder / PREDICTIONS).write_bytes(told)
    return folder


def _prediction(name: str, seen: str) -> Prediction:
    said, asked = SAID[name][:2]
    flat = (0.1,) * len(taxonomy().names)
    known = {"id": name, "seen": seen, "lead_probability": 0.5, "probabilities": flat}
    if asked == "local":
        return Prediction(stage="local", labels=(said,), **known)
    opinion = Guess(labels=(said,), lead_probability=0.5, probabilities=flat)
    if asked is None:
        known |= {"status": "invalid", "probabilities": ()}
    return Prediction(stage="llm", labels=(asked,) if asked else (), local=opinion, **known)


def invoke(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def rows_of(path: Path) -> set[str]:
    return {json.loads(line)["row"] for line in path.read_text(encoding="utf-8").splitlines()}


def test_what_is_not_agreed_on_comes_by_what_it_may_cost(run) -> None:
    assert read_manifest(run).finished
    costs = taxonomy().costs
    found = {one.row.id: one for one in contested(load_run(run, taxonomy()), taxonomy())}
    assert set(found) == {"missed", "contested", "settled", "hosted", "unasked"}
    stakes = [one.stake for one in found.values()]
    assert stakes == sorted(stakes, reverse=True)
    # A host's question costs as much as a lead that is missed: one of the two may be right.
    assert {found[name].stake for name in ("missed", "settled", "hosted")} == {costs.missed_lead}
    assert found["contested"].stake == costs.wrong_other_label
    assert [(one.by, one.cost) for one in found["missed"].voices] == [
        ("local", costs.missed_lead),
        ("llm", 0.0),
        ("author", 0.0),
        ("second", 0.0),
    ]
    assert [one.kind for one in found["unasked"].voices] == ["local", "person", "person"]
    assert found["settled"].settled
    assert [name for name, one in found.items() if one.people_differ] == ["settled", "contested"]


def test_the_list_is_read_by_scripts_and_spreadsheets(run) -> None:
    found = invoke("disagreements", run)
    assert found.exit_code == 0
    assert "5 messages are not agreed on; people differ about 2, 1 are settled" in found.stderr
    told = [json.loads(line) for line in invoke("disagreements", run, "--json").stdout.splitlines()]
    assert len(told) == 5
    cost = taxonomy().costs.wrong_other_label
    spam = {"by": "local", "kind": "local", "labels": ["spam"], "cost": cost}
    assert spam in [one["said"][0] for one in told]
    lines = list(csv.DictReader(StringIO(invoke("disagreements", run, "--csv").stdout)))
    assert [line["row"] for line in lines] == [one["row"] for one in told]
    assert {line["text"][:2] for line in lines} == {"'="}
    missed = next(line for line in lines if line["row"] == "missed")
    assert missed["local"] == "chatter"
    assert missed["local cost"] == f"{taxonomy().costs.missed_lead:g}"
    assert missed["llm"] == missed["author"]
    assert invoke("disagreements", run, "--json", "--csv").exit_code == 2


def test_people_are_given_what_is_open_and_of_viewers(run, tmp_path) -> None:
    queue = tmp_path / "queue.jsonl"
    asked = ("data", "queue", run, "-o", queue)
    assert invoke(*asked, "--from", "disagreements").exit_code == 0
    assert rows_of(queue) == {"missed", "contested", "unasked"}
    assert invoke(*asked, "--from", "disagreements", "--all-roles").exit_code == 0
    assert rows_of(queue) == {"missed", "contested", "unasked", "hosted"}
    assert invoke("data", "queue", queue, "-o", queue, "--from", "disagreements").exit_code == 2


def test_a_queue_is_of_viewers_unless_all_are_asked_for(run, tmp_path) -> None:
    queue, chat = tmp_path / "queue.jsonl", tmp_path / "chat.jsonl"
    assert invoke("data", "queue", run, "-o", queue).exit_code == 0
    assert rows_of(queue) == set(SAID) - {"hosted"}
    assert invoke("data", "queue", run, "-o", queue, "--all-roles").exit_code == 0
    assert rows_of(queue) == set(SAID)
    message = {
        "platform": "shop",
        "room_id": "r",
        "message_id": "m",
        "user_id": "u",
        "kind": "comment",
        "text": "welcome",
        "author_role": "moderator",
        "sent_at": "2026-11-20T20:00:00+08:00",
    }
    chat.write_text(json.dumps(message) + "\n", encoding="utf-8")
    refused = invoke("data", "queue", chat, "-o", queue)
    assert isinstance(refused.exception, OperatorError)
    assert "--all-roles" in str(refused.exception)
