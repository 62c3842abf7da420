"""Seams of deciding: who decides, and where decisions are kept, followed, shown and erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import Decision, Entry, Versions
from intent.model.disguised import Disguised
from intent.model.message import Message
from intent.model.question import Answer
from intent.model.run import Page, Pair, Run
from intent.ports.ingestion import Transaction


class Classifier(Protocol):
    """Decides. Raises :class:`intent.model.errors.Later` for trouble of its own; anything else
    blames the messages.
    """

    @property
    def versions(self) -> Versions:
        """What its decisions carry as their versions."""

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        """Return one decision for each message, in order."""


class Details(Protocol):
    """Finds contact details, and says which of them are the same."""

    def hide(self, text: str) -> Disguised:
        """Return a text without its contact details; a text without any as it is."""

    def forms(self, kind: str, detail: str) -> frozenset[str]:
        """Return what a detail may be in forms that equal ones share, such as a number of E.164."""


class Decisions(Protocol):
    """The append-only record of decisions."""

    def save(self, transaction: Transaction, entries: Sequence[Entry]) -> list[Entry]:
        """Insert, and return only the entries that were really inserted; a revision that exists
        stays as it is.
        """


class Revisions(Decisions, Protocol):
    """The record, and which of its decisions stand."""

    def follow(self, transaction: Transaction, answers: Sequence[Answer]) -> list[Entry]:
        """Number the decisions of these answers as the next revisions; what was overtaken is left
        out.
        """


class Runs(Protocol):
    """Knows named runs: what they have still to ask and to show, and what showing would change."""

    def to_ask(
        self,
        transaction: Transaction,
        name: str,
        start: datetime,
        end: datetime,
        after: int,
        count: int,
    ) -> Page:
        """Return the next messages of a time range that a run has not decided."""

    def begin_promotion(self, transaction: Transaction, name: str) -> None:
        """Mark a run as promoted, once nothing of it waits any more."""

    def to_show(self, transaction: Transaction, name: str, after: int, count: int) -> Page:
        """Return the next decisions of a run as revisions that readers will see."""

    def find(self, name: str) -> Run:
        """Return a run, or raise OperatorError."""

    def compare(self, name: str) -> Iterator[Pair]:
        """Yield what promotion would change or keep, message by message."""


class Erasure(Protocol):
    """Deletes what is stored of a subject, and remembers that."""

    def begin(self, transaction: Transaction, subject: DataSubject, *, anyway: bool) -> bool:
        """Bury a subject that is known, or any with ``anyway``, so that nothing of it is stored
        from now on; return whether it is known.
        """

    def stored(
        self, transaction: Transaction, kind: SubjectKind, after: DataSubject | None, count: int
    ) -> Sequence[DataSubject]:
        """Return the next subjects of a kind of which anything is stored, in one order."""

    def buried(
        self, transaction: Transaction, subjects: Sequence[DataSubject]
    ) -> Sequence[DataSubject]:
        """Return those of these subjects that were erased."""

    def erase(
        self, transaction: Transaction, subject: DataSubject, count: int
    ) -> tuple[int, list[Entry]]:
        """Delete the next messages of a subject; return how many, and for each that was decided
        the decision that stood for readers.
        """

    def erase_outcomes(self, transaction: Transaction, subject: DataSubject, count: int) -> int:
        """Delete the next impressions, clicks and conversions of a subject; return how many."""

    def erase_refused(
        self, transaction: Transaction, subject: DataSubject, after: int, *, unsure: bool
    ) -> tuple[int, int | None]:
        """Delete the next refused payloads that name the subject; with ``unsure`` those, too, of
        which nobody can say which person wrote them. Return how many, and where to go on (None at
        the end).
        """

    def erase_replies(self, transaction: Transaction, count: int) -> int:
        """Delete kept replies of the LLM, which may quote anybody; return how many."""
