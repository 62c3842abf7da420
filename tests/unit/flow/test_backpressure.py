"""When whoever sends is told to come again later."""

from __future__ import annotations

import pytest

from intent.flow.backpressure import Backpressure, BackpressurePolicy
from intent.model.batch import Backlog
from intent.model.errors import Busy, StoreUnavailable


class Scene:
    """An inbox that says what it is told to, and a clock."""

    def __init__(self, **policy: float) -> None:
        self.now, self.looks = 100.0, 0
        self.found = Backlog(0, 0.0)
        self.away = False
        self.gate = Backpressure(
            self.look,
            policy=BackpressurePolicy(waiting=1000, oldest=60.0, **policy),
            clock=lambda: self.now,
        )

    def look(self, most: int) -> Backlog:
        self.looks += 1
        if self.away:
            raise StoreUnavailable("the database is away")
        return self.found

    def after(self, seconds: float, waiting: int, oldest: float = 0.0) -> None:
        self.now += seconds
        self.found = Backlog(waiting, oldest)
        self.gate.look()

    def refusal(self, **values: float) -> Busy:
        with pytest.raises(Busy) as caught:
            self.gate.check(**values)
        return caught.value


def test_who_comes_to_an_empty_inbox_is_let_in() -> None:
    scene = Scene()
    assert scene.gate.is_due
    scene.gate.look()
    assert not scene.gate.is_due
    scene.gate.check()


def test_the_inbox_is_looked_at_once_a_second_however_many_ask() -> None:
    scene = Scene()
    for _ in range(100):
        scene.gate.look()
        scene.gate.check()
        scene.now += 0.02
    assert scene.looks == 2


def test_what_came_in_since_the_last_look_counts_too() -> None:
    scene = Scene()
    scene.after(0, waiting=990)
    scene.gate.came(9)
    scene.gate.check()
    scene.gate.came(1)
    assert "1,000 messages wait" in str(scene.refusal())


def test_the_wait_is_what_the_worker_needs_at_its_present_speed() -> None:
    scene = Scene()
    scene.after(0, waiting=1000)
    scene.gate.came(500)
    scene.after(10, waiting=1400)  # 100 were decided in ten seconds
    assert scene.refusal().wait == 30.0
    scene.after(10, waiting=1000)  # 10 a second before, 40 now; 100 above what it is to fall to
    assert scene.refusal().wait == 4.0


def test_where_nothing_is_decided_the_wait_is_the_longest() -> None:
    scene = Scene()
    scene.after(0, waiting=5000)
    scene.after(5, waiting=5000)
    assert scene.refusal().wait == 30.0


def test_an_old_message_closes_the_door_too() -> None:
    scene = Scene()
    scene.after(0, waiting=1, oldest=59.0)
    scene.gate.check()
    scene.after(5, waiting=1, oldest=64.0)
    assert "has waited 64 seconds" in str(scene.refusal())
    scene.after(5, waiting=0)
    scene.gate.check()


def test_who_cannot_come_again_gets_more_room() -> None:
    scene = Scene()
    scene.after(0, waiting=1500, oldest=70.0)
    scene.gate.check(room=2)
    scene.after(1, waiting=2000)
    assert scene.refusal(room=2).wait == 30.0


def test_an_outage_is_told_to_one_and_the_others_go_by_what_was_known() -> None:
    scene = Scene()
    scene.after(0, waiting=10)
    scene.away = True
    scene.now += 2
    with pytest.raises(StoreUnavailable):
        scene.gate.look()
    scene.gate.look()
    scene.gate.check()
