"""Cost against quality over thresholds: what asking a share of the messages comes to, measured on a
run that has both opinions of every message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.measure.classification import cells, f1
from eval.measure.scored import Floats, Scored
from eval.measure.scoring import mistake_cost
from eval.measure.tables import stream_weights
from eval.run.predictions import Guess, Prediction
from intent.classify.route import expected_cost
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

_NO_VERSIONS = Versions("none", "none", "none", "none")


@dataclass(frozen=True, slots=True)
class Opinions:
    """Both opinions of every message.

    Attributes:
        expected: what the local decision probably costs by its own probabilities, shape (rows,), in
            false leads.
        local_cost, asked_cost: what either decision does cost, shape (rows,); where an answer was
            of no use, the local decision stands.
        local_lead, asked_lead, lead: said and true leads, shape (rows,).
        dollars: price of asking, shape (rows,).
    """

    expected: Floats
    local_cost: Floats
    asked_cost: Floats
    local_lead: np.ndarray[tuple[int], np.dtype[np.bool_]]
    asked_lead: np.ndarray[tuple[int], np.dtype[np.bool_]]
    lead: np.ndarray[tuple[int], np.dtype[np.bool_]]
    dollars: Floats


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """What asking above a threshold comes to, per 1,000 messages.

    Attributes:
        share: of the messages that are asked, in [0, 1].
        mistakes: cost of mistakes, in false leads; ``total`` adds the price of the calls.
        lead_f1: over all messages, asked or not.
    """

    ask_above: float
    share: float
    dollars: float
    mistakes: float
    total: float
    lead_f1: float


def opinions(scored: Scored, predictions: Sequence[Prediction], taxonomy: Taxonomy) -> Opinions:
    """Return both opinions of every message of a run by the LLM.

    Raises:
        OperatorError: the run lacks the local model's opinion, or asked only a part.
    """
    guesses = [one.local for one in predictions]
    if not predictions or any(guess is None for guess in guesses):
        raise OperatorError(
            "the run has not both opinions of every message; make one with: python -m eval run "
            "--suite eval/suites/llm.yaml"
        )
    known = [guess for guess in guesses if guess is not None]
    chosen = np.array(
        [[name in guess.labels for name in scored.labels] for guess in known], dtype=bool
    )
    leads = np.array([name in taxonomy.leads for name in scored.labels])
    local_cost, local_lead = (
        mistake_cost(scored.truth, chosen, taxonomy),
        np.asarray(chosen[:, leads].any(axis=1)),
    )
    return Opinions(
        expected=np.array([expected_cost(_decision(guess, taxonomy), taxonomy) for guess in known]),
        local_cost=local_cost,
        asked_cost=np.where(scored.answered, scored.cost, local_cost),
        local_lead=local_lead,
        asked_lead=np.where(scored.answered, scored.lead_chosen, local_lead),
        lead=scored.lead_truth,
        dollars=scored.nanodollars / 1e9,
    )


def tradeoff(
    found: Opinions, ask_above: float, *, usd_per_false_lead: float, lead_share: float | None = None
) -> Tradeoff:
    """Return what a threshold comes to; with ``lead_share``, in a stream where so many messages are
    leads.
    """
    weights = (
        np.ones(len(found.lead)) if lead_share is None else stream_weights(found.lead, lead_share)
    )
    asked = found.expected > ask_above
    total = weights.sum()
    mistakes = 1000 * float(
        (weights * np.where(asked, found.asked_cost, found.local_cost)).sum() / total
    )
    dollars = 1000 * float((weights * np.where(asked, found.dollars, 0.0)).sum() / total)
    said = np.where(asked, found.asked_lead, found.local_lead)
    lead_f1 = float(f1(weights[None, :] @ cells(found.lead, said))[0, 0])
    return Tradeoff(
        ask_above,
        float((weights * asked).sum() / total),
        dollars,
        mistakes,
        mistakes + dollars / usd_per_false_lead,
        lead_f1,
    )


def frontier(
    found: Opinions, *, usd_per_false_lead: float, lead_share: float | None = None, steps: int = 100
) -> list[Tradeoff]:
    """Return the trade-offs from asking nobody to asking everybody, in equal steps of the dataset's
    share.
    """
    thresholds = [float(np.quantile(found.expected, 1 - step / steps)) for step in range(steps)] + [
        -1e-9
    ]
    return [
        tradeoff(found, one, usd_per_false_lead=usd_per_false_lead, lead_share=lead_share)
        for one in thresholds
    ]


def repair(found: Opinions) -> tuple[float, float]:
    """Return the share of the local mistakes' cost that answers take away, and the mean cost of the
    mistakes that they bring in.
    """
    wrong = found.local_cost > 0
    lost = float(found.local_cost[wrong].sum())
    repaired = 1 - float(found.asked_cost[wrong].sum()) / lost if lost else 0.0
    return repaired, float(found.asked_cost[~wrong].mean()) if (~wrong).any() else 0.0


def _decision(guess: Guess, taxonomy: Taxonomy) -> Decision:
    probabilities = dict(zip(taxonomy.names, guess.probabilities, strict=True))
    is_lead = not taxonomy.leads.isdisjoint(guess.labels)
    return Decision(
        probabilities, guess.labels, guess.lead_probability, is_lead, DecidedBy.LOCAL, _NO_VERSIONS
    )
