"""Backfills and promotions: long work on many decisions, in bounded transactions that may stop at
any moment and go on later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import TypeVar

from intent.model.message import AuthorRole, Message
from intent.model.run import DecidedElsewhere, Page, Pair, Run
from intent.ports.asking import Lane
from intent.ports.deciding import Decisions, Runs
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transactions
from intent.retry import retry_until_available
from intent.store.imported_runs import fit_beside
from intent.telemetry import logger

T = TypeVar("T")

Label = str
Entity = str

AT_ONCE = 200
"""Messages in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class LongWork:
    """What a long work needs: where it happens, and when it is to stop."""

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


def backfill(work: LongWork, lane: Lane, name: str, start: datetime, end: datetime) -> int:
    """Put what was said from ``start`` until before ``end`` into the lane under a run; return how
    many questions.

    A second time adds what is missing: messages that the run has decided, or that wait for it, stay
    as they are.

    Raises:
        OperatorError: there is no such run, or it is promoted.
        Stopping: the database was away when we were told to stop.
    """
    put, after = 0, 0
    while not work.stop.is_set():

        def part(after: int = after) -> Page:
            with work.transactions.begin() as transaction:
                page = work.runs.to_ask(transaction, name, start, end, after, AT_ONCE)
                lane.put(transaction, page.questions)
            return page

        page = work.retry_until_available(part)
        put += len(page.questions)
        work.progress(put)
        if page.last is None:
            break
        after = page.last
    return put


def import_decided(
    work: LongWork,
    decisions: Decisions,
    name: str,
    pages: Iterable[Sequence[DecidedElsewhere]],
) -> Counter[str]:
    """Put decisions that were made elsewhere beside what readers see, as those of a run; return how
    many were ``imported``, and how many were left out, by the reason. A second time adds what is
    missing.

    Raises:
        OperatorError: there is no such run, or it is promoted.
        Stopping: the database was away when we were told to stop.
    """
    found: Counter[str] = Counter()
    for page in pages:
        if work.stop.is_set():
            break

        def part(page: Sequence[DecidedElsewhere] = page) -> Counter[str]:
            with work.transactions.begin() as transaction:
                entries, left_out = fit_beside(transaction, name, page)
                return left_out + Counter(imported=len(decisions.save(transaction, entries)))

        found += work.retry_until_available(part)
        work.progress(found.total())
    return found


def promote(work: LongWork, decisions: Decisions, features: FeatureState, name: str) -> int:
    """Make a run's decisions visible as the next revisions, and count the difference; return how
    many.

    View and features change in the same transaction, so that both agree at every moment; what was
    shown once is never shown again.

    Raises:
        OperatorError: there is no such run, it is the production run, or questions of it are open.
        Stopping: the database was away when we were told to stop.
    """

    def begin() -> None:
        with work.transactions.begin() as transaction:
            work.runs.begin_promotion(transaction, name)

    work.retry_until_available(begin)
    shown, after = 0, 0
    while not work.stop.is_set():

        def part(after: int = after) -> tuple[Page, int]:
            with work.transactions.begin() as transaction:
                page = work.runs.to_show(transaction, name, after, AT_ONCE)
                saved = decisions.save(transaction, page.entries)
                work.step("promotion_saved")
                features.add(transaction, saved)
                work.step("promotion_finishing")
            return page, len(saved)

        page, saved = work.retry_until_available(part)
        work.step("promotion_committed")
        shown += saved
        work.progress(shown)
        if page.last is None:
            break
        after = page.last
    return shown


_CHANGED: dict[Entity, Callable[[Message], str | None]] = {
    "user": lambda message: message.user_id,
    "creator": lambda message: message.creator_id,
    "room": lambda message: message.room_id,
    "item": lambda message: message.item_id,
    "category": lambda message: message.category_id,
}
"""Entities whose counts a promotion may change, with the key that a message names."""


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
        default_factory=lambda: {entity: set() for entity in _CHANGED}
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
        if message.author_role is AuthorRole.VIEWER:
            found.leads_gained += pair.then.is_lead and not pair.now.is_lead
            found.leads_lost += pair.now.is_lead and not pair.then.is_lead
        found.gained.update(then - now)
        found.lost.update(now - then)
        for entity, key_of in _CHANGED.items():
            if (key := key_of(message)) is not None:
                found.keys[entity].add((message.platform, key))
    return found


@dataclass(frozen=True, slots=True)
class RunComparison:
    """A run beside what readers see, with some of the messages whose labels would change."""

    run: Run
    difference: RunDifference
    examples: Sequence[Pair]


def compare(runs: Runs, name: str, *, examples: int = 0) -> RunComparison:
    """Compare a run with what readers see, and keep so many changed messages as examples.

    Raises:
        OperatorError: there is no such run.
    """
    run, shown = runs.find(name), list[Pair]()

    def watched(pair: Pair) -> Pair:
        if len(shown) < examples and pair.now.labels != pair.then.labels:
            shown.append(pair)
        return pair

    return RunComparison(run, difference(watched(pair) for pair in runs.compare(name)), shown)
