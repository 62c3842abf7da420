"""In-memory twin of the record of decisions, as far as queues and loops need it."""

from __future__ import annotations

from collections.abc import Sequence

from intent.model.decision import Entry
from intent.model.message import Message
from intent.model.question import Answer
from intent.queues.memory_rows import MemoryTransaction
from intent.store.decisions import RETRACTED
from intent.store.identities import Identity


class MemoryDecisions:
    """Decisions in memory; all of them are visible."""

    def __init__(self) -> None:
        self.entries: dict[Identity, list[Entry]] = {}

    def current(self, identity: Identity) -> Entry | None:
        """Return what stands for a message."""
        return self.entries[identity][-1] if identity in self.entries else None

    def save(self, transaction: MemoryTransaction, entries: Sequence[Entry]) -> list[Entry]:
        """Insert, and return only the entries that were really inserted."""
        new = [entry for entry in entries if entry.revision == self._next(entry.message.identity)]
        transaction.at_commit.append(lambda: self._insert(new))
        return new

    def follow(self, _: MemoryTransaction, answers: Sequence[Answer]) -> list[Entry]:
        """Number the decisions of these answers as the next revisions; what was overtaken is left
        out.
        """
        entries = []
        for answer in answers:
            message = answer.claim.message
            before = self.current(message.identity)
            if before is None or answer.decision is None:
                continue
            if before.revision == answer.claim.question.revision:
                entries.append(
                    Entry(
                        message,
                        answer.decision,
                        before.revision + 1,
                        answer.claim.question.run,
                        before.decision,
                    )
                )
        return entries

    def retract(self, messages: Sequence[Message], *, undecided: bool) -> list[Entry]:
        """Number retractions as the next revisions of messages; what is taken back already is left
        out, and so are messages without a decision unless ``undecided``.
        """
        entries = []
        for message in messages:
            before = self.current(message.identity)
            if before.decision.retracted if before else not undecided:
                continue
            entries.append(
                Entry(
                    message,
                    RETRACTED,
                    self._next(message.identity),
                    previous=before.decision if before else None,
                )
            )
        return entries

    def _next(self, identity: Identity) -> int:
        before = self.current(identity)
        return before.revision + 1 if before else 0

    def _insert(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.entries.setdefault(entry.message.identity, []).append(entry)
