"""Worker processes that tests start, stop and kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from intent.bootstrap.application import migrations_dir, open_application
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings
from intent.features.check.audit import check_state
from intent.model.batch import Batch
from intent.model.message import Message
from intent.queues.inbox import SqlInbox
from intent.store.audit import Balance, balance
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeMessage
from tests.faults.fault_house import FaultHouse, end_leases

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """One worker in a process of its own."""

    def __init__(
        self,
        url: str,
        *,
        seconds: float = 0.0,
        drain: bool = False,
        gated: bool = False,
        **settings: Any,
    ) -> None:
        environment = {
            **os.environ,
            "INTENT_DATABASE_URL": url,
            "PYTHONPATH": str(ROOT),
            "PYTHONFAULTHANDLER": "",
        }
        environment |= {f"INTENT_{name.upper()}": str(value) for name, value in settings.items()}
        command = [
            sys.executable,
            "-m",
            "tests.faults.worker_process",
            str(seconds),
            "drain" if drain else "stay",
            "gated" if gated else "free",
        ]
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until it is about to take its first batch."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]

    def wait_at_gate(self) -> None:
        """Wait until a gated worker has claimed a batch and would decide it: nothing is open in the
        database then.
        """
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "at the gate\n", self.process.communicate()[1]

    def let_decide(self, batches: int) -> None:
        """Let a gated worker through its gate, and wait until it decides the last of so many
        batches: those before it are committed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for _ in range(batches):
            self.wait_at_gate()
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "deciding\n", self.process.communicate()[1]

    def open_gate(self) -> None:
        """Let a gated worker decide as it likes from now on."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.stdin = None

    def wait_for_log(self, event: str) -> None:
        """Wait until it logs an event."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if f'"event": "{event}"' in line:
                return
        raise AssertionError(f"it left without {event!r}")

    def finish(self, timeout: float = 60) -> tuple[int, dict[str, Any]]:
        """Open its gate, and wait for its end; return its exit code and report."""
        output, _ = self.process.communicate(timeout=timeout)
        last = output.strip().splitlines()[-1:] or [""]
        return self.process.returncode, json.loads(last[0]) if last[0].startswith("{") else {}


StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker(database: Database) -> Iterator[StartWorker]:
    """Return a starter of workers on the test's database; what still runs at the end is killed."""
    started: list[WorkerProcess] = []

    def start(**options: Any) -> WorkerProcess:
        started.append(WorkerProcess(database.url, **options))
        return started[-1]

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.communicate()


class Books:
    """The audit of the test's database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def fill(self, messages: list[Message]) -> None:
        """Put messages into the inbox."""
        SqlInbox(self.database).put(Batch(messages))

    def balance(self) -> Balance:
        """Assert that the audit holds, and return the equation's terms."""
        taxonomy = open_application(Settings(prompts_dir=locate("prompts"))).taxonomy
        with self.database.read() as connection:
            books, state = balance(connection), check_state(connection, taxonomy.members)
        assert books.holds, books
        assert state.holds, state
        return books

    def end_leases(self) -> None:
        """Let every lease be over now, and every pause of a message."""
        end_leases(self.database)


@pytest.fixture
def books(database: Database) -> Books:
    return Books(database)


@pytest.fixture
def fault_house(
    database: Database, tmp_path: Path, make_message: MakeMessage
) -> Iterator[FaultHouse]:
    """Return a house on SQLite and on PostgreSQL."""
    house = FaultHouse(database, tmp_path, make_message)
    yield house
    house.leave()


@pytest.fixture
def sqlite_house(
    sqlite_url: str, tmp_path: Path, make_message: MakeMessage
) -> Iterator[FaultHouse]:
    """Return a house on SQLite."""
    yield from _migrated_house(sqlite_url, tmp_path, make_message)


@pytest.fixture
def postgres_house(
    postgres_url: str, tmp_path: Path, make_message: MakeMessage
) -> Iterator[FaultHouse]:
    """Return a house on PostgreSQL."""
    yield from _migrated_house(postgres_url, tmp_path, make_message)


def _migrated_house(url: str, folder: Path, make_message: MakeMessage) -> Iterator[FaultHouse]:
    opened = Database(url)
    migrate(opened, migrations_dir())
    house = FaultHouse(opened, folder, make_message)
    yield house
    house.leave()
