"""Whatever happens in whatever order (put, take, crash, expire, ask, retract, edit, erase, replay),
every message is in the end decided once, dead, taken back or erased, and features are what a
recomputation says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from intent.model.batch import Batch, Delivery, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.message import Kind, Message
from intent.model.taxonomy import Taxonomy
from intent.operations.dead_letters import Chosen, replay
from intent.operations.forget import forget
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from tests.conftest import EPOCH, MakeDecision, rows
from tests.fault_tries import Tries
from tests.faults.oracle import CANARY, reckon
from tests.integration.conftest import House, new_vault

LONG = [pytest.mark.soak, pytest.mark.timeout(7_200)]
USERS, ROOMS, NAMES = ("ann", "bob"), ("one", "two"), ("a", "b", "c", "d")
TEXTS = (
    *("hello", "I order", "how much?", "\U0001f600 \u200b 好"),
    *(f"I order, wa {CANARY.format(number)}" for number in range(2)),
)


@dataclass
class Lives:
    """Histories that one database serves: each has people, rooms and messages of its own.

    Attributes:
        begun: how many.
        standing: ids of all messages that must be there in the end.
        erased: ids of those whose author was forgotten.
    """

    begun: int = 0
    standing: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)


class NothingDue(Event):
    """Is set while nothing in an inbox may be claimed now."""

    def __init__(self, inbox: SqlInbox) -> None:
        super().__init__()
        self._inbox = inbox

    def is_set(self) -> bool:
        return self._inbox.due() != 0.0


class AnyHistory(RuleBasedStateMachine):
    """Draws histories of a few messages of two people in two rooms, and knows what must stand."""

    def __init__(self, house: House, lives: Lives) -> None:
        super().__init__()
        self.house, self.lives = house, lives
        lives.begun += 1
        self.life = f"life-{lives.begun}"
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
        text=some.sampled_from(TEXTS),
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
        """Decide what may be taken now; nobody waits a minute for the lease of who crashed."""
        self.house.work(unsure=unsure, stop=NothingDue)

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
            self.lives.erased.add(name)
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
        assert self.texts() == {name: one.text for name, one in self.known.items()}
        assert not list(rows(self.house.database, "inbox"))
        self.lives.standing |= set(self.known)

    def texts(self) -> dict[str, str]:
        """Return what is stored, as it was written."""
        texts = {row["message_id"]: row["text"] for row in rows(self.house.database, "messages")}
        known = self.known.items()
        stored = [one.model_copy(update={"text": texts[name]}) for name, one in known]
        assert self.house.vault is not None
        with self.house.database.read() as connection:
            opened = self.house.vault.opened(connection, stored)
        return {one.message_id: one.text for one in opened}


@pytest.fixture
def house(database: Database, taxonomy: Taxonomy, make_decision: MakeDecision) -> House:
    return House(database, taxonomy, make_decision, vault=new_vault())


@pytest.mark.slow
@pytest.mark.fault("any")
@pytest.mark.parametrize(
    ("histories", "steps"),
    [(8, 12), pytest.param(60, 25, marks=LONG), pytest.param(300, 50, marks=LONG)],
)
def test_after_any_history_everything_is_decided_once_dead_taken_back_or_erased(
    histories: int, steps: int, house: House, tries: Tries, tmp_path: Path
) -> None:
    lives = Lives()
    make: Callable[[], AnyHistory] = lambda: AnyHistory(house, lives)  # noqa: E731
    run_state_machine_as_test(
        make,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # A name that was erased may be somebody's again, in another's hand.
    erased = lives.erased - lives.standing
    reckoning = reckon(house.database, lives.standing, erased=erased, places=[tmp_path])
    tries.add(reckoning, tried=lives.begun)
