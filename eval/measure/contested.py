"""Messages about which the local model, the LLM and people do not say the same: what each said, and
what it would cost.

The first decision of each message counts; a reply that could not be used says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.data.dataset import ADJUDICATED, Row
from eval.measure.finished import FinishedRun
from eval.measure.scoring import label_table, mistake_cost
from eval.run.predictions import Prediction
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Voice:
    """What one of them said.

    Attributes:
        by: ``local``, ``llm``, or the annotator's name.
        cost: what it costs if what is expected is right, in false leads.
    """

    by: str
    kind: Literal["local", "llm", "person"]
    labels: tuple[str, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Contested:
    """A message about which not all say the same.

    Attributes:
        stake: the most that one of them would cost if another were right, in false leads.
        settled: somebody has adjudicated it.
    """

    row: Row
    stake: float
    voices: tuple[Voice, ...]
    settled: bool

    @property
    def people_differ(self) -> bool:
        """Whether annotators do not agree among themselves."""
        return len({one.labels for one in self.voices if one.kind == "person"}) > 1


def contested(run: FinishedRun, taxonomy: Taxonomy) -> list[Contested]:
    """Return what is not agreed on, the costliest first."""
    told: list[tuple[Row, list[Voice]]] = []
    for prediction in run.predictions:
        if prediction.repeat == 0:
            row = run.items[prediction.id].row
            told.append((row, list(_voices(row, prediction))))
    return weighed(told, taxonomy)


def weighed(said: Sequence[tuple[Row, list[Voice]]], taxonomy: Taxonomy) -> list[Contested]:
    """Return rows of which not all say the same, with what each said costs, the costliest first."""
    told = [(row, voices) for row, voices in said if len({voice.labels for voice in voices}) > 1]
    pairs = [(right.labels, one.labels) for _, voices in told for right in voices for one in voices]
    against_truth = [(row.expected.labels, one.labels) for row, voices in told for one in voices]
    between = iter(_costs(pairs, taxonomy))
    alone = iter(_costs(against_truth, taxonomy))
    found = [
        Contested(
            row,
            max(next(between) for _ in range(len(voices) ** 2)),
            tuple(Voice(one.by, one.kind, one.labels, next(alone)) for one in voices),
            row.by(ADJUDICATED) is not None,
        )
        for row, voices in told
    ]
    return sorted(found, key=lambda one: (-one.stake, -sum(v.cost for v in one.voices), one.row.id))


def _voices(row: Row, prediction: Prediction) -> Iterator[Voice]:
    if prediction.local is not None:
        yield Voice("local", "local", prediction.local.labels, 0.0)
    elif prediction.stage != "llm":
        yield Voice("local", "local", prediction.labels, 0.0)
    if prediction.stage == "llm" and prediction.labels:
        yield Voice("llm", "llm", prediction.labels, 0.0)
    for held in row.labels:
        yield Voice(held.by, "person", held.labels, 0.0)


def _costs(
    pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]], taxonomy: Taxonomy
) -> list[float]:
    """Return what each second labels cost where the first are right."""
    truth, said = (label_table([pair[place] for pair in pairs], taxonomy) for place in (0, 1))
    return [float(cost) for cost in mistake_cost(truth, said, taxonomy)]
