"""Backfills and promotions: long work on many decisions, in bounded transactions that may stop at
any moment and go on later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import TypeVar

from intent.model.run import Page, Pair
from intent.ports.asking import Lane
from intent.ports.deciding import Decisions, Runs
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transactions
from intent.retry import retry_until_available
from intent.telemetry import logger

T = TypeVar("T")

Label = str
Entity = str

AT_ONCE = 200
"""Messages in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What both works need: where they happen, and when they are to stop."""

    runs: Runs
    transactions: Transactions
    stop: Event
    step: Callable[[str], None] = lambda name: None
    progress: Callable[[int], None] = lambda done: None

    def retry_until_available(self, call: Callable[[], T]) -> T:
        """Call until the database lets it through."""
        log = logger("runs")
        return retry_until_available(
            call,
            stop=self.stop,
            delay=0.2,
            most=10.0,
            waiting=lambda s, error: log.warning("waiting", seconds=s, error=str(error)),
        )


def backfill(tools: Tools, lane: Lane, name: str, start: datetime, end: datetime) -> int:
    """Put what was said from ``start`` until before ``end`` into the lane under a run; return how
    many questions.

    A second time adds what is missing: messages that the run has decided, or that wait for it, stay
    as they are.

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

        page = tools.retry_until_available(part)
        put += len(page.questions)
        tools.progress(put)
        if page.last is None:
            break
        after = page.last
    return put


def promote(tools: Tools, decisions: Decisions, features: FeatureState, name: str) -> int:
    """Make a run's decisions visible as the next revisions, and count the difference; return how
    many.

    View and features change in the same transaction, so that both agree at every moment; what was
    shown once is never shown again.

    Raises:
        OperatorError: there is no such run, it is the production run, or questions of it are open.
        Stopping: the database was away when we were told to stop.
    """

    def begin() -> None:
        with tools.transactions.begin() as transaction:
            tools.runs.begin_promotion(transaction, name)

    tools.retry_until_available(begin)
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

        page, saved = tools.retry_until_available(part)
        tools.step("promotion_committed")
        shown += saved
        tools.progress(shown)
        if page.last is None:
            break
        after = page.last
    return shown


@dataclass(slots=True)
class RunDifference:
    """What promotion would change: counts of messages, and of the keys of each entity whose counts
    would change.

    Attributes:
        gained: messages that would get a label, by label; ``lost`` likewise.
    """

    compared: int = 0
    changed: int = 0
    leads_gained: int = 0
    leads_lost: int = 0
    now: Counter[Label] = field(default_factory=Counter)
    gained: Counter[Label] = field(default_factory=Counter)
    lost: Counter[Label] = field(default_factory=Counter)
    keys: dict[Entity, set[tuple[str, str]]] = field(
        default_factory=lambda: {"user": set(), "creator": set(), "room": set(), "item": set()}
    )


def difference(pairs: Iterable[Pair]) -> RunDifference:
    """Compare decisions; needs memory for the keys of what would change."""
    found = RunDifference()
    for pair in pairs:
        now, then, message = set(pair.now.labels), set(pair.then.labels), pair.message
        found.compared += 1
        found.now.update(now)
        if now == then:
            continue
        found.changed += 1
        found.leads_gained += pair.then.is_lead and not pair.now.is_lead
        found.leads_lost += pair.now.is_lead and not pair.then.is_lead
        found.gained.update(then - now)
        found.lost.update(now - then)
        for entity, key in zip(
            found.keys,
            (message.user_id, message.creator_id, message.room_id, message.item_id),
            strict=True,
        ):
            if key is not None:
                found.keys[entity].add((message.platform, key))
    return found
