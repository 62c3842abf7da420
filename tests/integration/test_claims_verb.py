"""``intent claims``: from an open round to its lines, and a CSV that no spreadsheet runs."""

from __future__ import annotations

import sys

import pytest

from intent.bootstrap.application import open_application
from intent.cli.app import main
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.store.decisions import SqlDecisions
from tests.conftest import EPOCH, MakeDecision, MakeMessage


def test_a_round_is_opened_shown_corrected_exported_and_closed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sqlite_url: str,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    messages = [make_message("A2 x2"), make_message("=A2 +1", user_id="@eve")]
    monkeypatch.setattr("getpass.getuser", lambda: "ops")

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["intent", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code, capsys.readouterr().err
        return capsys.readouterr().out

    from intent.store.access import Access

    app = open_application(access=Access.CREATE)
    app.inbox.put(Batch(messages))
    with app.database.begin() as transaction:
        entries = [Entry(one, make_decision("purchase_intent")) for one in messages]
        SqlDecisions().save(transaction, entries)
    room = ("room-1", "--platform", "tiktok", "--item", "A2 | tote | 3")
    assert '"round": 1' in run("claims", "open", *room, "--since", EPOCH.isoformat(), "--json")
    assert '"code": "A2"' in run("claims", "show", "1", "--json")
    assert "nothing is ever charged" in run("claims", "show", "1")
    run("claims", "correct", "1", messages[0].message_id, "--order", "A2=1")
    exported = run("claims", "export", "1").splitlines()
    assert exported[1].split(",")[2:7] == ["A2", "", "1", "1", "served"]
    assert "'@eve" in exported[2]
    assert "'=A2" in exported[2]
    assert '"until": null' in run("claims", "list", "--json")
    run("claims", "close", "1")
    assert '"until": null' not in run("claims", "list", "--json")
