from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from intent.bootstrap.application import migrations_dir
from intent.queues.hook_history import read_figures
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeDecision, MakeMessage
from tests.pushing import KEY, Shop
from tests.receivers import Receiver

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Return a starter of ``intent serve``: the process, and where it says that it is."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "intent", "serve", "--port", "0", *arguments],
            env={
                **os.environ,
                "INTENT_DATABASE_URL": f"sqlite:///{tmp_path}/intent.db",
                "PYTHONPATH": str(ROOT),
                **environment,
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"http://\S+", line):
                return process, found[0]
        return process, said

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_tells_receivers_beside_when_asked_and_waits_for_none_when_it_leaves(
    serve: Callable[..., tuple[subprocess.Popen[str], str]],
    tmp_path: Path,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> None:
    database = Database(f"sqlite:///{tmp_path}/intent.db")
    migrate(database, migrations_dir())
    (tmp_path / "intent.db.key").write_text(
        json.dumps({"tombstones": b64encode(KEY).decode("ascii")})
    )
    shop, taken = Shop(database, make_message, make_decision), threading.Event()

    def hold(connection: socket.socket, closing: threading.Event) -> None:
        taken.set()
        closing.wait()

    with Receiver() as receiver, Receiver(hold) as silent:
        shop.hook(receiver.url, name="one", allow_private=True)
        shop.hook(silent.url, name="silent", allow_private=True)
        shop.found()
        process, url = serve("--deliver")
        assert taken.wait(60)
        while read_figures(database)[0].delivered == 0:
            assert httpx2.get(f"{url}/").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert len(receiver.seen) == 1
    database.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_command_serves_a_laptop_and_a_signal_ends_it(
    serve: Callable[..., tuple[subprocess.Popen[str], str]], number: int
) -> None:
    process, url = serve()
    assert httpx2.get(f"{url}/").status_code == 200
    process.send_signal(number)
    assert process.wait(10) == 0


def test_a_signal_ends_it_while_streams_are_open(
    serve: Callable[..., tuple[subprocess.Popen[str], str]],
) -> None:
    # Longer than the test waits: open streams must end by themselves, and not because time is up.
    process, url = serve(INTENT_SERVE_LEAVE="600")
    after = httpx2.get(f"{url}/v1/leads").json()["changes"]
    following = (f"{url}/v1/leads/stream?after={after}", f"{url}/inbox/stream?after={after}")
    with ExitStack() as opened:
        streams = [
            opened.enter_context(httpx2.stream("GET", one, timeout=60)).iter_lines()
            for one in following
        ]
        for stream in streams:
            assert any(line.startswith("id: ") for line in stream)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        for stream in streams:
            assert all(not line.startswith("event: ") for line in stream)


def test_other_machines_are_not_served_before_there_is_a_key(
    serve: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path
) -> None:
    process, said = serve("--host", "0.0.0.0")
    assert process.wait(20) == 1
    assert "intent keys create" in said
    created = subprocess.run(
        [sys.executable, "-m", "intent", "keys", "create", "shop", "--scope", "admin"],
        env={
            **os.environ,
            "INTENT_DATABASE_URL": f"sqlite:///{tmp_path}/intent.db",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"li_[0-9a-f]{8}_[\w-]{43}\n", created.stdout)
    process, url = serve("--host", "0.0.0.0")
    assert httpx2.get(f"{url.replace('0.0.0.0', '127.0.0.1')}/livez").status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def leads_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield leads of a stream of events."""
    name = ""
    for line in lines:
        name = line.removeprefix("event: ") if line.startswith("event: ") else name
        if line.startswith("data: ") and name == "lead":
            yield json.loads(line.removeprefix("data: "))


def test_the_demo_shows_leads_as_they_arrive_and_touches_no_other_database(
    serve: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path
) -> None:
    file, silent = tmp_path / "demo.db", "http://127.0.0.1:9"
    process, url = serve("--demo", "--database", str(file), INTENT_LLM_BASE_URL=silent)
    listed = httpx2.get(f"{url}/v1/leads").json()
    following = f"{url}/v1/leads/stream?after={listed['changes']}"
    with httpx2.stream("GET", following, timeout=None) as stream:
        lead = next(leads_of(stream.iter_lines()))
        assert lead["attention"] > 0
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["demo.db"]


def test_the_demo_is_a_database_of_its_own_or_none_is_named(
    serve: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path
) -> None:
    process, said = serve("--database", str(tmp_path / "mine.db"))
    assert process.wait(20) == 2
    assert "INTENT_DATABASE_URL" in said


def test_the_last_line_of_the_demo_opens_the_inbox_when_it_is_pasted(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    folder = tmp_path / "two words"
    folder.mkdir()
    told = subprocess.run(
        [sys.executable, "-m", "intent", "demo", "--database", "my demo.db"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert "inbox" in told[-2]
    assert told[-1].endswith("serve --demo --database 'my demo.db'")
    with subprocess.Popen(
        ["bash", "-c", f"exec {told[-1].strip()} --port 0"],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
        assert httpx2.get(f"{url}/v1/leads").json()["leads"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
