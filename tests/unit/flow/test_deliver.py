"""The loop that tells receivers: what it does with answers, failures, outages, slow receivers and
orders to leave.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

import pytest

from intent.flow.deliver import Deliverer, DeliverPolicy, DeliverReport
from intent.hooks.patience import ReceiverBreaker, TrySchedule
from intent.model.errors import OperatorError, StoreUnavailable
from intent.model.hook import (
    Answered,
    Hook,
    HookDelivery,
    HookEvent,
    HookWork,
    PushedLead,
    SecretSalts,
    Telling,
)

OK, BAD = Answered(200), Answered(500, "answers with status 500")
SALTS = SecretSalts("key", "salt")


def lead(name: str) -> PushedLead:
    empty: dict[str, Any] = dict.fromkeys(
        ("creator_id", "item_id", "category_id", "offer", "item", "lang")
    )
    return PushedLead(
        platform="p",
        room_id="r",
        message_id=name,
        user_id="u",
        text="how much?",
        event_timestamp=datetime(2026, 11, 20, tzinfo=UTC),
        labels=("price_inquiry",),
        lead_probability=900_000,
        slots=(),
        decided_by="local",
        handling="open",
        answered=False,
        stands=True,
        **empty,
    )


class FakeDeliveries:
    """Deliveries in memory: what is taken is gone until it fails; time stands still, so that a
    pause of 0 is the only one that ends.
    """

    def __init__(self, **hooks: int) -> None:
        self.hooks = [Hook(n, name, "", SALTS) for n, name in enumerate(hooks, start=1)]
        self._lock = Lock()
        self.ready = {
            hook.id: deque(self._delivery(hook, n) for n in range(hooks[hook.name]))
            for hook in self.hooks
        }
        self.changes = dict.fromkeys(self.ready, 0)
        self.did: list[tuple[str, str]] = []
        self.pauses: list[float | None] = []
        self.leads: dict[str, PushedLead | None] = {}
        self.away = 0

    def _delivery(self, hook: Hook, number: int) -> HookDelivery:
        name = f"{hook.name}-{number}"
        now = datetime(2026, 11, 20, tzinfo=UTC)
        return HookDelivery(hook.id, name, HookEvent.FOUND, "p", name, now, 1, number, name)

    def work(self) -> Sequence[HookWork]:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        return [HookWork(h, self.changes[h.id] > 0, bool(self.ready[h.id])) for h in self.hooks]

    def fan_out(self, hook: Hook) -> int:
        read, self.changes[hook.id] = self.changes[hook.id], 0
        return read

    def take(self, hook: Hook, count: int) -> Sequence[HookDelivery]:
        ready = self.ready[hook.id]
        return [ready.popleft() for _ in range(min(count, len(ready)))]

    def look_up(self, delivery: HookDelivery) -> Telling | None:
        found = self.leads.get(delivery.message_id, lead(delivery.message_id))
        return None if found is None else Telling(self.hooks[delivery.hook_id - 1], found)

    def untrue(self, delivery: HookDelivery) -> HookDelivery | None:
        self._note("untrue", delivery)
        return replace(delivery, event=HookEvent.GONE)

    def delivered(self, delivery: HookDelivery, answered: Answered) -> bool:
        self._note("delivered", delivery)
        return True

    def failed(self, delivery: HookDelivery, answered: Answered, pause: float | None) -> bool:
        self._note("failed", delivery)
        self.pauses.append(pause)
        if pause == 0.0:
            again = replace(delivery, attempts=delivery.attempts + 1)
            self.ready[delivery.hook_id].append(again)
        return True

    def ended(self, delivery: HookDelivery, answered: Answered) -> None:
        self._note("ended", delivery)
        self.hooks = [hook for hook in self.hooks if hook.id != delivery.hook_id]

    def release(self, delivery: HookDelivery, pause: float = 0.0) -> None:
        self._note("released", delivery)

    def _note(self, what: str, delivery: HookDelivery) -> None:
        with self._lock:
            self.did.append((what, delivery.webhook_id))


class FakeCourier:
    """Answers as it is told to, by hook; keeps what it brought."""

    def __init__(self, answer: Callable[[HookDelivery], Answered] = lambda one: OK) -> None:
        self.answer, self.brought, self._lock = answer, list[HookDelivery](), Lock()

    def tell(self, delivery: HookDelivery, telling: Telling) -> Answered:
        with self._lock:
            self.brought.append(delivery)
        return self.answer(delivery)


def deliverer(
    deliveries: FakeDeliveries, courier: FakeCourier, stop: Event | None = None, **policy: Any
) -> Deliverer:
    given = {"idle": 0.01, "schedule": TrySchedule(tries=3, first=0.0, most=0.0), **policy}
    return Deliverer(
        deliveries,
        courier,
        policy=DeliverPolicy(**given),
        stop=stop or Event(),
        breaker=lambda: ReceiverBreaker(failures=1_000),
    )


def test_everything_is_told_to_everybody() -> None:
    deliveries, courier = FakeDeliveries(a=10, b=3), FakeCourier()
    deliveries.changes[1] = 7
    report = deliverer(deliveries, courier).run(drain=True)
    assert (report.changes, report.delivered, report.failed) == (7, 13, 0)
    assert len({one.webhook_id for one in courier.brought}) == 13


def test_what_fails_is_tried_again_with_the_same_id_until_it_is_given_up() -> None:
    deliveries, courier = FakeDeliveries(a=1), FakeCourier(lambda one: BAD)
    report = deliverer(deliveries, courier).run(drain=True)
    assert [one.webhook_id for one in courier.brought] == ["a-0"] * 3
    assert deliveries.pauses == [0.0, 0.0, None]
    assert (report.failed, report.dead, report.delivered) == (3, 1, 0)


def test_a_receiver_is_left_alone_for_as_long_as_it_asks() -> None:
    deliveries = FakeDeliveries(a=8, b=2)
    busy = Answered(429, "answers with status 429", 60.0)
    courier = FakeCourier(lambda one: busy if one.hook_id == 1 else OK)
    report = deliverer(deliveries, courier, threads=1).run(drain=True)
    assert (report.delivered, report.failed, deliveries.pauses) == (2, 1, [60.0])
    assert len(deliveries.ready[1]) == 7


def test_a_receiver_that_fails_again_and_again_is_not_tried_with_everything() -> None:
    deliveries, courier = FakeDeliveries(a=50, b=50), FakeCourier(lambda one: BAD)
    courier.answer = lambda one: BAD if one.hook_id == 1 else OK
    loop = Deliverer(
        deliveries,
        courier,
        policy=DeliverPolicy(threads=2, schedule=TrySchedule(first=9.0), idle=0.01),
        stop=Event(),
        breaker=lambda: ReceiverBreaker(failures=4, clock=lambda: 0.0),
    )
    report = loop.run(drain=True)
    assert report.delivered == 50
    assert 4 <= report.failed <= 5
    assert len(deliveries.ready[1]) >= 45, "what is not tried loses no try"


def test_a_receiver_that_hangs_delays_no_other() -> None:
    deliveries, let_go = FakeDeliveries(slow=9, quick=40), Event()

    def answer(one: HookDelivery) -> Answered:
        # Only once the quick one has everything is the slow one let go.
        assert one.hook_id == 2 or let_go.wait(60)
        return OK

    def progress(report: DeliverReport) -> None:
        if report.delivered >= 40:
            let_go.set()

    loop = Deliverer(
        deliveries,
        FakeCourier(answer),
        policy=DeliverPolicy(threads=2, idle=0.01),
        stop=Event(),
        progress=progress,
    )
    assert loop.run(drain=True).delivered == 49


def test_a_receiver_that_wants_nothing_more_is_told_nothing_more() -> None:
    deliveries = FakeDeliveries(a=9)
    courier = FakeCourier(lambda one: Answered(410, "answers with status 410"))
    report = deliverer(deliveries, courier, threads=1).run(drain=True)
    assert (report.ended, report.failed, len(courier.brought)) == (1, 0, 1)


def test_what_has_become_untrue_is_told_as_gone() -> None:
    deliveries, courier = FakeDeliveries(a=1), FakeCourier()
    deliveries.leads["a-0"] = replace(lead("a-0"), stands=False)
    report = deliverer(deliveries, courier).run(drain=True)
    assert [one.event for one in courier.brought] == [HookEvent.GONE]
    assert (report.untrue, report.delivered) == (1, 1)


def test_of_who_was_erased_meanwhile_nothing_is_told() -> None:
    deliveries, courier = FakeDeliveries(a=1), FakeCourier()
    deliveries.leads["a-0"] = None
    deliverer(deliveries, courier).run(drain=True)
    assert (courier.brought, deliveries.did) == ([], [("released", "a-0")])


def test_an_error_of_ours_is_a_failed_try_and_the_others_go_on() -> None:
    def answer(one: HookDelivery) -> Answered:
        if one.webhook_id == "a-0":
            raise ZeroDivisionError
        return OK

    deliveries = FakeDeliveries(a=3)
    report = deliverer(deliveries, FakeCourier(answer)).run(drain=True)
    assert (report.delivered, report.dead) == (2, 1)


def test_a_key_that_is_not_the_one_ends_it_with_a_sentence_and_costs_no_try() -> None:
    def answer(one: HookDelivery) -> Answered:
        raise OperatorError("put back the key file")

    deliveries = FakeDeliveries(a=1)
    with pytest.raises(OperatorError, match="put back"):
        deliverer(deliveries, FakeCourier(answer)).run()
    assert deliveries.did == [("released", "a-0")]


def test_an_outage_of_the_database_is_waited_for() -> None:
    deliveries = FakeDeliveries(a=1)
    deliveries.away = 1
    assert deliverer(deliveries, FakeCourier()).run(drain=True).delivered == 1


def test_leaving_waits_for_running_posts_a_while_and_no_longer() -> None:
    stop, hung = Event(), Event()

    def answer(one: HookDelivery) -> Answered:
        stop.set()
        hung.wait(60)
        return OK

    ticks = iter(range(1000))
    deliveries = FakeDeliveries(a=1)
    loop = Deliverer(
        deliveries,
        FakeCourier(answer),
        policy=DeliverPolicy(idle=0.001, leave=5.0),
        stop=stop,
        clock=lambda: float(next(ticks)),
    )
    loop.run()
    assert deliveries.did == []
    hung.set()
