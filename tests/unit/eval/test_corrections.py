"""What people correct in the inbox comes back as rows to label, from the button to the dataset."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eval.__main__ import app as workbench
from eval.data.dataset import read_open
from intent.bootstrap.application import open_application
from intent.cli.app import app as product
from intent.model.batch import Batch
from intent.model.decision import DecidedBy, Entry
from intent.model.errors import OperatorError
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from tests.conftest import MakeDecision, MakeMessage


@pytest.fixture(autouse=True)
def _leads(
    monkeypatch: pytest.MonkeyPatch,
    sqlite_url: str,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> None:
    """Fill a database with two leads; of the first the LLM has said something, too."""
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    messages = [make_message("order of magnitude", lang="en"), make_message("how much?")]
    said = make_decision("purchase_intent")
    entries = [
        Entry(messages[0], said),
        Entry(messages[1], make_decision("price_inquiry")),
        Entry(messages[0], replace(said, decided_by=DecidedBy.LLM), revision=1, previous=said),
    ]
    app = open_application(access=Access.CREATE)
    app.inbox.put(Batch(messages))
    for one in entries:
        with app.database.begin() as transaction:
            app.features.add(transaction, SqlDecisions().save(transaction, [one]))
    app.database.close()


def intent(*words: str) -> None:
    assert not CliRunner().invoke(product, words, catch_exceptions=False).exit_code


def evaluate(*words: object) -> Result:
    return CliRunner().invoke(workbench, [str(one) for one in words], catch_exceptions=False)


def test_not_a_lead_becomes_a_row_to_label(tmp_path: Path) -> None:
    intent("leads", "not-a-lead", "tiktok:m-1", "--label", "spam", "--by", "ann b")
    intent("leads", "take", "tiktok:m-2")
    (told,) = map(
        json.loads, evaluate("disagreements", "--corrections", "--json").stdout.split("\n")[:-1]
    )
    assert (told["row"], told["expected"], told["text"]) == (
        "tiktok:m-1",
        ["spam"],
        "order of magnitude",
    )
    assert [(one["by"], one["labels"]) for one in told["said"]] == [
        ("local", ["purchase_intent"]),
        ("llm", ["purchase_intent"]),
        ("ann_b", ["spam"]),
    ]
    assert told["stake"] > 0
    queue, dataset = tmp_path / "queue.jsonl", tmp_path / "mine"
    assert not evaluate("data", "queue", "--from", "corrections", "-o", queue).exit_code
    for added in (1, 0):
        found = evaluate("data", "add", queue, dataset)
        assert f"{added} messages wait for labels" in found.output
    (waiting,), faults = read_open(dataset)
    assert (waiting.id, waiting.expected, waiting.metadata.lang) == ("tiktok:m-1", None, "en")
    assert faults == []


def test_what_was_given_back_is_agreed_on_again(tmp_path: Path) -> None:
    intent("leads", "not-a-lead", "tiktok:m-2")
    intent("leads", "release", "tiktok:m-2")
    assert evaluate("disagreements", "--corrections", "--json").stdout == ""
    with pytest.raises(OperatorError, match="nobody has corrected anything yet"):
        evaluate("data", "queue", "--from", "corrections", "-o", tmp_path / "queue.jsonl")


def test_what_was_erased_is_no_row_to_label() -> None:
    intent("leads", "not-a-lead", "tiktok:m-1")
    intent("forget", "--user", "tiktok:u-1", "--json")
    assert evaluate("disagreements", "--corrections", "--json").stdout == ""


def test_corrections_stand_in_place_of_a_run(tmp_path: Path) -> None:
    queue = tmp_path / "queue.jsonl"
    assert evaluate("data", "queue", tmp_path, "--from", "corrections", "-o", queue).exit_code == 2
    assert evaluate("data", "queue", "-o", queue).exit_code == 2
    assert evaluate("disagreements").exit_code == 2
