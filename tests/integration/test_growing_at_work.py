"""A shard more while workers decide and a listener brings messages: nobody stops, nothing is lost
or doubled, and features are those of a recomputation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

import pytest

from intent.bootstrap.application import Application
from intent.bootstrap.shards import build_growing, build_inlet, open_shards
from intent.flow.worker import Worker, WorkerPolicy
from intent.model.batch import Batch, Retraction
from intent.model.message import Message
from intent.operations.audit import audit
from intent.operations.shards import check_between
from intent.queues.lane import SqlLane
from intent.retry import retry_until_available
from intent.store.decisions import SqlDecisions
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.test_growing_shards import first, named
from tests.integration.test_shards import ROOMS, USERS, ByText, work

__all__ = ["first"]

T = TypeVar("T")

AT_ONCE = 5
PATIENT = WorkerPolicy(batch_age=0.01, idle_most=0.02)


class ThreadedWorker:
    """A worker of one shard, which decides until it is told to leave."""

    def __init__(self, app: Application, make: MakeDecision) -> None:
        self.stop = Event()
        parts = (app.inbox, ByText(make), app.database, SqlDecisions(), app.features)
        options: dict[str, Any] = {"unsure": lambda decision: False, "policy": PATIENT}
        self._worker = Worker(*parts, SqlLane(app.database), **options, stop=self.stop)
        self._thread = Thread(target=self._worker.run, daemon=True)
        self._thread.start()

    def leave(self) -> int:
        """Let it end, and return what it decided."""
        assert self._thread.is_alive()
        self.stop.set()
        self._thread.join()
        return self._worker.report.decided


class ThreadedListener:
    """Brings batches one after the other, each until it is stored, and says how many are."""

    def __init__(self, app: Application, batches: Sequence[Batch]) -> None:
        self._app, self._batches = app, batches
        self.brought, self.waited = 0, Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        assert self.brought == len(self._batches)

    def _run(self) -> None:
        inlet = self._once_it_can(lambda: build_inlet(self._app))
        for batch in self._batches:
            self._once_it_can(lambda batch=batch: inlet.put(batch))
            self.brought += 1

    def _once_it_can(self, call: Callable[[], T]) -> T:
        def waiting(_seconds: float, _error: Exception) -> None:
            self.waited.set()

        return retry_until_available(call, stop=Event(), delay=0.01, most=0.02, waiting=waiting)


@pytest.fixture
def said(make_message: MakeMessage) -> list[Message]:
    """What is said in all rooms, in order of time."""
    chance, found = random.Random(7), []
    for number in range(250):
        room = chance.randrange(ROOMS)
        label = chance.choice(("purchase_intent", "price_inquiry", "chatter"))
        found.append(
            make_message(
                f"{label} {number}",
                user_id=f"u-{chance.randrange(USERS)}",
                room_id=f"room-{room}",
                creator_id=f"c-{room % 4}",
                item_id=f"i-{chance.randrange(3)}",
                sent_at=EPOCH + timedelta(minutes=number),
            )
        )
    return found


def batches_of(said: Sequence[Message]) -> list[Batch]:
    """Return them a few at a time; one in fifty is taken back with the next ones."""
    found = []
    for start in range(0, len(said), AT_ONCE):
        gone = [
            Retraction(one.platform, one.room_id, one.sent_at, message_id=one.message_id)
            for one in said[max(0, start - AT_ONCE) : start]
            if one.text.endswith("7")
        ]
        found.append(Batch(said[start : start + AT_ONCE], retractions=gone))
    return found


def test_workers_and_a_listener_go_on_while_a_shard_is_added(
    tmp_path: Path, first: Application, said: list[Message], make_decision: MakeDecision
) -> None:
    batches = batches_of(said)
    half = len(batches) // 2
    before = ThreadedListener(first, batches[:half])
    workers = [ThreadedWorker(named(tmp_path, 1), make_decision) for _ in range(2)]
    before.start()
    before.join()
    # Those who bring messages are told of the new database, and started again.
    app = named(tmp_path, 2)
    after = ThreadedListener(app, batches[half:])
    after.start()
    after.waited.wait()
    moved = build_growing(named(tmp_path, 2)).run()
    shards = open_shards(app)
    workers.append(ThreadedWorker(shards[1], make_decision))
    after.join()
    assert moved
    assert sum(one.leave() for one in workers)
    for one in shards:
        work(one, make_decision)
    books = [audit(one.database, app.taxonomy.members) for one in shards]
    assert all(one.holds and one.books.accepted for one in books)
    assert sum(one.books.accepted for one in books) == len(said)
    assert check_between([one.database for one in shards]).holds
    decided = [
        (row["message_id"], row["revision"])
        for one in shards
        for row in rows(one.database, "decisions")
    ]
    assert len(decided) == len(set(decided))
    assert {message_id for message_id, _ in decided} == {one.message_id for one in said}
    assert not any(rows(one.database, "dead_letters") for one in shards)
