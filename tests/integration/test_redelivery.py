"""Whatever order comments come in, and however often: one message, counted once, at its own time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from intent.flow.listen import Clocks, Listened, Listener
from intent.model.batch import Batch, Position, Refused
from intent.model.errors import SourceLost
from intent.model.message import Message
from intent.ports.ingestion import Source
from intent.queues.spool import FileSpool
from intent.sources.door import Door
from intent.store.listened import SqlListenedSources
from intent.store.positions import SqlPositions
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.conftest import House

HOUR = timedelta(hours=1)


class Room:
    """A source that hands over one burst each time it is connected, and is lost in between."""

    def __init__(self, *bursts: Sequence[Message | Refused]) -> None:
        self.bursts = list(bursts)

    def __call__(self, position: Position | None) -> Source:
        return self

    def read(self) -> Iterator[Batch]:
        if not self.bursts:
            return
        burst = self.bursts.pop(0)
        yield Batch(
            [one for one in burst if isinstance(one, Message)],
            [one for one in burst if isinstance(one, Refused)],
        )
        raise SourceLost("cut off")


def listen(house: House, folder: Path, *rooms: Room) -> None:
    spool = FileSpool(folder, limit=1_000_000)
    Listener(
        [Listened(f"room {number}", "test", room) for number, room in enumerate(rooms)],
        house.inbox.put_all,
        SqlPositions(house.database),
        spool,
        stop=Event(),
        told=SqlListenedSources(house.database),
        clocks=Clocks(pause=lambda stop, seconds: None),
    ).run()
    spool.close()


def decided(house: House) -> dict[str, datetime]:
    """Return at which time each message is decided; each must be so once."""
    found = rows(house.database, "decisions")
    assert len({row["message_id"] for row in found}) == len(found)
    return {
        row["message_id"]: datetime.fromisoformat(str(row["event_timestamp"])).replace(
            tzinfo=EPOCH.tzinfo
        )
        for row in found
    }


@pytest.mark.fault("repeat")
def test_bursts_of_old_comments_after_reconnects_and_mirrors_are_one_message_each(
    house: House, make_message: MakeMessage, make_decision: MakeDecision, tmp_path: Path
) -> None:
    house.local = make_decision("purchase_intent")
    said = [make_message(f"order {number}", user_id=f"u-{number % 5}") for number in range(40)]
    draw = random.Random(7)
    bursts = []
    for until in (15, 25, 40):
        burst = [*said[max(until - 25, 0) : until], *said[until - 5 : until]]
        draw.shuffle(burst)
        bursts.append(burst)
    mirrored = [list(reversed(said[:30])), said[20:]]
    listen(house, tmp_path, Room(*bursts), Room(*mirrored), Room(said, said))
    house.work()
    assert decided(house) == {one.message_id: one.sent_at for one in said}
    assert house.holds()


@pytest.mark.fault("repeat")
def test_late_and_early_comments_count_at_their_own_time_and_the_impossible_are_refused(
    house: House, make_message: MakeMessage, make_decision: MakeDecision, tmp_path: Path
) -> None:
    house.local = make_decision("purchase_intent")
    offsets = [0 * HOUR, 3 * HOUR, -2 * HOUR, 20 * HOUR, -900 * HOUR, -HOUR]
    said = [make_message(str(after), sent_at=EPOCH + after) for after in offsets]
    door = Door(now=lambda: EPOCH)
    let_in = [door.message(one.model_dump(mode="json"), "line") for one in said]
    far = said[0].model_dump(mode="json") | {"message_id": "far", "sent_at": EPOCH + 25 * HOUR}
    first, second = [*let_in[:4], door.message(far, "line 9")], [*let_in[2:], *let_in[:1]]
    listen(house, tmp_path, Room(first, second))
    house.work()
    assert decided(house) == {one.message_id: one.sent_at for one in said}
    assert [row["reason"] for row in rows(house.database, "dead_letters")] == [
        "sent_at: lies more than a day ahead of this machine's clock"
    ]
    assert house.holds()


@pytest.mark.fault("repeat")
def test_decided_between_a_burst_and_its_repetition_a_message_is_still_one(
    house: House, make_message: MakeMessage, make_decision: MakeDecision, tmp_path: Path
) -> None:
    house.local = make_decision("purchase_intent")
    said = [make_message(f"order {number}") for number in range(10)]
    listen(house, tmp_path, Room(said[5:]))
    house.work()
    listen(house, tmp_path, Room(list(reversed(said)), said))
    house.work()
    assert decided(house) == {one.message_id: one.sent_at for one in said}
    assert house.holds()
