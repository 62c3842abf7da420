"""What people see of ``intent publish``, with real brokers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intent.cli import app as command_line
from intent.sources.brokers.redis_client import connect
from tests.brokers import KafkaCluster, RedisServer, payload
from tests.listening import StartListening


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines = [payload(number) for number in range(600)]
    path = tmp_path / "chat.jsonl"
    path.write_bytes(b"\n".join([*lines[:300], b"{", *lines[300:]]))
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def intent(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["intent", *arguments])
        with pytest.raises(SystemExit) as left:
            command_line.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, " ".join(said.err.split())

    return intent


@pytest.fixture(params=["redis", "kafka"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "redis":
        with RedisServer() as server:
            yield f"{server.url}/comments"
    else:
        with KafkaCluster() as cluster:
            cluster.create_topic("comments", 2)
            yield f"kafka://{cluster.servers}/comments"


def test_what_is_published_twice_is_stored_once_by_whoever_listens(
    run: Any, file: Path, address: str, start_listening: StartListening, sqlite_url: str
) -> None:
    code, _, said = run("publish", str(file), "--to", address)
    assert code == 0
    assert "600 published and confirmed, 1 refused" in said
    assert "refused" in said
    assert "chat.jsonl line 301" in said
    code, out, _ = run("publish", str(file), "--to", address, "--json")
    assert (code, json.loads(out)) == (0, {"published": 600, "refused": 1})
    process = start_listening(sqlite_url, {"room": address})
    process.wait_until(lambda: len(process.stored_ids()) == 600)
    assert process.leave() == 0
    assert sorted(process.stored_ids()) == sorted(f"m-{n}" for n in range(600))


def test_entries_stand_in_the_files_order(run: Any, file: Path) -> None:
    with RedisServer() as server:
        assert run("publish", str(file), "--to", f"{server.url}/comments")[0] == 0
        client: Any = connect(server.url)
        entries = client.xrange("comments")
    ids = [json.loads(fields[b"message"])["message_id"] for _, fields in entries]
    assert ids == [f"m-{number}" for number in range(600)]


def test_a_broker_that_is_away_is_told_with_what_is_there_already(run: Any, file: Path) -> None:
    with RedisServer() as server:
        address = f"{server.url}/comments"
    code, _, said = run("publish", str(file), "--to", address)
    assert code == 1
    assert "cut short after 0 messages" in said
    assert "run it again" in said


def test_a_topic_that_is_missing_and_a_wrong_address_are_told(run: Any, file: Path) -> None:
    code, _, said = run("publish", str(file), "--to", "rabbit:comments")
    assert (code, "is no address of a broker" in said) == (2, True)
    code, _, said = run("publish", str(file), "--to", "redis://u:secret@h/0/s")
    assert (code, "secret" in said) == (2, False)
    assert "in the environment" in said


def test_a_file_of_something_else_is_refused(run: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("hello\nworld\n", encoding="utf-8")
    with RedisServer() as server:
        code, _, said = run("publish", str(other), "--to", f"{server.url}/comments")
    assert code == 1
    assert "no file of messages" in said
