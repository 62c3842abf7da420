"""Databases, messages and decisions that tests share."""

from __future__ import annotations

import base64
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
import structlog

from intent.bootstrap.application import migrations_dir
from intent.bootstrap.resources import locate
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.message import Kind, Message
from intent.model.taxonomy import Taxonomy, load_taxonomy
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.fault_tries import (  # noqa: F401  pytest finds them here
    pytest_runtest_call,
    pytest_runtest_makereport,
    tries,
)
from tests.listening import ListenProcess, Sources, StartListening
from tests.postgres import PostgresServer

if TYPE_CHECKING:
    from tests.serving import RunningServer, Served

MakeMessage = Callable[..., Message]
MakeDecision = Callable[..., Decision]
VAULT_KEY = base64.b64encode(b"key of the tests".ljust(32)).decode("ascii")
EPOCH = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in os.environ if name.startswith("INTENT_") or name == "OPENAI_API_KEY"
    ]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_by_default() -> Iterator[None]:
    """Undo what a test said about logs: another one in this process reads them."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return load_taxonomy(locate("prompts") / "taxonomy.yaml")


@pytest.fixture
def make_message() -> MakeMessage:
    """Return a maker of messages: numbered, one second apart, unless told otherwise."""
    numbers = itertools.count(1)

    def make(text: str = "how much?", **values: Any) -> Message:
        number = next(numbers)
        given = {
            "platform": "tiktok",
            "room_id": "room-1",
            "message_id": f"m-{number}",
            "user_id": "u-1",
            "kind": Kind.COMMENT,
            "text": text,
            "sent_at": EPOCH + timedelta(seconds=number),
        }
        return Message(**{**given, **values})

    return make


@pytest.fixture
def make_decision(taxonomy: Taxonomy) -> MakeDecision:
    """Return a maker of decisions that name their labels with certainty."""

    def make(*labels: str, **values: Any) -> Decision:
        chosen = taxonomy.in_order(labels or ("chatter",))
        is_lead = bool(taxonomy.leads & set(chosen))
        given = {
            "probabilities": {name: float(name in chosen) for name in taxonomy.names},
            "labels": chosen,
            "lead_probability": float(is_lead),
            "is_lead": is_lead,
            "decided_by": DecidedBy.LOCAL,
            "versions": Versions(taxonomy.version, "none", "test", "test"),
        }
        return Decision(**{**given, **values})

    return make


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Return a real PostgreSQL server of this test process's own."""
    with PostgresServer(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/intent.db"


@pytest.fixture
def postgres_url(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a fresh, empty PostgreSQL database; its vault has a key, as it must."""
    monkeypatch.setenv("INTENT_VAULT_KEY", VAULT_KEY)
    return postgres.fresh_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(
        "sqlite_url" if request.param == "sqlite" else "postgres_url"
    )
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a migrated database: every test that asks for it runs on SQLite and on PostgreSQL."""
    opened = Database(database_url)
    migrate(opened, migrations_dir())
    yield opened
    opened.close()


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    """Return all rows of a table."""
    with database.read() as connection:
        return [
            dict(row)
            for row in connection.execute(sqlalchemy.text(f"SELECT * FROM {table}")).mappings()
        ]


@pytest.fixture
def start_listening(tmp_path: Path) -> Iterator[StartListening]:
    """Return a starter of ``intent listen``: database URL, sources, arguments and environment, as
    :class:`tests.listening.ListenProcess`; what still runs at the end is killed.
    """
    folder = tmp_path / "listening"
    folder.mkdir()
    started: list[ListenProcess] = []

    def start(url: str, sources: Sources, *arguments: str, **environment: str) -> ListenProcess:
        started.append(ListenProcess(url, folder, sources, *arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Callable[..., Served]]:
    """Return a maker of clients of a service in this process, on SQLite (``tests/serving.py``)."""
    from tests.serving import TABLE, Served, service_on

    with ExitStack() as opened:

        def serve(*, table: Any = TABLE, **values: Any) -> Served:
            service = service_on(values.pop("url", sqlite_url), **values)
            return opened.enter_context(Served(service, table))

        yield serve


@pytest.fixture
def start_serving(sqlite_url: str) -> Callable[..., AbstractContextManager[RunningServer]]:
    """Return a starter of real servers on free ports, on SQLite (``tests/serving.py``)."""
    from tests.serving import TABLE, running, service_on

    def start(*, table: Any = TABLE, **values: Any) -> AbstractContextManager[RunningServer]:
        return running(service_on(values.pop("url", sqlite_url), **values), table)

    return start
