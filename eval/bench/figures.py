"""The figures of the local model's card: quality per language and label with intervals over rooms,
confusion, calibration, cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.bench.local import chosen_labels, targets
from eval.measure.classification import brier
from eval.measure.reliability import calibration
from intent.model.decision import Decision
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import bootstrap
from intent.training.data import Example

Booleans = NDArray[np.bool_]
DRAWS = 400


@dataclass(frozen=True, slots=True)
class JudgedDecisions:
    """Decisions beside what is right, one row a message.

    Attributes:
        truth, chosen: shape (rows, labels + 1); the last column is lead.
        lead: calibrated probability of lead, shape (rows,).
        rooms: number of the room of each row, from 0.
        langs: language of each row.
    """

    truth: Booleans
    chosen: Booleans
    lead: NDArray[np.float64]
    rooms: NDArray[np.int64]
    langs: NDArray[np.str_]
    names: tuple[str, ...]

    def only(self, kept: Booleans) -> JudgedDecisions:
        """Return some rows; rooms are numbered anew."""
        rooms = np.unique(self.rooms[kept], return_inverse=True)[1]
        return JudgedDecisions(
            self.truth[kept],
            self.chosen[kept],
            self.lead[kept],
            rooms,
            self.langs[kept],
            self.names,
        )


def judged(
    examples: Sequence[Example], decisions: Sequence[Decision], taxonomy: Taxonomy
) -> JudgedDecisions:
    """Put decisions beside what is right."""
    rooms = np.unique([example.group for example in examples], return_inverse=True)[1]
    return JudgedDecisions(
        targets(examples, taxonomy) > 0.5,
        chosen_labels(decisions, taxonomy),
        np.array([decision.lead_probability for decision in decisions]),
        rooms,
        np.array([example.lang for example in examples]),
        taxonomy.names,
    )


def f1_with_interval(truth: Booleans, chosen: Booleans, rooms: NDArray[np.int64]) -> str:
    """Return F1 and its 95 % interval over rooms, as text."""
    both, either = (truth & chosen).astype(float), truth.astype(float) + chosen.astype(float)
    if not truth.any():
        return "–"
    found = bootstrap(
        lambda weights: 2 * (weights @ both) / np.maximum(weights @ either, 1e-9),
        rooms,
        draws=DRAWS,
        share=True,
    )
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def macro_with_interval(part: JudgedDecisions) -> str:
    """Return macro-F1 over the labels and its 95 % interval over rooms, as text."""
    both = (part.truth & part.chosen)[:, :-1].astype(float)
    either = part.truth[:, :-1].astype(float) + part.chosen[:, :-1].astype(float)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((2 * (weights @ both) / np.maximum(weights @ either, 1e-9)).mean(axis=1))

    found = bootstrap(statistic, part.rooms, draws=DRAWS, share=True)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def by_language(all_rows: JudgedDecisions, languages: Sequence[str]) -> list[str]:
    """Return the table of quality per language, Markdown."""
    lines = [
        "| language | messages | rooms | lead F1 | precision | recall | lead F1 at ½ | macro-F1 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, part in [
        ("all", all_rows),
        *((lang, all_rows.only(all_rows.langs == lang)) for lang in languages),
    ]:
        truth, chosen = part.truth[:, -1], part.chosen[:, -1]
        hits = (truth & chosen).sum()
        halves = f1_with_interval(truth, part.lead >= 0.5, part.rooms)
        rates = f"{hits / max(chosen.sum(), 1):.3f} | {hits / max(truth.sum(), 1):.3f}"
        f1 = f1_with_interval(truth, chosen, part.rooms)
        lines.append(
            f"| {name} | {len(truth)} | {part.rooms.max() + 1} | {f1} | {rates} | {halves} | "
            f"{macro_with_interval(part)} |"
        )
    return lines


def by_label(all_rows: JudgedDecisions, languages: Sequence[str]) -> list[str]:
    """Return the table of F1 per label and language, Markdown."""
    lines = [
        "| label | n | all | " + " | ".join(languages) + " |",
        "|---|---:|" + "---:|" * (len(languages) + 1),
    ]
    for column, name in enumerate([*all_rows.names, "lead"]):
        cells = [
            f1_with_interval(all_rows.truth[:, column], all_rows.chosen[:, column], all_rows.rooms)
        ]
        for lang in languages:
            part = all_rows.only(all_rows.langs == lang)
            cells.append(
                f1_with_interval(part.truth[:, column], part.chosen[:, column], part.rooms)
            )
        lines.append(
            f"| {name} | {int(all_rows.truth[:, column].sum())} | " + " | ".join(cells) + " |"
        )
    return lines


def confusion(all_rows: JudgedDecisions, decisions: Sequence[Decision]) -> list[str]:
    """Return the confusion matrix over messages with one right label: rows are right, columns the
    likeliest of the chosen, Markdown.
    """
    names = all_rows.names
    table = np.zeros((len(names), len(names)), dtype=int)
    for truth, decision in zip(all_rows.truth[:, :-1], decisions, strict=True):
        if truth.sum() == 1:
            likeliest = max(decision.labels, key=lambda label: decision.probabilities[label])
            table[int(truth.argmax()), names.index(likeliest)] += 1
    short = [name.split("_")[0][:6] for name in names]
    lines = ["| right ↓ chosen → | " + " | ".join(short) + " |", "|---|" + "---:|" * len(names)]
    return lines + [
        f"| {name} | " + " | ".join(str(value or "·") for value in row) + " |"
        for name, row in zip(names, table, strict=True)
    ]


def trust(all_rows: JudgedDecisions, languages: Sequence[str]) -> list[str]:
    """Return how far the lead probability can be trusted, Markdown: log-loss with the band of a
    perfectly calibrated model, Brier, base rate.
    """
    lines = [
        "| language | log-loss | null band | base rate's | Brier | base rate's | verdict |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for name, part in [
        ("all", all_rows),
        *((lang, all_rows.only(all_rows.langs == lang)) for lang in languages),
    ]:
        truth = part.truth[:, -1]
        found = calibration(truth, part.lead)
        score, base = float(brier(truth, part.lead).mean()), float(truth.mean())
        band, base_brier = f"{found.low:.3f}–{found.high:.3f}", base * (1 - base)
        lines.append(
            f"| {name} | {found.log_loss:.3f} | {band} | {found.base_rate_log_loss:.3f} | "
            f"{score:.3f} | {base_brier:.3f} | {found.verdict} |"
        )
    return lines


def costs(all_rows: JudgedDecisions, taxonomy: Taxonomy) -> list[str]:
    """Return what lead mistakes cost a message, ours and the two answers that need no model,
    Markdown.
    """
    truth, missed, false = (
        all_rows.truth[:, -1],
        taxonomy.costs.missed_lead,
        taxonomy.costs.false_lead,
    )

    def cost(chosen: Booleans) -> float:
        return float((missed * (truth & ~chosen) + false * (~truth & chosen)).mean())

    rows = {
        "this model": all_rows.chosen[:, -1],
        "at one half": all_rows.lead >= 0.5,
        "always lead": np.ones_like(truth),
        "never lead": np.zeros_like(truth),
    }
    return [
        "| decider | cost a message |",
        "|---|---:|",
        *(f"| {name} | {cost(chosen):.3f} |" for name, chosen in rows.items()),
    ]
