"""How much an asker does at once, how patient it is, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intent.model.question import Answer


@dataclass(frozen=True, slots=True)
class AskPolicy:
    """How much at once, how patient; times in seconds.

    Attributes:
        batch_count: questions in a batch, at most.
        gather: how long a room gathers before it is asked with fewer.
        threads: calls at a time, at most.
        attempts: how often a question is tried before its local decision stays.
        retry_delay: before the second try of a question.
        outage_delay_most: between tries while the database is away, at most; and how long what
            cannot be asked waits behind all else.
        live_age: a live question that has waited so long matters no more.
        idle: pause when nothing is ripe.
        tend_every: between looks for questions that matter no more.
        leave: how long leaving gives the replies of running calls.
        drain_patience: with ``empty`` set, an LLM that stays away for so long ends the run.
    """

    batch_count: int = 20
    gather: float = 2.0
    threads: int = 8
    attempts: int = 3
    retry_delay: float = 1.0
    outage_delay_most: float = 30.0
    live_age: float = 86_400.0
    idle: float = 0.25
    tend_every: float = 30.0
    leave: float = 5.0
    drain_patience: float = 60.0


@dataclass(slots=True)
class AskReport:
    """What an asker did: counts of questions; ``batches`` that were asked, and ``failures`` of them
    for which the LLM is to blame.
    """

    asked: int = 0
    improved: int = 0
    unanswered: int = 0
    overtaken: int = 0
    retried: int = 0
    given_up: int = 0
    dropped: int = 0
    batches: int = 0
    failures: int = 0

    def finished(self, answers: Sequence[Answer], saved: int) -> Mapping[str, int]:
        """Add a batch that was asked, of which so many answers were stored; return what became of
        its questions.
        """
        unanswered = sum(answer.decision is None for answer in answers)
        overtaken = len(answers) - unanswered - saved
        self.batches += 1
        self.asked += len(answers)
        self.improved += saved
        self.unanswered += unanswered
        self.overtaken += overtaken
        return {"improved": saved, "unanswered": unanswered, "overtaken": overtaken}
