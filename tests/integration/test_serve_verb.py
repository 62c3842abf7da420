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
from pathlib import Path

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
