"""Searches for a better prompt by reflection: mistakes on a few rooms suggest an edit, the edit is
tried on these rooms, and what helps there is measured on messages that nobody reflects on.

The way of GEPA (Agrawal et al., 2025, arXiv:2507.19457): parents are drawn by how many messages
they are best at, so that what is good at one kind of message is not lost to what is good on the
average. The search sees no message on which the result is judged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eval.optimise.candidate import Candidate, EditRefused
from intent.model.errors import BudgetSpent

LESSONS_A_TRY = 3
"""Lessons that are looked at for one try, on the average, at most."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A message that a candidate decided wrongly.

    Attributes:
        shown: what the LLM was shown of it.
        right, said: codes of labels; said is empty where the reply could not be used.
        why: the rule that decides, where the dataset names one.
        cost: by the taxonomy's costs, in false leads.
        example: it as an example of the prompt.
    """

    id: str
    shown: Mapping[str, str]
    right: tuple[str, ...]
    said: tuple[str, ...]
    why: str
    cost: float
    example: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a candidate did on some messages: costs by id, and its mistakes, the worst first."""

    costs: Mapping[str, float]
    mistakes: Sequence[Mistake]

    @property
    def mean(self) -> float:
        """Cost of a message."""
        return sum(self.costs.values()) / len(self.costs)


class Tries(Protocol):
    """Runs a candidate on messages."""

    def run(self, candidate: Candidate, ids: Sequence[str]) -> Trial:
        """Return what it did; raises BudgetSpent where that would cost more than is left."""


class Proposes(Protocol):
    """Makes a new candidate from mistakes."""

    def propose(
        self, parent: Candidate, mistakes: Sequence[Mistake], number: int, chance: random.Random, /
    ) -> Candidate:
        """Return a candidate with that number, or raise EditRefused."""


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One try, for the record.

    Attributes:
        outcome: ``kept``, ``no help`` or ``refused``.
        before, after: cost of a message on the rooms that were reflected on.
    """

    number: int
    parent: int
    outcome: str
    why: str
    before: float
    after: float | None = None


@dataclass(slots=True)
class Search:
    """What was found.

    Attributes:
        pool: candidates with their costs on the messages for choosing; the first is the prompt as
            it is.
        ended: why the search ended.
    """

    pool: list[tuple[Candidate, Mapping[str, float]]] = field(default_factory=list)
    steps: list[SearchStep] = field(default_factory=list)
    ended: str = "all tries were made"

    def finalists(self, most: int) -> list[Candidate]:
        """Return the candidates that cost less than the prompt as it is on the messages for
        choosing, the cheapest first.
        """
        means = [sum(costs.values()) / len(costs) for _, costs in self.pool]
        order = sorted(range(1, len(means)), key=means.__getitem__)
        return [self.pool[place][0] for place in order if means[place] < means[0]][:most]


def search(
    start: Candidate,
    tries: Tries,
    proposers: Sequence[Proposes],
    lessons: Sequence[Sequence[str]],
    choosing: Sequence[str],
    *,
    most: int,
    seed: int,
    told: Callable[[SearchStep], None] = lambda step: None,
) -> Search:
    """Search for a better prompt.

    Args:
        lessons: ids of messages to reflect on, a few rooms each.
        choosing: ids of messages by which parents and finalists are chosen.
        most: tries at most.
        told: told every try.
    """
    chance = random.Random(seed)  # noqa: S311  a repeatable search, not a secret
    found = Search()
    try:
        found.pool.append((start, tries.run(start, choosing).costs))
        number = 1
        # A lesson without a mistake teaches nothing, and is no try.
        for place in range(most * LESSONS_A_TRY):
            parent = _drawn(found.pool, chance)
            before = tries.run(parent, lessons[place % len(lessons)])
            if not before.mistakes:
                continue
            proposer = proposers[chance.randrange(len(proposers))]
            step = _tried(found, tries, proposer, parent, before, choosing, number, chance)
            found.steps.append(step)
            told(step)
            number += 1
            if number > most:
                return found
        found.ended = "there was hardly a mistake to reflect on"
    except BudgetSpent as error:
        found.ended = str(error)
    return found


def _tried(
    found: Search,
    tries: Tries,
    proposer: Proposes,
    parent: Candidate,
    before: Trial,
    choosing: Sequence[str],
    number: int,
    chance: random.Random,
) -> SearchStep:
    try:
        child = proposer.propose(parent, before.mistakes, number, chance)
    except EditRefused as error:
        return SearchStep(number, parent.number, "refused", str(error), before.mean)
    after = tries.run(child, list(before.costs))
    if after.mean >= before.mean:
        return SearchStep(number, parent.number, "no help", child.why, before.mean, after.mean)
    found.pool.append((child, tries.run(child, choosing).costs))
    return SearchStep(number, parent.number, "kept", child.why, before.mean, after.mean)


def _drawn(
    pool: Sequence[tuple[Candidate, Mapping[str, float]]], chance: random.Random
) -> Candidate:
    """Draw a candidate by the number of messages at which it is among the best."""
    weights = [0.0] * len(pool)
    for key in pool[0][1]:
        costs = [of[key] for _, of in pool]
        best = [place for place, cost in enumerate(costs) if cost == min(costs)]
        for place in best:
            weights[place] += 1 / len(best)
    return chance.choices([candidate for candidate, _ in pool], weights)[0]
