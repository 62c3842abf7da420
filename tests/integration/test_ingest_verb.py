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
