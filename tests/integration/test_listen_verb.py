"""What people see of ``intent listen`` and ``intent sources``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from intent.cli import app as command_line
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from tests.listening import StartListening

WRITES = """
import json, sys
for number in range(int(sys.argv[1])):
    print(json.dumps({"platform": "shop", "room_id": "r", "message_id": str(number),
        "user_id": "u", "kind": "comment", "text": "how much", "sent_at": "2026-11-20T18:00:00Z"}))
"""


@pytest.fixture
def writer(tmp_path: Path) -> str:
    """Return a command that writes as many messages as its last word says."""
    (tmp_path / "writer.py").write_text(WRITES, encoding="utf-8")
    return f"{sys.executable} {tmp_path}/writer.py"


def intent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["intent", *arguments])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.fixture
def run(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    return lambda *arguments: intent(monkeypatch, capsys, *arguments)


def test_sources_that_have_ended_are_told_of_and_known(
    run: Any, writer: str, tmp_path: Path, sqlite_url: str
) -> None:
    (tmp_path / "sources.yaml").write_text(
        f"few: exec:{writer} 3\ngone:\n  source: exec:./nothing\n", encoding="utf-8"
    )
    code, _, said = run("listen")
    assert code == 0
    assert "few: ended; 3 messages, 0 gaps, 0 reconnects" in said
    assert "gone: failed" in said
    assert "./nothing cannot be run (No such file or directory)" in said
    assert SqlInbox(Database(sqlite_url)).waiting() == 3
    code, out, _ = run("sources", "--json")
    few, gone = (json.loads(line) for line in out.splitlines())
    assert (code, few["source"], few["state"], few["messages"]) == (0, "few", "ended", 3)
    assert (gone["state"], gone["running"]) == ("failed", False)
    code, out, _ = run("sources")
    assert code == 0
    assert "./nothing cannot be run" in out


def test_when_all_sources_fail_the_exit_code_says_so_and_why_is_said_once(run: Any) -> None:
    code, _, said = run("listen", "exec:./nothing")
    assert code == 1
    assert "error: no source is left" in said
    assert said.count("./nothing cannot be run (No such file or directory)") == 1


def test_a_trial_prints_what_would_be_put_and_stores_nothing(
    run: Any, writer: str, tmp_path: Path
) -> None:
    code, out, _ = run("listen", "--dry-run", f"exec:{writer} 2")
    assert code == 0
    assert [json.loads(line)["message_id"] for line in out.splitlines()] == ["0", "1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["writer.py"]


def test_sources_may_be_asked_for_by_name(run: Any, writer: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        f"few: exec:{writer} 3\nmany: exec:{writer} 9\n", encoding="utf-8"
    )
    code, out, _ = run("listen", "--json", "--file", "own.yaml", "few")
    (only,) = (json.loads(line) for line in out.splitlines())
    assert (code, only["source"], only["messages"]) == (0, "few", 3)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("shop: {source: 'exec:./room', pauze: 1}", "exec: has no option 'pauze'"),
        ("shop: {sauce: 'exec:./room'}", "source: Field required"),
        ("shop: nothing", "'nothing' is no source; write it like exec:"),
        ("[1, 2]", "is wrong"),
        ("shop: [", "is no YAML"),
        ("shop: 17", "is wrong at shop: Value error, it is no source; write a name and a source"),
        ("'': exec:./a", "the name is empty; write a name and a source for each"),
        ("", "is wrong at its top: Input should be a valid dictionary; write a name"),
        ("shop: exec:./a\nshop: exec:./b", "'shop' stands twice; name it once, in line 2"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    run: Any, tmp_path: Path, file: str, said: str
) -> None:
    (tmp_path / "sources.yaml").write_text(file, encoding="utf-8")
    code, _, told = run("listen")
    assert code in {1, 2}
    assert said in " ".join(told.split())


def test_nothing_to_listen_to_is_wrong_use(run: Any) -> None:
    code, _, said = run("listen")
    assert code == 2
    assert "name a source, such as exec:./room" in " ".join(said.split())


def test_nothing_is_known_before_the_first_time(run: Any) -> None:
    run("migrate")
    assert "no source was listened to yet" in run("sources")[2]


def test_kinds_are_listed_with_what_they_need(run: Any) -> None:
    code, out, _ = run("sources", "--kinds")
    assert code == 0
    assert "exec" in out
    code, out, _ = run("sources", "--kinds", "--json")
    assert {json.loads(line)["scheme"] for line in out.splitlines()} >= {"exec"}


@pytest.mark.slow
def test_told_to_leave_it_stores_what_was_read_and_exits_0(
    start_listening: StartListening, sqlite_url: str, writer: str
) -> None:
    lasting = f"exec:bash -c '{writer} 3; sleep 600'"
    listening = start_listening(sqlite_url, {"shop": lasting})
    listening.wait_until(lambda: len(listening.stored_ids()) == 3)
    assert listening.leave() == 0
    assert sorted(listening.stored_ids()) == ["0", "1", "2"]
    assert "shop: stopped; 3 messages" in listening.log
