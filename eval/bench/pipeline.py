"""Measures the pipeline end to end: messages a second and processor seconds a million from a full
source to stored decisions, and how long a message takes from its arrival to its decision at half
of that load.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import sqlalchemy

from eval.bench.pipeline_ways import BrokerWay, FileWay, PipelineCode, PipelineWay, TaskWay
from eval.bench.processor_time import of_processes, of_redis, postmaster
from intent.bootstrap.application import migrations_dir
from intent.model.errors import OperatorError
from intent.model.message import Kind, Message
from intent.sources.brokers.redis_client import connect
from intent.store.engine import Database
from intent.store.migrate import migrate

PATIENCE = 300.0
"""Seconds without a new decision after which a run is given up."""

BEGUN = 0.2
"""Share of the messages behind which counting begins: what starting costs is left out."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class PipelineServers:
    """Where things run; None for what is left out. A database must be empty of names ``bench_…``.

    Attributes:
        postgresql: URL of a database from which others may be created.
        redis: URL of a Redis.
        kafka: ``host:port`` of brokers that make topics when they are written to.
    """

    postgresql: str | None
    redis: str | None
    kafka: str | None


@dataclass(frozen=True, slots=True)
class PipelineSize:
    """How much is measured: messages of a full source, and seconds at half load."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PipelineLine:
    """What was measured of one way; seconds of processor time are those of a million messages.

    Attributes:
        rate: messages a second from a full source.
        clients: processor seconds of listener and workers, or of those who run tasks.
        workers_used: those of the workers alone.
        database: of the database's server; None where it runs elsewhere or in the clients.
        redis: of the Redis server; None where there is none.
        wal: bytes of PostgreSQL's log for a message.
        p50, p99: seconds from arrival to the decision's transaction, at half of that rate.
        code, classifier: what was run, as :class:`PipelineCode` has it.
    """

    way: str
    database_kind: str
    workers: int
    rate: float
    clients: float
    database: float | None
    redis: float | None
    p50: float
    p99: float
    workers_used: float = 0.0
    wal: float | None = None
    code: str = "this"
    classifier: str = "constant"

    @property
    def is_peer(self) -> bool:
        """Whether it is the plain way."""
        return self.way.startswith("a task")


def measure(
    servers: PipelineServers,
    size: PipelineSize,
    workers: Sequence[int],
    said: Callable[[str], None],
    codes: Sequence[PipelineCode] = (PipelineCode(),),
) -> list[PipelineLine]:
    """Measure every way over every database, in turns, so that the machine's moods hit all alike.

    Raises:
        OperatorError: nothing was decided any more.
    """
    lines: list[PipelineLine] = []
    for count in workers:
        for kind in ("sqlite", "postgresql"):
            if kind == "postgresql" and servers.postgresql is None:
                continue
            for code in codes:
                for make in _ways(servers, kind, count, code):
                    line = _measured(servers, kind, make, size, code)
                    lines.append(line)
                    said(f"{line.way}, {kind}, {count}, {code.name}: {line.rate:,.0f} messages/s")
    return lines


def _ways(
    servers: PipelineServers, kind: str, workers: int, code: PipelineCode
) -> Iterator[Callable[[str], PipelineWay]]:
    yield lambda url: FileWay(url, workers, code)
    if servers.redis is not None:
        redis = servers.redis
        yield lambda url: BrokerWay(url, workers, "redis", f"{redis}/bench-{next(_numbers)}", code)
        # SQLite has one writer at a time: there threads only wait for each other.
        for threads in (1,) if kind == "sqlite" else (1, 8):
            yield lambda url, threads=threads: TaskWay(url, workers, redis, threads)  # type: ignore[misc]
    if servers.kafka is not None:
        kafka = servers.kafka
        yield lambda url: BrokerWay(
            url, workers, "kafka", f"kafka://{kafka}/bench-{os.getpid()}-{next(_numbers)}", code
        )


def _measured(
    servers: PipelineServers,
    kind: str,
    make: Callable[[str], PipelineWay],
    size: PipelineSize,
    code: PipelineCode,
) -> PipelineLine:
    with fresh_database(servers, kind, code) as database:
        way = make(database.url)
        rate, used = _from_full(way, database, servers, size.messages)
    with fresh_database(servers, kind, code) as database:
        live = make(database.url)
        p50, p99 = _at_pace(live, database, rate / 2, size.seconds)
    return PipelineLine(
        way.name, kind, way.workers, rate, used["clients"], used.get("database"),
        used.get("redis"), p50, p99, used["workers"],
        used["wal"] / 1e6 if "wal" in used else None, code.name, code.classifier,
    )  # fmt: skip


def _from_full(
    way: PipelineWay, database: Database, servers: PipelineServers, count: int
) -> tuple[float, dict[str, float]]:
    """Return messages a second, and processor seconds of each part for a million."""
    way.fill(_messages(count))
    way.start(live=False)
    try:
        before = _wait(database, int(count * BEGUN))
        began, first = time.monotonic(), _used(way, database, servers)
        _wait(database, count)
        seconds, last = time.monotonic() - began, _used(way, database, servers)
    finally:
        way.stop()
    done = max(count - before, 1)
    return done / seconds, {name: (last[name] - first[name]) * 1e6 / done for name in last}


def _used(way: PipelineWay, database: Database, servers: PipelineServers) -> dict[str, float]:
    used = {
        "clients": of_processes(process.pid for process in way.processes),
        "workers": of_processes(process.pid for process in way.deciding),
    }
    if database.dialect == "postgresql":
        used["wal"] = _logged(database)
    if database.dialect == "postgresql" and (server := postmaster(database.url)) is not None:
        used["database"] = of_processes([server])
    if servers.redis is not None and way.name not in {"replay", "kafka"}:
        client = connect(servers.redis)
        used["redis"] = of_redis(client)
        client.close()
    return used


def _logged(database: Database) -> float:
    """Return where PostgreSQL's log stands, in bytes."""
    with database.read() as connection:
        place = sqlalchemy.text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        return float(connection.execute(place).scalar_one())


def _at_pace(
    way: PipelineWay, database: Database, rate: float, seconds: float
) -> tuple[float, float]:
    """Return the 50th and the 99th hundredth of the seconds from arrival to decision."""
    way.start(live=True)
    try:
        way.send(_messages(1))
        _wait(database, 1)
        began, sent = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * rate)
            if due > sent:
                way.send(_messages(due - sent))
                sent = due
            time.sleep(0.01)
        _wait(database, sent + 1)
    finally:
        way.stop()
    query = sqlalchemy.text(
        "SELECT event_timestamp, created_timestamp FROM decisions ORDER BY id"
    ).columns(event_timestamp=sqlalchemy.DateTime, created_timestamp=sqlalchemy.DateTime)
    with database.read() as connection:
        rows = connection.execute(query).all()[1:]
    waited = [(decided - said).total_seconds() for said, decided in rows]
    return float(np.quantile(waited, 0.5)), float(np.quantile(waited, 0.99))


def _wait(database: Database, count: int) -> int:
    """Wait until so many messages are decided, and return how many are."""
    done, changed = 0, time.monotonic()
    while True:
        with database.read() as connection:
            # The newest number is found at once; to count would be measured with the rest.
            now = connection.scalar(sqlalchemy.text("SELECT max(id) FROM decisions")) or 0
        if now >= count:
            return int(now)
        if now > done:
            done, changed = now, time.monotonic()
        if time.monotonic() - changed > PATIENCE:
            raise OperatorError(f"only {done} of {count} messages were decided")
        time.sleep(0.05)


@contextmanager
def fresh_database(servers: PipelineServers, kind: str, code: PipelineCode) -> Iterator[Database]:
    """Yield an empty database that is gone afterwards."""
    name = f"bench_{os.getpid()}_{next(_numbers)}"
    with TemporaryDirectory(prefix="pipeline-") as folder:
        url = f"sqlite:///{Path(folder) / 'intent.db'}"
        if kind == "postgresql":
            assert servers.postgresql is not None
            _administer(servers.postgresql, f"CREATE DATABASE {name}")
            address = sqlalchemy.make_url(servers.postgresql).set(database=name)
            url = address.render_as_string(hide_password=False)
        database = Database(url)
        try:
            _prepare(database, code)
            yield database
        finally:
            database.close()
            if kind == "postgresql":
                _administer(str(servers.postgresql), f"DROP DATABASE {name} WITH (FORCE)")


def _prepare(database: Database, code: PipelineCode) -> None:
    if code.folder is None:
        migrate(database, migrations_dir())
        return
    environment = {**code.environment, "INTENT_DATABASE_URL": database.url}
    command = [sys.executable, "-m", "intent", "migrate"]
    subprocess.run(command, env=environment, cwd=code.folder, check=True, capture_output=True)


def _administer(url: str, statement: str) -> None:
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _messages(count: int) -> list[Message]:
    now = datetime.now(UTC)
    return [
        Message(
            platform="bench",
            room_id=f"room-{number % 20}",
            creator_id=f"creator-{number % 20}",
            message_id=f"m-{number}",
            user_id=f"user-{number * 7919 % 5000}",
            kind=Kind.COMMENT,
            text=f"how much is number {number % 997}?",
            sent_at=now,
        )
        for number in itertools.islice(_numbers, count)
    ]
