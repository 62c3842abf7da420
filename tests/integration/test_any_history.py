"""Whatever happens in whatever order (put, take, crash, expire, ask, retract, edit, erase, replay),
every message is in the end decided once, dead, taken back or erased, and features are what a
recomputation says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from intent.model.batch import Batch, Delivery, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.message import Kind, Message
from intent.operations.dead_letters import Chosen, replay
from intent.operations.forget import forget
from intent.store.erasure import SqlErasure
from tests.conftest import EPOCH, rows
from tests.integration.conftest import House

USERS, ROOMS, NAMES = ("ann", "bob"), ("one", "two"), ("a", "b", "c", "d")

_LIVES: Iterator[int] = itertools.count(1)
"""Every history has people, rooms and messages of its own: one database serves them all."""


class AnyHistory(RuleBasedStateMachine):
    """Draws histories of a few messages of two people in two rooms, and knows what must stand."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        self.life = f"life-{next(_LIVES)}"
        self.known: dict[str, Message] = {}
        self.taken_back: set[str] = set()
        self.erased: set[str] = set()
        self.held: list[Delivery] = []
        self.clock = itertools.count(1)

    def message(self, name: str, user: str, room: str, text: str) -> Message:
        return Message(
            platform="tiktok",
            room_id=f"{self.life}-{room}",
            message_id=f"{self.life}-{name}",
            user_id=f"{self.life}-{user}",
            kind=Kind.COMMENT,
            text=text,
            sent_at=EPOCH + timedelta(seconds=next(self.clock)),
        )

    @rule(
        name=some.sampled_from(NAMES),
        user=some.sampled_from(USERS),
        room=some.sampled_from(ROOMS),
        text=some.sampled_from(("hello", "I order", "how much?", "\U0001f600 \u200b 好")),
        times=some.integers(1, 3),
    )
    def put(self, name: str, user: str, room: str, text: str, times: int) -> None:
        """Put a message, an edit of it, or somebody else's under its id; one to three times."""
        message = self.message(name, user, room, text)
        for _ in range(times):
            accepted = self.house.inbox.put(Batch([message]))
        if message.user_id in self.erased:
            assert accepted.erased == 1
            return
        before = self.known.get(message.message_id)
        if before is None:
            self.known[message.message_id] = message
        elif (before.user_id, before.room_id) == (message.user_id, message.room_id):
            # An edit of what was taken back is kept, and stays taken back.
            edited = before.text != message.text
            self.known[message.message_id] = message if edited else before

    @precondition(lambda self: self.known)
    @rule(data=some.data())
    def repeat(self, data: Any) -> None:
        """Deliver everything that is known again, in any order: nothing changes."""
        again = data.draw(some.permutations(sorted(self.known)))
        accepted = self.house.inbox.put(Batch([self.known[name] for name in again]))
        assert (accepted.new, accepted.edited) == (0, 0)

    @rule(unsure=some.booleans())
    def work(self, unsure: bool) -> None:
        self.house.work(unsure=unsure)

    @rule()
    def take_and_crash(self) -> None:
        """A worker takes what waits, and is never heard of again."""
        self.house.inbox.take(10, 10_000)

    @rule()
    def take_and_hold(self) -> None:
        self.held = self.house.inbox.take(10, 10_000)

    @rule()
    def give_back(self) -> None:
        """A worker that was stopped goes on, too late or not, and gives back what it held."""
        self.house.inbox.release(self.held)
        self.held = []

    @rule()
    def expire(self) -> None:
        """Every lease is over."""
        self.end_leases()

    @rule()
    def ask(self) -> None:
        self.house.ask()

    @precondition(lambda self: self.known)
    @rule(data=some.data())
    def retract(self, data: Any) -> None:
        name = data.draw(some.sampled_from(sorted(self.known)))
        message = self.known[name]
        at = EPOCH + timedelta(seconds=next(self.clock))
        taken = Retraction("tiktok", message.room_id, at, message_id=name)
        self.house.inbox.put(Batch([], retractions=[taken]))
        self.taken_back.add(name)

    @rule(user=some.sampled_from(USERS))
    def erase(self, user: str) -> None:
        subject = f"{self.life}-{user}"
        parts = (SqlErasure(self.house.tombstones), self.house.features, self.house.database)
        forget(DataSubject(SubjectKind.USER, "tiktok", subject), *parts, stop=Event(), anyway=True)
        self.erased.add(subject)
        for name in [n for n, one in self.known.items() if one.user_id == subject]:
            del self.known[name]
            self.taken_back.discard(name)

    @rule()
    def replay_dead_letters(self) -> None:
        replay(self.house.database, Chosen(all=True), stop=Event())

    def end_leases(self) -> None:
        with self.house.database.begin() as transaction:
            transaction.exec_driver_sql("UPDATE inbox SET available_timestamp = '2026-01-01'")

    def teardown(self) -> None:
        """Let everything be done, and compare."""
        self.end_leases()
        self.house.work(unsure=False)
        assert self.house.holds()
        standing = {
            row["message_id"]: row
            for row in rows(self.house.database, "current_decisions")
            if row["message_id"].startswith(f"{self.life}-")
        }
        assert set(standing) == set(self.known)
        told = {name for name, row in standing.items() if row["decided_by"] == "platform"}
        assert told == self.taken_back
        texts = {row["message_id"]: row["text"] for row in rows(self.house.database, "messages")}
        assert {name: texts[name] for name in self.known} == {
            name: one.text for name, one in self.known.items()
        }
        assert not list(rows(self.house.database, "inbox"))


def _histories(house: House, examples: int, steps: int) -> None:
    make: Callable[[], AnyHistory] = lambda: AnyHistory(house)  # noqa: E731
    run_state_machine_as_test(
        make,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.fault("any", tries=8)
def test_after_any_history_everything_is_decided_once_dead_taken_back_or_erased(
    house: House,
) -> None:
    _histories(house, examples=8, steps=12)


@pytest.mark.soak
@pytest.mark.fault("any", tries=300)
def test_after_three_hundred_long_histories_the_same_holds(house: House) -> None:
    _histories(house, examples=300, steps=50)
