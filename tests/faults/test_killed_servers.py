"""A server that is killed while messages come in: what it answered is stored, and what is sent again
is known.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from intent.store.audit import balance
from intent.store.engine import Database
from tests.conftest import rows

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


class KilledServer:
    """A server process on a database of its own, that can be started again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.process: subprocess.Popen[str] | None = None
        self.place = ""

    def start(self, **environment: str) -> None:
        known = {"INTENT_DATABASE_URL": self._url, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "intent", "serve", "--port", "0"],
            env={**os.environ, "INTENT_LOG_LEVEL": "error", **known, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        lines = (re.search(r"http://\S+:\d+", line) for line in self.process.stderr)
        found = next(filter(None, lines), None)
        assert found
        self.place = f"{found[0]}/v1/messages"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture
def server(sqlite_url: str) -> Iterator[KilledServer]:
    server = KilledServer(sqlite_url)
    yield server
    server.kill()


def one(number: int) -> dict[str, Any]:
    return {
        "platform": "tiktok",
        "room_id": "live-1",
        "message_id": f"m-{number}",
        "user_id": "u-1",
        "kind": "comment",
        "text": "how much?",
        "sent_at": "2026-11-20T20:00:00+08:00",
    }


def stored(url: str) -> set[str]:
    database = Database(url)
    with database.read() as connection:
        assert balance(connection).holds
    found = [row["message_id"] for row in rows(database, "messages")]
    database.close()
    assert len(set(found)) == len(found)
    return set(found)


@pytest.mark.fault("commit")
def test_a_server_killed_between_commit_and_answer_finds_the_message_known_when_it_comes_again(
    server: KilledServer, sqlite_url: str
) -> None:
    server.start(INTENT_FAILPOINT="put:3")
    with httpx2.Client() as client:
        for number in range(2):
            assert client.post(server.place, json=one(number)).json()["accepted"] == 1
        with pytest.raises(httpx2.TransportError):
            client.post(server.place, json=one(2))
    server.kill()
    server.start()
    told = httpx2.post(server.place, json=[one(number) for number in range(4)]).json()
    assert (told["accepted"], told["repeated"]) == (1, 3)
    assert stored(sqlite_url) == {f"m-{number}" for number in range(4)}


@pytest.mark.fault("kill", tries=3)
def test_what_was_answered_before_a_kill_at_any_moment_is_stored_once(
    server: KilledServer, sqlite_url: str
) -> None:
    draw, answered = random.Random(5), set[int]()
    for turn in range(3):
        server.start()
        until = len(answered) + draw.randint(5, 60)
        threads = [
            Thread(target=_send, args=(server.place, range(start, 100_000, 4), answered.add))
            for start in (turn * 10_000 + each for each in range(4))
        ]
        for thread in threads:
            thread.start()
        while len(answered) < until:
            threads[0].join(0.001)
        server.kill()
        for thread in threads:
            thread.join(60)
    assert {f"m-{number}" for number in answered} <= stored(sqlite_url)


def _send(place: str, numbers: range, answered: Callable[[int], None]) -> None:
    with httpx2.Client() as client:
        for number in numbers:
            try:
                answer = client.post(place, json=one(number))
            except httpx2.TransportError:
                return
            assert answer.status_code == 202
            answered(number)
