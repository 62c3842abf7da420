"""``intent experiment``: plan, start, assign, analyze and list, as people type them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from intent.bootstrap.application import open_application
from intent.cli.app import main
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.queues.inbox import SqlInbox
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from tests.conftest import EPOCH, MakeDecision, MakeMessage

Verb = Callable[..., tuple[int, str, str]]
ROOMS = 24
UNTIL = (EPOCH + timedelta(days=30)).isoformat()


@pytest.fixture
def verb(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sqlite_url: str,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> Verb:
    """Fill a database with rooms of which the odd messages are leads; return what runs a verb."""
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    app = open_application(access=Access.CREATE)
    entries = [
        Entry(
            make_message(
                f"{room}-{number}",
                room_id=f"room-{room}",
                user_id=f"u-{room}-{number}",
                sent_at=EPOCH + timedelta(hours=room, minutes=number),
            ),
            make_decision("purchase_intent" if (number + room) % 3 == 0 else "chatter"),
        )
        for room in range(ROOMS)
        for number in range(8 + room % 5)
    ]
    assert isinstance(app.inbox, SqlInbox)
    app.inbox.put(Batch([one.message for one in entries]))
    with app.database.begin() as transaction:
        SqlDecisions().save(transaction, entries)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["intent", "experiment", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


def test_an_experiment_is_planned_started_assigned_and_read(verb: Verb, tmp_path: Path) -> None:
    metric = ("--metric", "leads_per_message")
    code, out, _ = verb("plan", *metric, "--until", UNTIL, "--days", "40", "--for", "7", "--json")
    plans = [json.loads(line) for line in out.splitlines()]
    assert (code, {one["unit"] for one in plans}) == (0, {"room", "creator", "time", "viewer"})
    since = ("--since", EPOCH.isoformat())
    assert verb("start", "boost", "--unit", "room", *metric, *since)[0] == 0
    rooms = [f"room-{number}" for number in range(ROOMS)]
    at = ("--platform", "tiktok", "--at", EPOCH.isoformat())
    code, out, _ = verb("assign", "boost", *rooms, *at, "--json")
    arms = {one["unit"]: one["arm"] for one in map(json.loads, out.splitlines())}
    assert (code, set(arms.values())) == (0, {"control", "treatment"})
    assert [line.split()[1] for line in verb("assign", "boost", *rooms, *at)[1].splitlines()] == [
        arms[room] for room in rooms
    ]
    _, out, _ = verb("list", "--json")
    assert json.loads(out)["exposed"]["control"] == list(arms.values()).count("control")
    page = tmp_path / "boost.html"
    code, out, err = verb("analyze", "boost", "--until", UNTIL, "-o", str(page))
    assert (code, "written to" in err) == (0, True)
    assert "no difference" in out
    assert "Nobody tells which leads were answered" in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    _, out, _ = verb("analyze", "boost", "--until", UNTIL, "--json")
    assert json.loads(out)["outlook"] == "undecided"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("analyze", "nobody"), "there is no experiment 'nobody'"),
        (("assign", "nobody", "x", "--platform", "tiktok"), "there is no experiment 'nobody'"),
        (("start", "x", "--unit", "time"), "--block is for --unit time"),
        (("start", "x", "--unit", "room", "--arm", "one"), "two arms or more"),
        (("plan", "--metric", "value_per_viewer"), "money is none"),
        (("plan", "--until", UNTIL, "--days", "40"), "a plan is made of your own rooms"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence_and_is_wrong_use(
    verb: Verb, words: tuple[str, ...], said: str
) -> None:
    code, out, err = verb(*words)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_an_experiment_that_has_not_begun_deals_nothing(verb: Verb) -> None:
    verb("start", "later", "--unit", "room", "--since", UNTIL)
    words = ("assign", "later", "room-1", "--platform", "tiktok", "--at", EPOCH.isoformat())
    assert "begins at" in verb(*words)[2]


@pytest.mark.parametrize("name", ["plan", "start", "assign", "analyze", "list"])
def test_every_verb_shows_an_example(verb: Verb, name: str) -> None:
    code, out, _ = verb(name, "--help")
    assert code == 0
    assert "Example" in out
