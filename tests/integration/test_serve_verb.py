from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_command_serves_a_laptop_and_a_signal_ends_it(
    serve: Callable[..., tuple[subprocess.Popen[str], str]], number: int
) -> None:
    process, url = serve()
    assert httpx2.get(f"{url}/").status_code == 200
    process.send_signal(number)
    assert process.wait(10) == 0
