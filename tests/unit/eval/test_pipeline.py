"""The pipeline bench runs our own processes end to end, and holds them against the best peer."""

from __future__ import annotations

import pytest

from eval.bench.pipeline import PipelineLine, PipelineServers, PipelineSize, measure
from eval.bench.pipeline_peer import storing
from eval.bench.pipeline_verb import best_peers, to_peer
from intent.bootstrap.application import open_application
from intent.bootstrap.settings import Settings
from intent.model.message import wire
from intent.store.access import Access
from tests.conftest import MakeMessage, rows

pytestmark = pytest.mark.slow


def line(way: str, rate: float, *, database: str = "sqlite") -> PipelineLine:
    return PipelineLine(way, database, 1, rate, 100.0, None, None, 0.1, 0.2)


def test_a_file_is_measured_from_its_first_line_to_its_last_decision() -> None:
    said: list[str] = []
    servers = PipelineServers(None, None, None)
    (only,) = measure(servers, PipelineSize(40, 0.3), [1], said.append)
    assert (only.way, only.database_kind, only.workers) == ("replay", "sqlite", 1)
    assert only.rate > 0
    assert 0 < only.p50 <= only.p99 < 60
    assert len(said) == 1


def test_a_ratio_is_to_the_best_peer_over_the_same_database() -> None:
    slow, fast = line("a task a message, 1 thread", 50.0), line("a task a message, 8 threads", 80.0)
    peers = best_peers([line("redis", 400.0), slow, fast])
    assert to_peer(line("redis", 400.0), peers) == 5.0
    assert to_peer(line("redis", 400.0, database="postgresql"), peers) is None
    assert to_peer(fast, peers) is None


def test_a_task_stores_its_message_and_the_same_decision_row(
    sqlite_url: str, make_message: MakeMessage
) -> None:
    app = open_application(Settings(database_url=sqlite_url), access=Access.CREATE)  # type: ignore[arg-type]
    store = storing(app)
    for payload in (wire(make_message()), wire(make_message())):
        store(payload.decode("utf-8"))
    decided = rows(app.database, "decisions")
    assert [row["labels"] for row in decided] == ['["chatter"]'] * 2
    assert len(rows(app.database, "messages")) == 2
    app.database.close()
