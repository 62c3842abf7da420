"""Every command of the deployment files starts as a process, becomes ready, and leaves with 0 when
told to: what stands in for containers, which no test can start.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.brokers import RedisServer
from tests.deploy.__main__ import FOLDER
from tests.deploy.manifests import started
from tests.postgres import PostgresServer

ROOT = FOLDER.parent
COMMANDS = sorted({process.arguments for process in started(FOLDER)} - {("migrate",)})
"""What the files start, each way of starting it once."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Return what the files set, with servers of this machine; migrated, and with a key."""
    folder = tmp_path_factory.mktemp("state")
    with RedisServer() as redis:
        values = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "INTENT_DATABASE_URL": postgres.fresh_database(),
            "INTENT_KEY_FILE": str(folder / "keys.json"),
            "INTENT_STATE_DIR": str(folder),
            "INTENT_SPOOL_DIR": str(folder),
            "INTENT_LLM_BASE_URL": "http://127.0.0.1:9/v1",
            "INTENT_LLM_MODEL": "none",
            "INTENT_LLM_PRICE_INPUT": "0",
            "INTENT_LLM_PRICE_OUTPUT": "0",
            "REDIS_URL": redis.url,
        }
        _intent(values, "migrate")
        _intent(values, "keys", "create", "health", "--scope", "admin")
        yield values


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_the_command_starts_and_leaves(
    arguments: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    port = _free_port()
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "intent", *_here(arguments, port, tmp_path)],
            env=environment,
            cwd=tmp_path,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_ready(port, process, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, log.read_text("utf-8")
    finally:
        process.kill()
        process.wait(timeout=30)


def _here(arguments: tuple[str, ...], port: int, folder: Path) -> list[str]:
    """Return the command with a port, an address and a file of this test's own."""
    words = list(arguments)
    for name, value in (("--metrics-port", str(port)), ("--port", str(port))):
        if name in words:
            words[words.index(name) + 1] = value
    if "--host" in words:
        words[words.index("--host") + 1] = "127.0.0.1"
    if "--file" in words:
        file = folder / "sources.yaml"
        file.write_text("shop: redis:comments\n", "utf-8")
        words[words.index("--file") + 1] = str(file)
    return words


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not _is_ready(port):
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < deadline, log.read_text("utf-8")
        time.sleep(0.05)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _intent(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "intent", *arguments],
        env=environment,
        check=True,
        capture_output=True,
        timeout=120,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
