"""What every memory of positions and gaps promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from intent.model.batch import Batch, Gap, Position
from intent.ports.ingestion import Inbox, Positions
from intent.queues.inbox import SqlInbox
from intent.queues.memory import MemoryInbox
from intent.store.engine import Database
from intent.store.positions import SqlPositions
from tests.conftest import EPOCH, MakeMessage


@dataclass
class Case:
    """An inbox, and what it remembers of its sources."""

    inbox: Inbox
    positions: Positions


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "memory":
        memory = MemoryInbox()
        yield Case(memory, memory)
        return
    from intent.bootstrap.application import migrations_dir
    from intent.store.migrate import migrate

    url = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    database = Database(request.getfixturevalue(url))
    migrate(database, migrations_dir())
    yield Case(SqlInbox(database), SqlPositions(database))
    database.close()


def test_a_source_that_never_came_stands_nowhere(case: Case) -> None:
    assert case.positions.position("twitch") is None


def test_a_position_comes_back_as_it_was_put_last(case: Case, make_message: MakeMessage) -> None:
    case.inbox.put(Batch([make_message()], position=Position("youtube/room-1", "page 1")))
    case.inbox.put(Batch(position=Position("youtube/room-1", "page 2 é\n")))
    case.inbox.put(Batch(position=Position("youtube/room-2", "page 9")))
    assert case.positions.position("youtube/room-1") == Position("youtube/room-1", "page 2 é\n")


def test_a_batch_that_fails_stores_neither_its_messages_nor_its_position(
    database: Database, make_message: MakeMessage
) -> None:
    inbox = SqlInbox(database)
    torn = replace(Gap("tiktok", "r", EPOCH, None, "cut off"), reason=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)null"):
        inbox.put(Batch([make_message()], gaps=[torn], position=Position("s", "1")))
    assert (inbox.waiting(), SqlPositions(database).position("s")) == (0, None)


def test_a_gap_is_open_until_it_is_closed_and_never_opens_again(case: Case) -> None:
    gap = Gap("twitch", "room-1", EPOCH, None, "the connection was reset")
    closed = replace(gap, until=EPOCH + timedelta(minutes=3))
    earlier = replace(closed, room_id="room-2", since=EPOCH - timedelta(hours=1))
    case.inbox.put(Batch(gaps=[gap]))
    assert case.positions.gaps() == [gap]
    case.inbox.put(Batch(gaps=[closed, earlier]))
    case.inbox.put(Batch(gaps=[gap]))
    assert case.positions.gaps() == [earlier, closed]
