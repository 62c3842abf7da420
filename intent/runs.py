"""Backfills and promotions: long work on many decisions, in bounded transactions that may stop at any moment and go on later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol, TypeVar

from intent.patience import patiently
from intent.ports import Decisions, Entry, FeatureState, Lane, Question, Transaction, Transactions
from intent.telemetry import logger

T = TypeVar("T")

AT_ONCE = 200
"""Messages in one transaction, at most."""


class Page(Protocol):
    """A bounded part of a long work."""

    @property
    def questions(self) -> Sequence[Question]:
        """What is to be asked."""

    @property
    def entries(self) -> Sequence[Entry]:
        """What is to be shown."""

    @property
    def last(self) -> int | None:
        """Where the next part goes on; None when this is the end."""


class Runs(Protocol):
    """Knows what a run has still to ask and to show."""

    def to_ask(self, transaction: Transaction, name: str, start: datetime, end: datetime, after: int, count: int) -> Page:
        """Return the next messages of a time range that a run has not decided."""

    def begin_promotion(self, transaction: Transaction, name: str) -> None:
        """Mark a run as promoted, once nothing of it waits any more."""

    def to_show(self, transaction: Transaction, name: str, after: int, count: int) -> Page:
        """Return the next decisions of a run as revisions that readers will see."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What both works need: where they happen, and when they are to stop."""

    runs: Runs
    transactions: Transactions
    stop: Event
    step: Callable[[str], None] = lambda name: None
    progress: Callable[[int], None] = lambda done: None

    def patiently(self, call: Callable[[], T]) -> T:
        """Call until the database lets it through."""
        log = logger("runs")
        return patiently(call, stop=self.stop, delay=0.2, most=10.0, waiting=lambda s, error: log.warning("waiting", seconds=s, error=str(error)))


def backfill(tools: Tools, lane: Lane, name: str, start: datetime, end: datetime) -> int:
    """Put what was said from ``start`` until before ``end`` into the lane under a run; return how many questions.

    A second time adds what is missing: messages that the run has decided, or that wait for it, stay as they are.

    Raises:
        OperatorError: there is no such run, or it is promoted.
        Stopping: the database was away when we were told to stop.
    """
    put, after = 0, 0
    while not tools.stop.is_set():

        def part(after: int = after) -> Page:
            with tools.transactions.begin() as transaction:
                page = tools.runs.to_ask(transaction, name, start, end, after, AT_ONCE)
                lane.put(transaction, page.questions)
            return page

        page = tools.patiently(part)
        put += len(page.questions)
        tools.progress(put)
        if page.last is None:
            break
        after = page.last
    return put


def promote(tools: Tools, decisions: Decisions, features: FeatureState, name: str) -> int:
    """Make a run's decisions visible as the next revisions, and count the difference; return how many.

    View and features change in the same transaction, so that both agree at every moment; what was shown once is never shown again.

    Raises:
        OperatorError: there is no such run, it is the production run, or questions of it are open.
        Stopping: the database was away when we were told to stop.
    """

    def begin() -> None:
        with tools.transactions.begin() as transaction:
            tools.runs.begin_promotion(transaction, name)

    tools.patiently(begin)
    shown, after = 0, 0
    while not tools.stop.is_set():

        def part(after: int = after) -> tuple[Page, int]:
            with tools.transactions.begin() as transaction:
                page = tools.runs.to_show(transaction, name, after, AT_ONCE)
                saved = decisions.save(transaction, page.entries)
                tools.step("promotion_saved")
                features.add(transaction, saved)
                tools.step("promotion_finishing")
            return page, len(saved)

        page, saved = tools.patiently(part)
        tools.step("promotion_committed")
        shown += saved
        tools.progress(shown)
        if page.last is None:
            break
        after = page.last
    return shown
