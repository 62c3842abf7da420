"""What every source promises over every database: order, nothing acknowledged before it is stored,
nothing lost or doubled when it is cut short, what is no message kept, and leaving when told to.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from intent.flow.ingest import IngestReport, ingest
from intent.model.message import wire
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.positions import SqlPositions
from tests.brokers import KafkaCluster, RedisServer
from tests.conftest import MakeMessage, rows
from tests.contracts.platforms import KafkaPlatform, Platform, RedisPlatform, ReplayPlatform

LOOKS = 60
"""Batches, empty ones included, until a test gives up: at most a second each."""


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    with KafkaCluster() as running:
        yield running


@pytest.fixture(params=["replay", "redis", "kafka"])
def platform(request: pytest.FixtureRequest) -> Platform:
    if request.param == "replay":
        return ReplayPlatform(request.getfixturevalue("tmp_path"))
    if request.param == "redis":
        return RedisPlatform(request.getfixturevalue("redis_server"))
    return KafkaPlatform(request.getfixturevalue("cluster"))


@pytest.fixture
def payloads(make_message: MakeMessage) -> list[bytes]:
    return [wire(make_message()) for _ in range(600)]


def read_all(platform: Platform, database: Database, count: int) -> IngestReport:
    """Ingest until so much was read in this run, or the source has ended."""
    stop, looks = Event(), itertools.count(1)

    def progress(report: IngestReport) -> None:
        if report.accepted + report.repeated + report.refused >= count:
            stop.set()

    def read() -> Iterator[Any]:
        for batch in platform.source(SqlPositions(database).position, stop).read():
            assert next(looks) <= LOOKS
            yield batch

    class Watched:
        def read(self) -> Iterator[Any]:
            return read()

    return ingest(Watched(), SqlInbox(database), stop=stop, progress=progress)


def stored(database: Database) -> list[str]:
    return [row["message_id"] for row in sorted(rows(database, "inbox"), key=lambda row: row["id"])]


def first(batches: Iterator[Any]) -> Any:
    return next(batch for batch in itertools.islice(batches, LOOKS) if batch)


def test_what_waits_is_stored_in_its_order(
    platform: Platform, database: Database, payloads: list[bytes]
) -> None:
    platform.send(payloads)
    assert read_all(platform, database, 600).accepted == 600
    assert stored(database) == [f"m-{number}" for number in range(1, 601)]


def test_what_was_handed_over_and_not_stored_comes_again(
    platform: Platform, database: Database, payloads: list[bytes]
) -> None:
    platform.send(payloads)
    batches = platform.source(SqlPositions(database).position, Event()).read()
    assert len(first(batches).messages) > 0
    batches.close()  # type: ignore[attr-defined]
    assert read_all(platform, database, 600).accepted == 600


def test_cut_short_behind_a_batch_that_is_stored_nothing_is_lost_or_doubled(
    platform: Platform, database: Database, payloads: list[bytes]
) -> None:
    platform.send(payloads)
    batches = platform.source(SqlPositions(database).position, Event()).read()
    before = SqlInbox(database).put(first(batches)).new
    batches.close()  # type: ignore[attr-defined]
    platform.send([payloads[-1].replace(b'"m-600"', b'"m-601"')])
    report = read_all_new(platform, database, 601 - before)
    assert before + report.accepted == 601
    assert sorted(stored(database)) == sorted(f"m-{number}" for number in range(1, 602))


def read_all_new(platform: Platform, database: Database, count: int) -> IngestReport:
    """Ingest until so many new messages were read."""
    stop = Event()

    def progress(report: IngestReport) -> None:
        if report.accepted >= count:
            stop.set()

    source = platform.source(SqlPositions(database).position, stop)
    return ingest(source, SqlInbox(database), stop=stop, progress=progress)


def test_what_is_no_message_is_kept_with_its_place_and_the_rest_goes_on(
    platform: Platform, database: Database, payloads: list[bytes]
) -> None:
    platform.send([payloads[0], b"{", b'{"platform": "shop"}', payloads[1]])
    report = read_all(platform, database, 4)
    assert (report.accepted, report.refused_new) == (2, 2)
    assert all(row["position"] for row in rows(database, "dead_letters"))


def test_it_leaves_when_it_is_told_to(
    platform: Platform, database: Database, payloads: list[bytes]
) -> None:
    stop = Event()
    platform.send(payloads)
    batches = platform.source(SqlPositions(database).position, stop).read()
    first(batches)
    stop.set()
    assert len(list(itertools.islice(batches, LOOKS))) < LOOKS
