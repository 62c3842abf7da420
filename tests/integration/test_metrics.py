"""A worker is scraped, killed and started again: what its metrics tell of the database is what SQL
says, before and after.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy
from prometheus_client.parser import text_string_to_metric_families

from intent.bootstrap.application import migrations_dir
from intent.model.batch import Batch, Gap, Refused
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import EPOCH, MakeMessage

pytestmark = pytest.mark.slow

T = TypeVar("T")
Values = dict[tuple[str, tuple[str, ...]], float]


class Watched:
    """One ``intent work`` with a port for metrics."""

    def __init__(self, folder: Path, url: str, *arguments: str) -> None:
        self._log = folder / "worker.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "intent", "work", "--metrics-port", "0", *arguments],
                env={**os.environ, "INTENT_DATABASE_URL": url, "INTENT_LOG_JSON": "true"},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.port = wait_for(self._port)

    def _port(self) -> int | None:
        assert self.process.poll() is None, self._log.read_text(encoding="utf-8")
        for line in self._log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{") and json.loads(line)["event"] == "metrics are served":
                return int(json.loads(line)["port"])
        return None

    def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def values(self) -> Values:
        return {
            (sample.name.removeprefix("lead_intent_"), tuple(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(self.get("/metrics")[1])
            for sample in family.samples
        }


def wait_for(look: Callable[[], T | None]) -> T:
    """Return what is seen, once it is."""
    by = time.monotonic() + 120
    while time.monotonic() < by:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise TimeoutError("it was not seen")


@pytest.fixture
def start(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[[], Watched]]:
    started: list[Watched] = []

    def begin() -> Watched:
        started.append(Watched(tmp_path, sqlite_url))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


def count(database: Database, sql: str) -> float:
    with database.read() as connection:
        return float(connection.execute(sqlalchemy.text(sql)).scalar_one())


def oldest_age(database: Database) -> float:
    with database.read() as connection:
        since = connection.execute(
            sqlalchemy.text(
                "SELECT min(accepted_timestamp) FROM messages JOIN inbox USING (platform, message_id)"
            )
        ).scalar_one()
    return (datetime.now(UTC) - datetime.fromisoformat(since).replace(tzinfo=UTC)).total_seconds()


def test_metrics_of_the_database_survive_kill_9(
    start: Callable[[], Watched], sqlite_url: str, make_message: MakeMessage
) -> None:
    database = Database(sqlite_url)
    migrate(database, migrations_dir())
    inbox = SqlInbox(database)
    known = make_message()
    inbox.put(
        Batch(
            [known, *(make_message(f"how much for {number}?") for number in range(9))],
            [Refused("is no JSON", b"x", "d1", "line 1")],
            gaps=[Gap("tiktok", "room-1", EPOCH, None, "lost")],
        )
    )
    inbox.put(Batch([known.model_copy(update={"user_id": "u-2"})]))

    worker = start()
    wait_for(lambda: worker.values()["decided_total", ("local",)] == 10 or None)
    before = worker.values()
    assert worker.get("/readyz")[0] == 200
    assert before["said_to_decided_seconds_count", ()] == 10
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()

    inbox.put(Batch([make_message() for _ in range(5)]))
    held = inbox.take(3, 100_000)  # and whoever holds them is dead
    again = start()
    wait_for(lambda: again.values()["decided_total", ("local",)] == 2 or None)
    # What the database tells is kept for a second: the worker's own count may be ahead of it.
    wait_for(lambda: again.values()["inbox_messages", ("claimed",)] == len(held) or None)
    least = oldest_age(database)
    found = again.values()
    most = oldest_age(database)

    assert len(held) == 3
    assert count(database, "SELECT count(*) FROM decisions") == 12, "the process counts its own"
    assert found["inbox_messages", ("claimed",)] == count(database, "SELECT count(*) FROM inbox")
    assert least - 1.0 <= found["inbox_oldest_age_seconds", ()] <= most + 1.0
    for cause in ("refused", "conflicting", "undecided"):
        assert found["dead_letters", (cause,)] == before["dead_letters", (cause,)]
    assert found["dead_letters", ("refused",)] == found["dead_letters", ("conflicting",)] == 1
    assert found["gaps_open", ()] == count(
        database, "SELECT count(*) FROM source_gaps WHERE until IS NULL"
    )
    assert found["schema_info", (migrated(database),)] == 1


def test_a_scrape_is_answered_while_the_database_is_away(
    start: Callable[[], Watched], sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    migrate(database, migrations_dir())
    worker = start()
    wait_for(lambda: worker.get("/readyz")[0] == 200 or None)
    with database.begin() as transaction:
        transaction.execute(sqlalchemy.text("DROP TABLE source_gaps"))
    found = wait_for(lambda: ((seen := worker.values())["database_up", ()] == 0 and seen) or None)
    assert not [name for name, _ in found if name.startswith(("inbox_", "gaps_", "dead_"))]
    assert ("decided_total", ("local",)) in found
    with database.begin() as transaction:
        transaction.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    _, said = wait_for(lambda: ((seen := worker.get("/readyz"))[0] == 503 and seen) or None)
    assert "is at migration 0001" in json.loads(said)["reasons"]["database"]
    assert worker.get("/livez")[0] == 200


def migrated(database: Database) -> str:
    with database.read() as connection:
        return str(
            connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
        )
