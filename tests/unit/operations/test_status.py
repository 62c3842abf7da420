"""The status says what waits, what is dead, and whether that is healthy."""

from __future__ import annotations

from threading import Event

import pytest

from intent.features.online.state import SqlFeatureState
from intent.flow.worker import Worker, WorkerPolicy
from intent.model.batch import Batch, Gap, Position, Refused
from intent.model.errors import OperatorError, StoreUnavailable, WrongUse
from intent.model.taxonomy import Taxonomy
from intent.operations.status import StatusPolicy, read_status
from intent.queues.inbox import SqlInbox
from intent.queues.lane import SqlLane
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from tests.conftest import EPOCH, MakeDecision, MakeMessage


def test_an_empty_service_is_healthy(database: Database) -> None:
    status = read_status(lambda: database, StatusPolicy())
    assert status.healthy
    assert status.oldest_seconds is None
    assert status.overview is not None
    assert (status.overview.waiting, status.overview.last_decided) == (0, None)


def test_what_is_decided_dead_and_asked_is_counted(
    database: Database, taxonomy: Taxonomy, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    inbox, lane = SqlInbox(database), SqlLane(database)
    refused = [Refused("no JSON", b"x", "d1", "line 1"), Refused("no JSON", b"y", "d2", "line 2")]
    inbox.put(Batch([make_message(), make_message()], refused))

    class Chatter:
        versions = make_decision().versions

        def classify(self, messages: list[object]) -> list[object]:
            return [make_decision() for _ in messages]

    parts = (inbox, Chatter(), database, SqlDecisions(), SqlFeatureState(taxonomy.members), lane)
    Worker(*parts, unsure=lambda one: True, policy=WorkerPolicy(), stop=Event()).run(drain=True)  # type: ignore[arg-type]
    overview = read_status(lambda: database, StatusPolicy()).overview
    assert overview is not None
    assert (overview.waiting, overview.decided_last_minute, overview.asking) == (0, 2, 2)
    assert overview.dead == {"no JSON": 2}
    assert overview.last_decided is not None


def test_a_message_that_waits_too_long_is_a_problem_with_its_remedy(
    database: Database, make_message: MakeMessage
) -> None:
    SqlInbox(database).put(Batch([make_message()]))
    patient = read_status(lambda: database, StatusPolicy(age=3600.0))
    assert patient.healthy
    hasty = read_status(lambda: database, StatusPolicy(age=-1.0))
    assert not hasty.healthy
    assert "intent work" in hasty.problems[0]
    assert hasty.overview is not None
    assert hasty.overview.waiting == 1


@pytest.mark.parametrize("error", [StoreUnavailable("away"), OperatorError("run: intent migrate")])
def test_a_database_that_cannot_be_read_is_a_problem_and_no_crash(error: Exception) -> None:
    def fails() -> Database:
        raise error

    status = read_status(fails, StatusPolicy())
    assert (status.healthy, status.problems) == (False, (str(error),))
    assert (status.overview, status.money) == (None, None)


def test_a_wrong_setting_is_wrong_use() -> None:
    def fails() -> Database:
        raise WrongUse("no database URL")

    with pytest.raises(WrongUse):
        read_status(fails, StatusPolicy())


def test_where_sources_stand_and_are_blind_is_shown(database: Database) -> None:
    gap = Gap("twitch", "room-1", EPOCH, None, "the connection was reset")
    closed = Gap("twitch", "room-2", EPOCH, EPOCH, "the connection was reset")
    SqlInbox(database).put(Batch(gaps=[gap, closed], position=Position("twitch/room-1", "9")))
    overview = read_status(lambda: database, StatusPolicy()).overview
    assert overview is not None
    assert list(overview.sources) == ["twitch/room-1"]
    assert overview.sources["twitch/room-1"] >= 0
    assert overview.blind == 1
