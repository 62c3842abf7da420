"""Rooms with decided messages, and an LLM that answers what it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import pytest

from intent.classify.contact_forms import ContactFinder
from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
from intent.features.check.audit import check_state
from intent.features.online.state import SqlFeatureState
from intent.flow.asker import Asker
from intent.flow.asking import AskPolicy
from intent.flow.worker import Worker, WorkerPolicy
from intent.model.batch import Batch
from intent.model.decision import DecidedBy, Decision
from intent.model.message import Message
from intent.model.question import Answer, Claim, Question
from intent.model.taxonomy import Taxonomy
from intent.queues.inbox import SqlInbox
from intent.queues.lane import SqlLane
from intent.store.audit import balance
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.history import SqlHistory
from intent.store.tombstones import Tombstones
from intent.store.vault import Vault
from intent.store.vault_keys import VaultKeys
from tests.conftest import MakeDecision


@dataclass
class FakeAnswerer:
    """Answers with the decision made for a text, or raises."""

    decide: Callable[[Message], Decision | None]
    raises: Exception | None = None
    calls: list[list[str]] = field(default_factory=list)

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        self.calls.append([claim.message.text for claim in claims])
        if self.raises is not None:
            raise self.raises
        return [Answer(claim, self.decide(claim.message)) for claim in claims]


class House:
    """The whole house over one database, with a classifier and an LLM that are told what to say;
    with a ``vault``, contact details stand there alone.
    """

    def __init__(
        self,
        database: Database,
        taxonomy: Taxonomy,
        make_decision: MakeDecision,
        *,
        vault: Vault | None = None,
    ) -> None:
        self.database, self.make = database, make_decision
        self.vault = vault
        self.decisions = SqlDecisions()
        self.groups = taxonomy.members
        self.features = SqlFeatureState(self.groups)
        self.tombstones = Tombstones(lambda make: b"key of the tests")
        parts: Any = {"features": self.features, "tombstones": self.tombstones}
        self.inbox = SqlInbox(database, vault=vault, **parts)
        self.lane = SqlLane(database)
        self.local = make_decision("chatter")
        self.answerer = FakeAnswerer(lambda message: self.by_llm("price_inquiry"))

    def by_llm(self, *labels: str) -> Decision:
        return replace(self.make(*labels), decided_by=DecidedBy.LLM)

    @property
    def versions(self) -> Any:
        return self.local.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        return [self.local for _ in messages]

    def work(
        self,
        *messages: Message,
        unsure: bool = True,
        stop: Callable[[SqlInbox], Event] | None = None,
    ) -> None:
        """Put messages, and decide what waits until nothing does, or as ``stop`` says."""
        self.inbox.put(Batch(messages))
        left = stop(self.inbox) if stop else Event()
        parts = (self.inbox, self, self.database, self.decisions, self.features, self.lane)
        policy = WorkerPolicy()
        Worker(*parts, unsure=lambda decision: unsure, policy=policy, stop=left).run(drain=True)

    def ask(self, **options: Any) -> Any:
        empty = Event()
        empty.set()
        history = SqlHistory(self.database, count=5)
        policy = AskPolicy(**{"gather": 0.0, "idle": 0.01, **options})
        parts = (
            self.lane,
            history,
            lambda run: self.answerer,
            self.database,
            self.decisions,
            self.features,
            CallBreaker(BreakerPolicy()),
        )
        return Asker(*parts, policy=policy, stop=Event()).run(empty=empty)

    def put(self, *messages: Message, **values: Any) -> None:
        with self.database.begin() as transaction:
            questions = [
                Question(
                    m.platform, m.message_id, m.room_id, m.sent_at, **{"revision": 0, **values}
                )
                for m in messages
            ]
            self.lane.put(transaction, questions)

    def holds(self) -> bool:
        with self.database.read() as connection:
            return balance(connection).holds and check_state(connection, self.groups).holds


def new_vault() -> Vault:
    """Return a vault of tests, which need no key outside."""
    return Vault(ContactFinder(), VaultKeys(lambda: [b"key of the tests".ljust(32)]))


@pytest.fixture
def house(database: Database, taxonomy: Taxonomy, make_decision: MakeDecision) -> House:
    return House(database, taxonomy, make_decision)
