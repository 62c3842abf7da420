"""Forgets a person, a message, a room or a conversion, and everything that was made of it, in small
transactions between which everything balances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TypeVar

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import Later
from intent.ports.deciding import Erasure
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transaction, Transactions
from intent.retry import retry_until_available
from intent.telemetry import logger

T = TypeVar("T")

AT_ONCE = 100
"""Messages in one transaction, at most."""

PAGE = 1_000
"""Subjects that are looked up in one transaction."""

PATIENCE, PAUSE = 5.0, 0.25
"""Seconds for which readers of the database's log are waited for, and between two tries."""


@dataclass(slots=True)
class Forgotten:
    """What was deleted: counts of messages, of refused payloads, of outcomes (impressions, clicks,
    exposures, revisions of conversions), and of kept replies of the LLM (of everybody).

    Attributes:
        known: whether there was anything of this subject, now or at an earlier erasure; if not,
            nothing was deleted.
        buried: whether what comes of it later is dropped.
        overwritten: whether nothing of it stands in the files of the database any more; None where
            the server's own upkeep decides when.
        exported: facts and served vectors that were taken out of files that were written.
        exports_left: files that hold what they held, for only their builder can build them again.
        spools_held: spools of running processes, which drop what is theirs when they are put.
    """

    messages: int = 0
    refused: int = 0
    outcomes: int = 0
    replies: int = 0
    known: bool = False
    buried: bool = False
    overwritten: bool | None = None
    spools_held: int = 0
    exported: int = 0
    exports_left: tuple[str, ...] = ()


def together(reports: Sequence[Forgotten]) -> Forgotten:
    """Return what was deleted in several databases as one report."""
    overwritten = {one.overwritten for one in reports}
    return Forgotten(
        messages=sum(one.messages for one in reports),
        refused=sum(one.refused for one in reports),
        outcomes=sum(one.outcomes for one in reports),
        replies=sum(one.replies for one in reports),
        known=any(one.known for one in reports),
        buried=any(one.buried for one in reports),
        overwritten=next((one for one in (False, None) if one in overwritten), True),
        spools_held=max(one.spools_held for one in reports),
        exported=sum(one.exported for one in reports),
        exports_left=tuple(dict.fromkeys(left for one in reports for left in one.exports_left)),
    )


def forget(
    subject: DataSubject,
    erasure: Erasure,
    features: FeatureState,
    transactions: Transactions,
    *,
    stop: Event,
    anyway: bool = False,
    cut_log: Callable[[], bool | None] = lambda: None,
    progress: Callable[[Forgotten], None] = lambda report: None,
) -> Forgotten:
    """Delete everything of a person, a message, a room or a conversion, and drop what comes of it
    later.

    It is buried first, so that nothing of it is stored any more while the rest is deleted. Replies
    of the LLM may quote anybody, so all of them go, before the messages and again after them.

    Args:
        anyway: bury a subject of which nothing is stored, too.
        cut_log: overwrites what was deleted; False while a reader holds it, and then it is tried
            again for :data:`PATIENCE` seconds.

    Raises:
        OperatorError: what was erased before is remembered with another key.
        Stopping: the database was away when we were told to stop; what was deleted so far is gone,
            and the same call goes on.
    """
    parts = (erasure, features, transactions)
    report = _Forgetting(subject, *parts, stop, progress).run(anyway=anyway)
    if report.buried:
        report.overwritten = overwrite(cut_log, stop)
    return report


def forget_again(
    erasure: Erasure,
    features: FeatureState,
    transactions: Transactions,
    *,
    stop: Event,
    cut_log: Callable[[], bool | None] = lambda: None,
    progress: Callable[[Forgotten], None] = lambda report: None,
) -> Forgotten:
    """Delete whatever is stored of everything that was ever erased, as after a restore; return what
    was deleted in all.

    Raises:
        OperatorError, Stopping: as :func:`forget`.
    """
    total, parts = Forgotten(known=True, buried=True), (erasure, features, transactions)
    for kind in SubjectKind:
        after: DataSubject | None = None
        while not stop.is_set():
            with transactions.begin() as transaction:
                page = erasure.stored(transaction, kind, after, PAGE)
                gone = erasure.buried(transaction, page)
            for subject in gone:
                one = _Forgetting(subject, *parts, stop, lambda report: None).run(anyway=True)
                total.messages += one.messages
                total.refused += one.refused
                total.outcomes += one.outcomes
                total.replies += one.replies
                progress(total)
            if not page:
                break
            after = page[-1]
    total.overwritten = overwrite(cut_log, stop)
    return total


def overwrite(cut_log: Callable[[], bool | None], stop: Event) -> bool | None:
    """Cut the log of the database, and wait for those who read it for :data:`PATIENCE` seconds."""
    for _ in range(int(PATIENCE / PAUSE)):
        cut = cut_log()
        if cut is not False:
            return cut
        if stop.wait(PAUSE):
            break
    return False


class _Forgetting:
    """One erasure, in parts."""

    def __init__(
        self,
        subject: DataSubject,
        erasure: Erasure,
        features: FeatureState,
        transactions: Transactions,
        stop: Event,
        progress: Callable[[Forgotten], None],
    ) -> None:
        self._subject, self._erasure, self._features = subject, erasure, features
        self._transactions, self._stop, self._progress = transactions, stop, progress
        self._report, self._log = Forgotten(), logger("forget")

    def run(self, *, anyway: bool) -> Forgotten:
        report = self._report
        report.known = self._bury(anyway=anyway)
        if not report.known:
            # A line that could not be read may be all that there is of a person.
            self._refused(unsure=False)
            report.known = report.refused > 0
        if report.known and not anyway:
            self._bury(anyway=True)
        report.buried = report.known or anyway
        if report.buried:
            self._refused(unsure=True)
            report.replies += self._every(self._some_replies)
            # Before the messages: links to these say whose the conversions are.
            report.outcomes += self._every(self._some_outcomes)
            report.messages += self._every(self._some_messages)
            report.replies += self._every(self._some_replies)
        return report

    def _bury(self, *, anyway: bool) -> bool:
        return self._part(
            lambda transaction: self._erasure.begin(transaction, self._subject, anyway=anyway)
        )

    def _refused(self, *, unsure: bool) -> None:
        after: int | None = 0
        while not self._stop.is_set() and after is not None:
            erase = partial(
                self._erasure.erase_refused, subject=self._subject, after=after, unsure=unsure
            )
            erased, after = self._part(erase)
            self._report.refused += erased

    def _some_messages(self, transaction: Transaction) -> int:
        erased, stood = self._erasure.erase(transaction, self._subject, AT_ONCE)
        self._features.remove(transaction, stood)
        return erased

    def _some_outcomes(self, transaction: Transaction) -> int:
        return self._erasure.erase_outcomes(transaction, self._subject, AT_ONCE)

    def _some_replies(self, transaction: Transaction) -> int:
        return self._erasure.erase_replies(transaction, AT_ONCE * 10)

    def _every(self, work: Callable[[Transaction], int]) -> int:
        count = 0
        while not self._stop.is_set() and (erased := self._part(work)):
            count += erased
        return count

    def _part(self, work: Callable[[Transaction], T]) -> T:
        def once() -> T:
            with self._transactions.begin() as transaction:
                return work(transaction)

        done = retry_until_available(
            once, stop=self._stop, delay=0.2, most=10.0, waiting=self._note
        )
        self._progress(self._report)
        return done

    def _note(self, seconds: float, error: Later) -> None:
        self._log.warning("waiting", seconds=seconds, error=str(error))
