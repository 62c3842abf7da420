"""``intent listen`` may be killed at any moment: what was sent is stored once, or lies in a gap."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from intent.store.engine import Database
from tests.faults.conftest import Books
from tests.listening import ListenProcess, StartListening

pytestmark = pytest.mark.slow

ROOM = """
import json, os, sys, time
# A room with {count} comments: each run writes from where it stands, and states where that is.
at = int(os.environ.get("INTENT_POSITION", "0"))
print(json.dumps({{"position": str(at)}}), flush=True)
for number in range(at, {count}):
    print(json.dumps({{"platform": "shop", "room_id": "r", "message_id": str(number),
        "user_id": "u", "kind": "comment", "text": "how much",
        "sent_at": f"2026-11-20T18:00:{{number % 60:02}}Z"}}), flush=True)
    if number % 7 == 0:
        print(json.dumps({{"position": str(number + 1)}}), flush=True)
    time.sleep(0.002)
"""

LIVE = """
import datetime, json, pathlib, signal, sys, time
# A room that nobody can replay: each comment is said once, whoever listens, and noted in a file.
said = pathlib.Path(sys.argv[1])
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
while not asked:
    now = datetime.datetime.now(datetime.UTC).isoformat()
    line = json.dumps({"platform": "shop", "room_id": "r", "message_id": now, "user_id": "u",
        "kind": "comment", "text": "how much", "sent_at": now})
    with said.open("a") as file:
        file.write(line + chr(10))
    print(line, flush=True)
    time.sleep(0.01)
"""
"""What it says while its reader dies is noted first, and then the pipe is broken."""

KILLED_AT = (1, 100, 350)
"""Messages that are stored when the process is killed."""


def program(tmp_path: Path, source: str, *arguments: str) -> str:
    path = tmp_path / "room.py"
    path.write_text(source, encoding="utf-8")
    return " ".join(["exec:" + sys.executable, str(path), *arguments])


def kill_when_stored(listening: ListenProcess, count: int) -> None:
    listening.wait_until(lambda: len(listening.stored_ids()) >= count)
    listening.kill()


@pytest.mark.fault("kill", tries=3)
def test_a_program_with_positions_loses_and_doubles_nothing_over_kills(
    start_listening: StartListening, database: Database, tmp_path: Path, books: Books
) -> None:
    sources = {"shop": program(tmp_path, ROOM.format(count=400))}
    for count in KILLED_AT:
        listening = start_listening(database.url, sources)
        kill_when_stored(listening, count)
    listening = start_listening(database.url, sources)
    assert listening.process.wait(60) == 0
    assert sorted(map(int, listening.stored_ids())) == list(range(400))
    assert listening.gaps() == []
    assert (books.balance().waiting, books.balance().refused) == (400, 0)


@pytest.mark.fault("kill", tries=3)
def test_what_a_room_said_while_nobody_listened_lies_in_a_gap(
    start_listening: StartListening, sqlite_url: str, tmp_path: Path
) -> None:
    said = tmp_path / "said.jsonl"
    sources = {"shop": program(tmp_path, LIVE, str(said))}
    for _ in range(3):
        listening = start_listening(sqlite_url, sources)
        kill_when_stored(listening, len(listening.stored_ids()) + 20)
    listening = start_listening(sqlite_url, sources)
    known = len(listening.stored_ids())
    listening.wait_until(lambda: len(listening.stored_ids()) > known + 20)
    assert listening.leave() == 0
    stored = listening.stored_ids()
    gaps = listening.gaps()
    assert len(stored) == len(set(stored))
    assert [gap for gap in gaps if gap.until is None or gap.source != "shop"] == []
    sent = [
        json.loads(line)["message_id"] for line in said.read_text(encoding="utf-8").splitlines()
    ]
    lost = set(sent) - set(stored)
    covered = {
        one
        for one in lost
        if any(str(g.since.isoformat()) <= one <= str(g.until.isoformat()) for g in gaps if g.until)
    }
    assert len(gaps) == 3
    assert lost - covered == set()


def test_two_processes_on_one_source_store_it_once(
    start_listening: StartListening, sqlite_url: str, tmp_path: Path
) -> None:
    sources = {"shop": program(tmp_path, ROOM.format(count=300))}
    first = start_listening(sqlite_url, sources)
    first.wait_until(lambda: len(first.stored_ids()) >= 20)
    second = start_listening(sqlite_url, sources)
    assert [one.process.wait(120) for one in (first, second)] == [0, 0]
    assert sorted(map(int, second.stored_ids())) == list(range(300))
    assert second.gaps() == []
