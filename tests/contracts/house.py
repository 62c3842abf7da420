"""Inbox, lane, decisions and features together, over every adapter: in memory, on SQLite, on
PostgreSQL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import sqlalchemy

from intent.features.check.audit import check_state
from intent.features.online.state import SqlFeatureState
from intent.flow.worker import Worker, WorkerPolicy, WorkReport
from intent.model.batch import Accepted, Batch, Delivery
from intent.model.decision import DecidedBy, Decision, Entry
from intent.model.message import Message
from intent.model.question import Answer, Claim
from intent.operations.lead_inbox import walk_inbox
from intent.queues.inbox import SqlInbox
from intent.queues.lane import SqlLane
from intent.queues.memory import MemoryInbox
from intent.queues.memory_decisions import MemoryDecisions
from intent.queues.memory_lane import MemoryLane
from intent.queues.memory_rows import MemoryTransaction, MemoryTransactions
from intent.store.audit import balance
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.lead_shelf import ShelfFilter
from tests.conftest import MakeDecision, rows

Standing = tuple[int, str, tuple[str, ...]]
"""(revision, decided by, labels) of what stands for a message."""


class House(ABC):
    """A text with *order* in it is a purchase intent, everything else is chatter."""

    inbox: Any
    lane: Any
    transactions: Any
    decisions: Any
    features: Any

    def __init__(self, make_decision: MakeDecision) -> None:
        self.make = make_decision
        self.versions = make_decision().versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        return [
            self.make("purchase_intent" if "order" in message.text else "chatter")
            for message in messages
        ]

    def put(self, *messages: Message, **values: Any) -> Accepted:
        accepted: Accepted = self.inbox.put(Batch(messages, **values))
        return accepted

    def work(self, *, unsure: bool = False) -> WorkReport:
        parts = (self.inbox, self, self.transactions, self.decisions, self.features, self.lane)
        policy = WorkerPolicy()
        return Worker(*parts, unsure=lambda decision: unsure, policy=policy, stop=Event()).run(
            drain=True
        )

    def finish(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        with self.transactions.begin() as transaction:
            held: list[Delivery] = self.inbox.done(transaction, deliveries)
        return held

    def answer(self, claims: Sequence[Claim], *labels: str) -> list[Entry]:
        """Finish claims of the lane as the asker does, with this answer; return what was saved."""
        decision = replace(self.make(*labels), decided_by=DecidedBy.LLM)
        with self.transactions.begin() as transaction:
            held = self.lane.done(transaction, claims)
            entries = self.decisions.follow(
                transaction, [Answer(claim, decision) for claim in held]
            )
            saved: list[Entry] = self.decisions.save(transaction, entries)
            self.features.add(transaction, saved)
        return saved

    @abstractmethod
    def standing(self, message_id: str) -> Standing | None: ...

    @abstractmethod
    def leads(self) -> set[str]:
        """Return the message_ids of leads."""

    @abstractmethod
    def dead_letters(self) -> list[str]:
        """Return the reasons of all dead letters, refused payloads included."""

    @abstractmethod
    def holds(self) -> bool:
        """Say whether the books balance and features equal a recomputation."""


class CountedFeatures:
    """Remembers which decision counts for each message."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], Decision] = {}

    def add(self, transaction: MemoryTransaction, entries: Sequence[Entry]) -> None:
        for entry in entries:
            before = entry.previous
            if before is not None and not before.retracted:
                assert self.counted.pop(entry.message.identity) == before
            assert entry.message.identity not in self.counted
            if not entry.decision.retracted:
                self.counted[entry.message.identity] = entry.decision


class MemoryHouse(House):
    """Everything in memory."""

    def __init__(self, make_decision: MakeDecision) -> None:
        super().__init__(make_decision)
        self.transactions = MemoryTransactions()
        self.decisions, self.features = MemoryDecisions(), CountedFeatures()
        self.lane = MemoryLane(lambda *identity: self._message(identity))
        self.inbox = MemoryInbox(decisions=self.decisions, lane=self.lane, features=self.features)

    def _message(self, identity: Any) -> Message:
        entry = self.decisions.current(identity)
        assert entry is not None
        return entry.message

    def standing(self, message_id: str) -> Standing | None:
        for entries in self.decisions.entries.values():
            entry = entries[-1]
            if entry.message.message_id == message_id:
                return entry.revision, entry.decision.decided_by.value, entry.decision.labels
        return None

    def leads(self) -> set[str]:
        current = [entries[-1] for entries in self.decisions.entries.values()]
        return {entry.message.message_id for entry in current if entry.decision.is_lead}

    def dead_letters(self) -> list[str]:
        reasons = [reason for _, reason in self.inbox.dead_letters]
        return [*reasons, *(one.reason for one in self.inbox.refused.values())]

    def holds(self) -> bool:
        current = {
            identity: entries[-1].decision for identity, entries in self.decisions.entries.items()
        }
        stand = {key: value for key, value in current.items() if not value.retracted}
        return bool(self.features.counted == stand)


class SqlHouse(House):
    """Everything in one database."""

    def __init__(self, make_decision: MakeDecision, database: Database, groups: Any) -> None:
        super().__init__(make_decision)
        self.database = self.transactions = database
        self.groups = groups
        self.decisions, self.features = SqlDecisions(), SqlFeatureState(groups)
        self.lane = SqlLane(database)
        self.inbox = SqlInbox(database, features=self.features)

    def standing(self, message_id: str) -> Standing | None:
        query = sqlalchemy.text(
            "SELECT revision, decided_by, id FROM current_decisions WHERE message_id = :of"
        )
        labels = "SELECT label FROM decision_labels WHERE decision_id = :of ORDER BY label"
        with self.database.read() as connection:
            found = connection.execute(query, {"of": message_id}).one_or_none()
            if found is None:
                return None
            chosen = connection.scalars(sqlalchemy.text(labels), {"of": found.id}).all()
        return found.revision, found.decided_by, tuple(chosen)

    def leads(self) -> set[str]:
        return {lead.message_id for lead in walk_inbox(self.database, ShelfFilter())}

    def dead_letters(self) -> list[str]:
        return [row["reason"] for row in rows(self.database, "dead_letters")]

    def holds(self) -> bool:
        with self.database.read() as connection:
            return balance(connection).holds and check_state(connection, self.groups).holds
