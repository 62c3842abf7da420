"""The same ids come from many at once: repeated, shuffled, edited, taken back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Lock, Thread

import pytest

from intent.model.batch import Accepted, Batch, Retraction
from intent.model.errors import StoreUnavailable
from tests.conftest import EPOCH, rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("repeat")]


def at_once(tasks: list[Callable[[], None]], threads: int = 4) -> None:
    """Do all tasks, with several threads."""
    lock, rest = Lock(), list(tasks)

    def run() -> None:
        while True:
            with lock:
                if not rest:
                    return
                task = rest.pop()
            task()

    running = [Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


@pytest.mark.parametrize("times", [100, pytest.param(1_000, marks=pytest.mark.soak)])
def test_one_id_many_times_at_once_is_one_message(
    times: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    message, told = house.message(), list[Accepted]()
    house.sent[message.message_id] = message
    at_once([lambda: told.append(house.app.inbox.put(Batch([message])))] * times)
    assert Counter((one.new, one.repeated) for one in told) == {(1, 0): 1, (0, 1): times - 1}
    assert house.child(work).ended() == 0
    tries.add(house.reckoned(), tried=times)
    assert [row["revision"] for row in rows(house.database, "decisions")] == [0]


@in_rounds(2, 40)
def test_versions_that_come_shuffled_and_at_once_leave_the_newest(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house, draw = fault_house, random.Random(23)
    for number in range(rounds):
        messages = [
            house.message(message_id=f"v-{number}-{each}", room_id="room-1") for each in range(6)
        ]
        house.sent.update((one.message_id, one) for one in messages)
        versions = [
            house.message(
                message_id=one.message_id,
                user_id="u-1",
                room_id="room-1",
                text=f"chatter version {each}",
                sent_at=EPOCH + timedelta(days=each),
            )
            for one in messages
            for each in (0, 1, 2, 300_000)
        ]
        gone = messages[0]
        taken = Retraction(
            gone.platform, gone.room_id, EPOCH + timedelta(days=1), message_id=gone.message_id
        )
        batches = [*(Batch([one]) for one in versions * 3), Batch([], retractions=[taken])]
        draw.shuffle(batches)

        def put(batch: Batch) -> None:
            while True:
                try:
                    house.app.inbox.put(batch)
                except StoreUnavailable:
                    continue  # as every source does
                return

        at_once([lambda one=batch, put=put: put(one) for batch in batches])  # type: ignore[misc]
        assert house.child(work).ended() == 0
        tries.add(house.reckoned(), tried=len(batches))
        texts = {row["message_id"]: row["text"] for row in rows(house.database, "messages")}
        assert all(texts[one.message_id].endswith("version 300000") for one in messages)
