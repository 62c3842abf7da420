"""Files are read whole or the exit code says so."""

from __future__ import annotations

import codecs
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intent.model.message import wire
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from tests.conftest import MakeMessage


def ingest(database: Database, *arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "intent", "ingest", *map(str, arguments)]
    environment = {**os.environ, "INTENT_DATABASE_URL": database.url}
    return subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def lines(make_message: MakeMessage, count: int) -> bytes:
    return b"".join(wire(make_message()) + b"\n" for _ in range(count))


def test_a_file_of_mostly_refused_lines_fails_and_says_what_is_expected(
    database: Database, tmp_path: Path, make_message: MakeMessage
) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(lines(make_message, 2) + b"not a message\n" * 1 + b"nor this\n" + b"nor\n")
    process = ingest(database, path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "probably no file of messages" in said
    assert SqlInbox(database).waiting() == 2


def test_a_few_refused_lines_do_not_fail_a_file(
    database: Database, tmp_path: Path, make_message: MakeMessage
) -> None:
    path = tmp_path / "chat.json"
    items = [json.loads(wire(make_message())) for _ in range(5)]
    path.write_bytes(codecs.BOM_UTF8 + json.dumps([*items, {"text": "?"}], indent=2).encode())
    process = ingest(database, path)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, SqlInbox(database).waiting()) == (0, 5)
    assert "item 6" in said


@pytest.mark.slow
def test_a_file_that_was_left_half_way_is_no_success(
    database: Database, tmp_path: Path, make_message: MakeMessage
) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_bytes(lines(make_message, 200))
    process = ingest(database, path, "--speed", "0.01")
    until_waiting(database, 1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" in said


def until_waiting(database: Database, count: int) -> None:
    deadline = time.monotonic() + 60
    while SqlInbox(database).waiting() < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_chat_of_another_program_is_stored_once_and_what_was_deleted_is_taken_back(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "whatever.bin"
    path.write_text(youtube_chat(), encoding="utf-8")
    counts = []
    for _ in range(2):
        process = ingest(database, path, "--room", "v1", "--json", stdout=subprocess.PIPE)
        told, said = process.communicate(timeout=60)
        assert (process.returncode, "read as: yt-dlp" in said) == (0, True)
        counts.append(json.loads(told))
    first, second = counts
    assert (first["accepted"], first["retracted"], first["format"]) == (3, 1, "yt-dlp")
    assert (second["accepted"], second["repeated"], second["retracted"]) == (0, 3, 0)
    assert SqlInbox(database).waiting() == 2


def test_a_dry_run_counts_by_kind_and_opens_no_database(tmp_path: Path) -> None:
    path = tmp_path / "whatever.bin"
    path.write_text(youtube_chat(), encoding="utf-8")
    url = f"sqlite:///{tmp_path}/none.db"
    command = [sys.executable, "-m", "intent", "ingest", str(path), "--room", "v1", "--dry-run"]
    environment = {**os.environ, "INTENT_DATABASE_URL": url}
    done = subprocess.run(
        [*command, "--json"], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {
        "format": "yt-dlp",
        "messages": 3,
        "retractions": 1,
        "refused": {},
        "skipped": {"empty action": 1},
    }
    assert "berapa 0" in done.stderr
    assert not (tmp_path / "none.db").exists()


def test_what_a_file_does_not_say_is_asked_for_before_anything_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "_chat.txt"
    path.write_text("20/11/2026, 21:14 - Ana: mau dua\n", encoding="utf-8")
    command = [sys.executable, "-m", "intent", "ingest", str(path)]
    environment = {**os.environ, "INTENT_DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--timezone" in done.stderr
    assert not (tmp_path / "none.db").exists()


def youtube_chat() -> str:
    def line(action: dict[str, object]) -> str:
        return json.dumps({"replayChatItemAction": {"actions": [action]}}) + "\n"

    texts = [
        {
            "id": f"m{number}",
            "timestampUsec": str(1_795_176_000_000_000 + number),
            "authorExternalChannelId": "UCbudi",
            "message": {"runs": [{"text": f"berapa {number}"}]},
        }
        for number in range(3)
    ]
    said = [{"addChatItemAction": {"item": {"liveChatTextMessageRenderer": one}}} for one in texts]
    deleted: dict[str, object] = {"removeChatItemAction": {"targetItemId": "m1"}}
    return "".join(map(line, [*said, deleted, {}]))
