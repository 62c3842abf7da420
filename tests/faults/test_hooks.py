"""Deliverers are killed, and receivers fail in every way: every lead is told at least once with the
same id, and none is lost.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from intent.flow.deliver import Deliverer, DeliverPolicy
from intent.hooks.patience import TrySchedule
from intent.model.hook import HookState
from intent.queues.hook_history import read_figures
from intent.store.engine import Database
from tests import receivers
from tests.conftest import MakeDecision, MakeMessage, rows
from tests.pushing import KEY, Shop
from tests.receivers import Behaviour, Receiver, answer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STEPS = ("fanned_out", "fan_out_committed", "claimed", "posted", "finishing", "finished")
FAILURES: tuple[Behaviour, ...] = (
    answer(500),
    answer(429, Retry_After="0"),
    answer(302, Location="http://127.0.0.1:9/"),
    receivers.reset,
    receivers.leave,
    receivers.garbage,
    receivers.endless_head,
)
Deliver = Callable[..., list[int]]


@pytest.fixture
def shop(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Shop:
    return Shop(database, make_message, make_decision)


@pytest.fixture
def deliver(database: Database, tmp_path: Path) -> Iterator[Deliver]:
    """Return what runs deliverers until nothing can be told now, one for each failpoint; it returns
    how they ended.
    """
    keys = tmp_path / "keys"
    keys.write_text(json.dumps({"tombstones": b64encode(KEY).decode("ascii")}))
    command = [sys.executable, "-m", "tests.faults.deliver_nursery"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    given = {
        "database_url": database.url,
        "key_file": str(keys),
        "hook_attempts": 1_000,
        "hook_retry_delay": 0.001,
        "hook_retry_delay_most": 0.001,
    }

    def run(*failpoints: str | None) -> list[int]:
        lines = [{**given, "failpoint": failpoint} for failpoint in failpoints or (None,)]
        print(json.dumps(lines), file=process.stdin, flush=True)
        ended: list[int] = json.loads(process.stdout.readline())  # type: ignore[union-attr]
        return ended

    yield run
    process.stdin.close()
    process.stdout.close()
    assert process.wait(60) == 0


def told(receiver: Receiver) -> dict[str, set[str]]:
    """Return the ids by which a receiver heard of each message."""
    heard: dict[str, set[str]] = {}
    for one in receiver.seen:
        heard.setdefault(one.event["data"]["message_id"], set()).add(one.webhook_id)
    return heard


def waiting(shop: Shop) -> int:
    return sum(figures.waiting for figures in read_figures(shop.database))


def kill_at(
    shop: Shop, deliver: Deliver, steps: list[str], receivers_: tuple[Receiver, Receiver]
) -> None:
    """Kill a deliverer at each of these steps, with three new leads before each; then let them all
    arrive, and look at what the receivers have heard.
    """
    good, flaky = receivers_
    chance = random.Random(20261127)
    for receiver, name in ((good, "good"), (flaky, "flaky")):
        shop.hook(receiver.url, name=name, allow_private=True)
    leads = []
    for step in steps:
        leads += [shop.found("price_inquiry") for _ in range(3)]
        flaky.script.extend(chance.choices((*FAILURES, answer(), answer()), k=2))
        assert deliver(f"{step}:{chance.choice((1, 2))}") == [-signal.SIGKILL]
        shop.end_leases()
    flaky.script.clear()
    for _ in range(10):
        assert deliver() == [0]
        shop.end_leases()
        if waiting(shop) == 0:
            break
    expected = {lead.message_id for lead in leads}
    for receiver in receivers_:
        heard = told(receiver)
        assert heard.keys() == expected, "none is lost"
        assert {len(ids) for ids in heard.values()} == {1}, "and each has one id"
    states = {(row["event"], row["state"]) for row in rows(shop.database, "hook_deliveries")}
    assert states == {("lead.found", "delivered")}
    assert len(rows(shop.database, "hook_deliveries")) == 2 * len(leads)
    assert len(good.seen) - len(leads) <= 8 * len(steps), "only what was under way comes again"


@pytest.mark.fault("kill", tries=6)
def test_a_deliverer_killed_at_any_step_loses_nothing_and_keeps_ids(
    shop: Shop, deliver: Deliver
) -> None:
    with Receiver() as good, Receiver() as flaky:
        kill_at(shop, deliver, [*STEPS], (good, flaky))


@pytest.mark.soak
@pytest.mark.fault("kill", tries=180)
def test_thirty_kills_at_every_step_lose_nothing_and_keep_ids(shop: Shop, deliver: Deliver) -> None:
    steps = [*STEPS] * 30
    random.Random(1).shuffle(steps)
    with Receiver() as good, Receiver() as flaky:
        kill_at(shop, deliver, steps, (good, flaky))


def test_two_deliverers_at_once_tell_everything_once(shop: Shop, deliver: Deliver) -> None:
    with Receiver() as receiver:
        shop.hook(receiver.url, allow_private=True)
        leads = {shop.found().message_id for _ in range(60)}
        assert deliver(None, None) == [0, 0]
        assert len(receiver.seen) == 60
        assert told(receiver).keys() == leads


BEHAVIOURS: dict[str, Behaviour | None] = {
    "good": answer(),
    "created": answer(201, b"thanks"),
    "endless body": receivers.endless_body,
    "failing": answer(500),
    "overloaded": answer(503, Retry_After="3600"),
    "limited": answer(429, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"),
    "refusing": answer(400),
    "redirecting": answer(308, Location="http://127.0.0.1:9/"),
    "leaving for good": answer(410),
    "hanging": receivers.hang,
    "dripping": receivers.drip,
    "half-open": None,
    "resetting": receivers.reset,
    "leaving": receivers.leave,
    "garbage": receivers.garbage,
    "endless head": receivers.endless_head,
}
"""What a receiver does; None for one that takes no connection off the system's hands."""

ACCEPTING = {"good", "created", "endless body"}


class Street:
    """One receiver of every kind, each with a hook of its own."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.receivers = {
            name: Receiver(behaviour or answer(), deaf=behaviour is None)
            for name, behaviour in BEHAVIOURS.items()
        }
        for name, receiver in self.receivers.items():
            shop.hook(receiver.url, name=name, allow_private=True)

    def deliver(self, seconds: float) -> None:
        """Tell everybody, until nobody can be told now."""
        policy = DeliverPolicy(
            threads=2, idle=0.01, schedule=TrySchedule(tries=1_000, first=3600.0)
        )
        deliverer = Deliverer(
            self.shop.deliveries,
            self.shop.courier(seconds),
            policy=policy,
            stop=threading.Event(),
            draw=lambda: 1.0,
        )
        deliverer.run(drain=True)

    def close(self) -> None:
        for receiver in self.receivers.values():
            receiver.__exit__(None, None, None)

    def figures(self) -> dict[str, tuple[int, int, HookState]]:
        return {
            one.hook.name: (one.delivered, one.waiting, one.hook.state)
            for one in read_figures(self.shop.database)
        }


@pytest.fixture
def street(shop: Shop) -> Iterator[Street]:
    built = Street(shop)
    yield built
    built.close()


@pytest.mark.fault("network", tries=16)
def test_whatever_a_receiver_does_no_other_is_delayed_and_no_lead_is_lost(street: Street) -> None:
    leads = {street.shop.found().message_id for _ in range(3)}
    street.deliver(seconds=1.0)
    active, ended = HookState.ACTIVE, HookState.ENDED
    assert street.figures() == {
        name: (3, 0, active) if name in ACCEPTING else (0, 3, active) for name in BEHAVIOURS
    } | {"leaving for good": (0, 3, ended)}
    asked = {"overloaded", "limited"}
    for name, receiver in street.receivers.items():
        assert name not in asked or len(receiver.seen) <= 2, "it asked to be left alone"
    street.receivers.pop("half-open").__exit__(None, None, None)
    street.shop.hooks.remove(street.shop.hooks.find("half-open"))
    street.shop.hooks.put(street.shop.hooks.find("leaving for good"), HookState.ACTIVE)
    for receiver in street.receivers.values():
        receiver.always = answer()
    street.shop.end_leases()
    street.deliver(seconds=30.0)
    for name, receiver in street.receivers.items():
        heard = told(receiver)
        assert heard.keys() == leads, name
        assert {len(ids) for ids in heard.values()} == {1}, name
    assert set(street.figures().values()) == {(3, 0, active)}


def test_who_decides_leads_never_waits_for_a_receiver(shop: Shop) -> None:
    taken, let_go = threading.Event(), threading.Event()

    def hold(connection: Any, closing: threading.Event) -> None:
        taken.set()
        assert let_go.wait(60)
        answer()(connection, closing)

    with Receiver(hold) as receiver:
        shop.hook(receiver.url, allow_private=True)
        shop.found()
        deliverer = Deliverer(
            shop.deliveries,
            shop.courier(60.0),
            policy=DeliverPolicy(idle=0.01),
            stop=threading.Event(),
        )
        thread = threading.Thread(target=lambda: deliverer.run(drain=True))
        thread.start()
        assert taken.wait(60)
        for _ in range(20):
            shop.found()
        assert deliverer.report.delivered == 0, "its receiver has not answered yet"
        let_go.set()
        thread.join(60)
        assert len(told(receiver)) == 21
