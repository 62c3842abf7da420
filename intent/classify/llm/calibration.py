"""What an LLM's answers are worth as probabilities, once an eval has measured it; until then they
are taken at their word, and say so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from intent.model.datafile import read_data
from intent.model.decision import UNMEASURED
from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy

SHRINKAGE = 20.0
"""How many answers the pooled pair weighs against a label's own."""

Probability = Annotated[float, Field(ge=0, le=1)]
Pair = tuple[Probability, Probability]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Data):
    """One measurement: pairs of P(true | named) and P(true | not named), for one prompt and one
    model.
    """

    prompt: str
    model: str
    messages: int
    pooled: Pair
    lead: Pair
    labels: dict[str, Pair] = {}


class _File(_Data):
    measured: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns named labels into probabilities. ``version`` is a hash of the measurement, or
    ``unmeasured``.
    """

    version: str
    labels: Mapping[str, Pair]
    lead: Pair

    def probabilities(self, named: Collection[str]) -> dict[str, float]:
        """Return a probability in [0, 1] for every label of the taxonomy, in its order."""
        return {name: pair[0] if name in named else pair[1] for name, pair in self.labels.items()}

    def lead_probability(self, *, named: bool) -> float:
        """Return the probability of at least one lead intent, given whether one was named."""
        return self.lead[0] if named else self.lead[1]


def measure(
    rows: Sequence[tuple[Collection[str], Collection[str]]],
    taxonomy: Taxonomy,
    *,
    prompt: str,
    model: str,
) -> Measured:
    """Measure what answers are worth; the result belongs into ``prompts/calibration.yaml``.

    Every label's own pair is shrunk towards the pooled one: it counts as if ``SHRINKAGE`` further
    answers had behaved like the pool (the posterior mean of a beta-binomial whose prior has that
    weight).

    Args:
        rows: for each message the labels that the LLM named, and the true ones.

    Raises:
        ValueError: there are no rows.
    """
    if not rows:
        raise ValueError("nothing was measured")
    counts = {
        name: _count([(name in named, name in true) for named, true in rows])
        for name in taxonomy.names
    }
    pooled = _rates([sum(column) for column in zip(*counts.values(), strict=True)], (0.5, 0.5), 1.0)
    lead = _count(
        [
            (not taxonomy.leads.isdisjoint(named), not taxonomy.leads.isdisjoint(true))
            for named, true in rows
        ]
    )
    labels = {name: _rates(count, pooled, SHRINKAGE) for name, count in counts.items()}
    return Measured(
        prompt=prompt,
        model=model,
        messages=len(rows),
        pooled=pooled,
        lead=_rates(lead, pooled, SHRINKAGE),
        labels=labels,
    )


def _count(pairs: Iterable[tuple[bool, bool]]) -> list[int]:
    """Return how often: named and true, named, not named and true, not named."""
    seen = [(named, true) for named, true in pairs]
    return [
        sum(named and true for named, true in seen),
        sum(named for named, _ in seen),
        sum(true and not named for named, true in seen),
        sum(not named for named, _ in seen),
    ]


def _rates(counts: Sequence[int], prior: Pair, weight: float) -> Pair:
    true_named, named, true_unnamed, unnamed = counts
    first = (true_named + weight * prior[0]) / (named + weight)
    second = (true_unnamed + weight * prior[1]) / (unnamed + weight)
    return round(first, 6), round(second, 6)


def load_calibration(path: Path, taxonomy: Taxonomy, *, prompt: str, model: str) -> Calibration:
    """Return what was measured for a prompt and a model, or the unmeasured calibration.

    Raises:
        TemplateError: the file is wrong.
    """
    for one in read_data(
        _File, path, remedy="it must hold measured: a list of measurements"
    ).measured:
        unknown = set(one.labels) - set(taxonomy.names)
        if unknown:
            raise TemplateError(
                f"{path} measures labels that the taxonomy lacks: {', '.join(sorted(unknown))}"
            )
        if (one.prompt, one.model) == (prompt, model):
            content = json.dumps(one.model_dump(mode="json"), sort_keys=True)
            version = hashlib.sha256(content.encode("utf-8")).hexdigest()[:12]
            return Calibration(
                version,
                {name: one.labels.get(name, one.pooled) for name in taxonomy.names},
                one.lead,
            )
    return Calibration(UNMEASURED, dict.fromkeys(taxonomy.names, (1.0, 0.0)), (1.0, 0.0))
