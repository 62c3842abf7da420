"""What is decided of a comment whose right label is known: drawn from the decisions that the local
model that ships made on its test split, so that its mistakes are the measured ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.data.dataset import Row, load_dataset, of_split
from eval.run.manifest import read_manifest
from eval.run.predictions import Prediction, read_predictions, slots_of
from intent.classify.route import Route, expected_cost
from intent.features.definitions.events import Topics
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.errors import OperatorError
from intent.model.prices import named_price
from intent.model.taxonomy import Taxonomy
from intent.ports.deciding import Classifier
from intent.store.schema import INTENTS, MILLION

_HERE = Path(__file__).resolve().parents[1]
BASELINE = _HERE / "baselines" / "local"
"""The blessed run of the local model that ships: its decisions on the test split, one by one."""

DATASET = _HERE / "datasets" / "lead_intent"

SURE = 0.97
"""Probability that an answer of the LLM gives to its labels."""

_VERSIONS = Versions("world", "none", "world", "world")


@dataclass(frozen=True)
class MeasuredDecisions:
    """Decisions to draw from, and who they are drawn for.

    Attributes:
        of_label: by label, the numbers of the decisions of messages whose one right label it is.
        masks: of each decision, what it counts as to features.
        probabilities: of each, of the intents and then the groups, in millionths: shape
            (decisions, topics).
        asked: whether the LLM would be asked about it, by the thresholds that ship.
        answers: what the LLM's answer that a label is right counts as, by label: mask and
            probabilities.
        model: version of the model that was measured.
        texts: of each decision, the message it was made of.
        prices, gaps: of each, the price that its message names and how far it is above the one on
            its screen, as decisions have them.
    """

    of_label: tuple[NDArray[np.int64], ...]
    masks: NDArray[np.int64]
    probabilities: NDArray[np.int64]
    asked: NDArray[np.bool_]
    answer_masks: NDArray[np.int64]
    answer_probabilities: NDArray[np.int64]
    model: str
    texts: tuple[str, ...]
    prices: tuple[int | None, ...]
    gaps: tuple[int | None, ...]

    def draw(self, labels: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
        """Return the number of a decision for each right label, drawn among those of it."""
        drawn = np.zeros(len(labels), dtype=np.int64)
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            drawn[rows] = chance.choice(self.of_label[label], len(rows))
        return drawn


def measured_decisions(topics: Topics, taxonomy: Taxonomy, route: Route) -> MeasuredDecisions:
    """Read the decisions of the model that ships on the test split.

    Raises:
        OperatorError: the baseline is of another model than the card speaks of, or not of this
            dataset.
    """
    rows = {row.id: row for row in of_split(load_dataset(DATASET), "test")}
    said = [one for one in read_predictions(BASELINE / "predictions.jsonl") if one.id in rows]
    model = read_manifest(BASELINE).decider.model
    card = (_HERE.parent / "intent" / "models" / "lead_intent" / "MODEL_CARD.md").read_text("utf-8")
    if f"Model `{model}`" not in card:
        raise OperatorError(
            f"the baseline {BASELINE} measured the model {model}, of which the card does "
            "not speak; bless what ships: python -m eval bless"
        )
    alone = [one for one in said if len(rows[one.id].expected.labels) == 1]
    return assembled(
        [_decision(one, taxonomy) for one in alone],
        [rows[one.id] for one in alone],
        topics,
        taxonomy,
        route,
        model,
    )


def decided_now(
    classifier: Classifier, topics: Topics, taxonomy: Taxonomy, route: Route
) -> MeasuredDecisions:
    """Let a model decide what of our dataset no model was taught with: the test split, with the
    part in the register of real people.
    """
    rows = of_split(load_dataset(DATASET, ["register"]), "test")
    alone = [row for row in rows if len(row.expected.labels) == 1]
    decisions = classifier.classify([row.message() for row in alone])
    model = decisions[0].versions.model
    return assembled(decisions, alone, topics, taxonomy, route, model)


def assembled(
    decisions: Sequence[Decision],
    rows: Sequence[Row],
    topics: Topics,
    taxonomy: Taxonomy,
    route: Route,
    model: str,
) -> MeasuredDecisions:
    """Put decisions and the labelled rows that they were made of together.

    Raises:
        OperatorError: no row has one of the labels.
    """
    right = np.array([INTENTS.index(row.expected.labels[0]) for row in rows])
    of_label = tuple(np.flatnonzero(right == label) for label in range(len(INTENTS)))
    for label, found in zip(INTENTS, of_label, strict=True):
        if not len(found):
            raise OperatorError(f"no message of the test split has the label {label} alone")
    named = [
        named_price(decision.slots, row.input.context.item if row.input.context else None)
        for decision, row in zip(decisions, rows, strict=True)
    ]
    answers = np.full((len(INTENTS), len(INTENTS)), (1 - SURE) / (len(INTENTS) - 1))
    np.fill_diagonal(answers, SURE)
    leads = [SURE if label in taxonomy.leads else 1 - SURE for label in INTENTS]
    return MeasuredDecisions(
        of_label,
        np.array([topics.mask(one.labels, measured=True, llm=False) for one in decisions]),
        np.array(
            [
                _millionths(list(one.probabilities.values()), one.lead_probability, topics)
                for one in decisions
            ]
        ),
        np.array([expected_cost(one, taxonomy) > route.ask_above for one in decisions]),
        np.array([topics.mask((label,), measured=True, llm=True) for label in INTENTS]),
        np.array(
            [
                _millionths(list(given), lead, topics)
                for given, lead in zip(answers, leads, strict=True)
            ]
        ),
        model,
        tuple(row.input.text for row in rows),
        tuple(price for price, _ in named),
        tuple(gap for _, gap in named),
    )


def _millionths(given: Sequence[float], lead: float, topics: Topics) -> tuple[int, ...]:
    rounded = [round(float(value) * MILLION) for value in given]
    return topics.with_groups(rounded, round(lead * MILLION))


def _decision(said: Prediction, taxonomy: Taxonomy) -> Decision:
    probability = said.lead_probability or 0.0
    return Decision(
        dict(zip(taxonomy.names, said.probabilities, strict=True)),
        said.labels,
        probability,
        bool(taxonomy.leads.intersection(said.labels)),
        DecidedBy.LOCAL,
        _VERSIONS,
        slots=tuple(slots_of(said)),
    )
