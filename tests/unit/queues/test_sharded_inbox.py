"""What is put goes to the shard of its room, and no position is ahead of what was read before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from intent.model.batch import Accepted, Backlog, Batch, Gap, Position, Refused, Retraction
from intent.model.errors import StoreUnavailable
from intent.model.shard_map import ShardMap
from intent.queues.sharded_inbox import FIRST, ShardedInbox
from tests.conftest import EPOCH, MakeMessage

SHARDS = 3
ROOMS = ShardMap(SHARDS)


@dataclass
class FakeInlet:
    """Keeps what is put, or is away."""

    log: list[tuple[int, Batch]]
    number: int
    away: bool = False
    batches: list[Batch] = field(default_factory=list)

    def put(self, batch: Batch) -> Accepted:
        return self.put_all([batch])[0]

    def put_all(self, batches: Sequence[Batch]) -> list[Accepted]:
        if self.away:
            raise StoreUnavailable("away")
        self.batches += batches
        self.log += [(self.number, batch) for batch in batches]
        return [Accepted(new=len(one.messages), repeated=0) for one in batches]

    def backlog(self, most: int) -> Backlog:
        return Backlog(len(self.batches), float(self.number))


@pytest.fixture
def log() -> list[tuple[int, Batch]]:
    return []


@pytest.fixture
def inlets(log: list[tuple[int, Batch]]) -> dict[int, FakeInlet]:
    return {number: FakeInlet(log, number) for number in range(1, SHARDS + 1)}


@pytest.fixture
def batch(make_message: MakeMessage) -> Batch:
    """A batch of everything, of thirty rooms."""
    rooms = [f"room-{number}" for number in range(30)]
    return Batch(
        [make_message(room_id=room) for room in rooms],
        refused=[Refused("no message", b"{", "0" * 64, "line 3")],
        retractions=[Retraction("tiktok", room, EPOCH, message_id="m-1") for room in rooms],
        gaps=[Gap("tiktok", room, EPOCH, EPOCH + timedelta(1), "lost") for room in rooms],
        position=Position("source", "7"),
    )


def test_everything_of_a_room_goes_to_its_shard(inlets: dict[int, FakeInlet], batch: Batch) -> None:
    accepted = ShardedInbox(ROOMS, inlets).put(batch)
    assert accepted.new == 30
    for number, inlet in inlets.items():
        (mine,) = inlet.batches
        for part in (mine.messages, mine.retractions, mine.gaps):
            assert part
            assert {ROOMS.home(one.platform, one.room_id) for one in part} == {number}
    assert sum(len(inlet.batches[0].messages) for inlet in inlets.values()) == 30


def test_what_belongs_to_no_room_goes_to_the_first_and_last(
    inlets: dict[int, FakeInlet], batch: Batch, log: list[tuple[int, Batch]]
) -> None:
    ShardedInbox(ROOMS, inlets).put_all([batch, batch])
    assert [number for number, _ in log] == [2, 2, 3, 3, FIRST, FIRST]
    with_position = {number for number, one in log if one.position or one.refused}
    assert with_position == {FIRST}


@pytest.mark.parametrize("away", [1, 2, 3])
def test_a_shard_that_is_away_keeps_the_position_back(
    inlets: dict[int, FakeInlet], batch: Batch, log: list[tuple[int, Batch]], away: int
) -> None:
    inlets[away].away = True
    with pytest.raises(StoreUnavailable):
        ShardedInbox(ROOMS, inlets).put(batch)
    assert not any(one.position for _, one in log)


def test_batches_keep_their_results_in_order(
    inlets: dict[int, FakeInlet], make_message: MakeMessage
) -> None:
    batches = [
        Batch([make_message(room_id=f"room-{n}") for n in range(size)]) for size in (5, 0, 9)
    ]
    accepted = ShardedInbox(ROOMS, inlets).put_all(batches)
    assert [one.new for one in accepted] == [5, 0, 9]


def test_what_waits_is_added_up(inlets: dict[int, FakeInlet], batch: Batch) -> None:
    inbox = ShardedInbox(ROOMS, inlets)
    inbox.put(batch)
    assert inbox.backlog(100) == Backlog(3, 3.0)
