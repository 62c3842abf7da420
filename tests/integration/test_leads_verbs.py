"""The verbs ``intent leads …``: a person lists leads, takes one, and says that one is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from intent.bootstrap.application import open_application
from intent.cli.app import app
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.model.errors import LeadConflict, UnknownLead, WrongUse
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
    """Fill a database with the leads m-1, m-2 and m-3, of which the last one is hot."""
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    labels = ["price_inquiry", "price_inquiry", "purchase_intent"]
    messages = [make_message(f"text {number}") for number in range(3)]
    app = open_application(access=Access.CREATE)
    app.inbox.put(Batch(messages))
    with app.database.begin() as transaction:
        pairs = zip(messages, labels, strict=True)
        entries = [Entry(one, make_decision(label)) for one, label in pairs]
        app.features.add(transaction, SqlDecisions().save(transaction, entries))
    app.database.close()


def intent(*words: str) -> str:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert not result.exit_code, result.output
    return result.stdout


def listed(*words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in intent("leads", "--json", *words).splitlines()]


def test_leads_are_listed_in_the_order_of_the_inbox_a_part_at_a_time() -> None:
    assert [one["message_id"] for one in listed()] == ["m-3", "m-2", "m-1"]
    (first,) = listed("--limit", "1")
    assert [one["message_id"] for one in listed("--cursor", first["cursor"])] == ["m-2", "m-1"]
    shown = CliRunner().invoke(app, ["leads", "--limit", "1"])
    assert "1 lead, hot and unanswered first" in shown.output
    assert f"--cursor {first['cursor']}" in shown.output
    assert [one["message_id"] for one in listed("--hot")] == ["m-3"]
    assert "No such leads" in CliRunner().invoke(app, ["leads", "--room", "elsewhere"]).output


def test_who_is_second_is_told_who_was_first() -> None:
    intent("leads", "take", "tiktok:m-3")
    with pytest.raises(LeadConflict, match="is taken; last handled by ann at"):
        intent("leads", "take", "tiktok:m-3", "--by", "ben")
    (taken,) = listed("--state", "taken")
    assert (taken["taken_by"], taken["version"]) == ("ann", 1)
    assert "taken: ann" in intent("leads", "--state", "taken")


def test_a_lead_is_handled_by_its_id_as_well() -> None:
    name = listed("--search", "text 2")[0]["id"]
    assert json.loads(intent("leads", "note", name, "wants red", "--json"))["version"] == 1
    assert json.loads(intent("leads", "on-air", name, "--json"))["version"] == 2
    with pytest.raises(LeadConflict, match="since you looked"):
        intent("leads", "done", name, "--expected", "1")
    assert json.loads(intent("leads", "done", name, "--json"))["state"] == "done"


def test_what_is_said_to_be_no_lead_is_one_again_when_it_is_given_back() -> None:
    intent("leads", "not-a-lead", "tiktok:m-1", "--label", "chatter")
    assert [one["message_id"] for one in listed()] == ["m-3", "m-2"]
    intent("leads", "release", "tiktok:m-1")
    assert [one["decided_by"] for one in listed()] == ["local", "local", "human"]


def test_what_is_no_lead_gets_one_clear_answer() -> None:
    with pytest.raises(UnknownLead):
        intent("leads", "take", "tiktok:nobody")
    with pytest.raises(WrongUse, match="no id of a lead"):
        intent("leads", "take", "nonsense")
