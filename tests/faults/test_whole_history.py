"""Everything that was ever put is put again, twice: in order, shuffled, and by two at once."""

from __future__ import annotations

import random
from threading import Thread

import pytest

from intent.model.batch import Accepted, Batch
from tests.conftest import rows
from tests.fault_tries import Tries
from tests.faults.children import work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("history")]


@pytest.mark.parametrize(
    ("rounds", "count"),
    [(2, 200), pytest.param(40, 1_000, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)])],
)
def test_a_history_that_comes_again_changes_nothing(
    rounds: int, count: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house, draw = fault_house, random.Random(17)
    messages = house.fill(count)
    assert house.child(work, batch_count=256).ended() == 0
    before = rows(house.database, "decisions")
    accepted: list[Accepted] = []

    def put_all(order: list[int]) -> None:
        for start in range(0, count, 250):
            part = [messages[number] for number in order[start : start + 250]]
            accepted.append(house.app.inbox.put(Batch(part)))

    for number in range(rounds):
        order = list(range(count))
        if number % 2:
            draw.shuffle(order)
        threads = [Thread(target=put_all, args=(order,)) for _ in range(1 + number % 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tries.add(house.reckoned(leaks=False), tried=len(threads))
    assert {(one.new, one.edited, one.refused) for one in accepted} == {(0, 0, 0)}
    assert sum(one.repeated for one in accepted) == tries.tried * count
    assert house.child(work).ended() == 0
    assert rows(house.database, "decisions") == before
    tries.add(house.reckoned(), tried=0)
