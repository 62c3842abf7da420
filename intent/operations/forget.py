"""Forgets a person: messages, decisions, questions, dead letters and features, in small
transactions between which everything balances.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.ports.deciding import Erasure
from intent.ports.features import FeatureState
from intent.ports.ingestion import Transaction, Transactions
from intent.retry import retry_until_available
from intent.telemetry import logger

AT_ONCE = 100
"""Messages in one transaction, at most."""


@dataclass(slots=True)
class Forgotten:
    """What was deleted: counts of messages, of refused payloads, and of kept replies of the LLM (of
    everybody).

    Attributes:
        known: whether there was anything of this person; if not, nothing was deleted.
    """

    messages: int = 0
    refused: int = 0
    replies: int = 0
    known: bool = False


def forget(
    platform: str,
    user_id: str,
    erasure: Erasure,
    features: FeatureState,
    transactions: Transactions,
    *,
    stop: Event,
    progress: Callable[[Forgotten], None] = lambda report: None,
) -> Forgotten:
    """Delete everything of one person; a second time deletes what has come in since.

    Replies of the LLM may quote anybody, so all of them go, before the messages and again after
    them: an interruption leaves messages by which the next call knows that there is more to do, and
    what was answered meanwhile goes too. For a person of whom nothing is stored they stay.

    Raises:
        Stopping: the database was away when we were told to stop; what was deleted so far is gone.
    """
    report, log = Forgotten(), logger("forget")

    def part(work: Callable[[Transaction], int]) -> int:
        def once() -> int:
            with transactions.begin() as transaction:
                return work(transaction)

        waiting = lambda seconds, error: log.warning("waiting", seconds=seconds, error=str(error))  # noqa: E731
        done = retry_until_available(once, stop=stop, delay=0.2, most=10.0, waiting=waiting)
        progress(report)
        return done

    def every(work: Callable[[Transaction], int]) -> int:
        count = 0
        while not stop.is_set() and (erased := part(work)):
            count += erased
        return count

    def some_messages(transaction: Transaction) -> int:
        erased, stood = erasure.erase(transaction, platform, user_id, AT_ONCE)
        features.remove(transaction, stood)
        return erased

    def some_replies(transaction: Transaction) -> int:
        return erasure.erase_replies(transaction, AT_ONCE * 10)

    after: int | None = 0

    def some_refused(transaction: Transaction) -> int:
        nonlocal after
        erased, after = erasure.erase_refused(transaction, platform, user_id, after or 0)
        return erased

    while not stop.is_set() and after is not None:
        report.refused += part(some_refused)
    has_written = part(lambda transaction: erasure.knows(transaction, platform, user_id))
    report.known = bool(has_written or report.refused)
    if has_written:
        report.replies += every(some_replies)
        report.messages += every(some_messages)
        report.replies += every(some_replies)
    return report
