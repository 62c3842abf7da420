"""The metrics that can be compared and gated, by name, each with the statistics that fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.measure import classification
from eval.measure.scored import Floats, Scored
from eval.measure.statistics import DRAWS, Estimate, bootstrap, mean, paired_rooms
from intent.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Metric:
    """One number for a run.

    Attributes:
        higher: whether more is better.
        weighted: the statistic over weightings of the rows, shape (draws, rows) to (draws,); None for a mean.
        rows: each row's value, for a mean over rows; None for everything else.
    """

    name: str
    title: str
    higher: bool
    weighted: Callable[[Scored, Floats], Floats] | None = None
    rows: Callable[[Scored], Floats] | None = None


def _per_thousand(values: Callable[[Scored], Floats]) -> Callable[[Scored], Floats]:
    return lambda scored: 1000 * values(scored)


def exact(scored: Scored) -> Floats:
    """Return 1 where exactly the right labels were chosen, else 0; shape (rows,)."""
    return np.asarray((scored.truth == scored.chosen).all(axis=1), dtype=np.float64)


def _slot_f1(scored: Scored, weights: Floats) -> Floats:
    found, false, missed = (weights @ scored.slots[:, :, cell].sum(axis=1).astype(np.float64) for cell in range(3))
    return classification.ratio(2 * found, 2 * found + false + missed)


def _ranked(scored: Scored, weights: Floats) -> Floats:
    return classification.average_precision(scored.lead_truth, scored.lead_probability, weights)


_METRICS = (
    Metric("lead_f1", "lead F1", True, lambda s, w: classification.f1(s.lead_truth, s.lead_chosen, w)),
    Metric("lead_precision", "lead precision", True, lambda s, w: classification.precision(s.lead_truth, s.lead_chosen, w)),
    Metric("lead_recall", "lead recall", True, lambda s, w: classification.recall(s.lead_truth, s.lead_chosen, w)),
    Metric(
        "lead_average_precision", "lead average precision", True, lambda s, w: classification.average_precision(s.lead_truth, s.lead_probability, w)
    ),
    Metric("lead_log_loss", "lead log-loss", False, rows=lambda s: classification.log_loss(s.lead_truth, s.lead_probability)),
    Metric("lead_brier", "lead Brier score", False, rows=lambda s: classification.brier(s.lead_truth, s.lead_probability)),
    Metric("macro_f1", "macro-F1 over labels", True, lambda s, w: classification.macro_f1(s.truth, s.chosen, w)),
    Metric("exact_match", "all labels right", True, rows=exact),
    Metric("log_loss", "log-loss over labels", False, rows=lambda s: classification.log_loss(s.truth, s.probabilities)),
    Metric("brier", "Brier score over labels", False, rows=lambda s: classification.brier(s.truth, s.probabilities)),
    Metric("slot_f1", "slot F1, exact substrings", True, _slot_f1),
    Metric("cost_per_1000", "cost of mistakes per 1,000", False, rows=_per_thousand(lambda s: s.cost)),
    Metric("invalid_rate", "replies that cannot be used", False, rows=lambda s: (~s.answered).astype(np.float64)),
    Metric("usd_per_1000", "US dollars per 1,000", False, rows=_per_thousand(lambda s: s.nanodollars / 1e9)),
    Metric("output_tokens_per_1000", "output tokens per 1,000", False, rows=_per_thousand(lambda s: s.output_tokens)),
)
METRICS = {metric.name: metric for metric in _METRICS}
"""Every metric that has an interval, by name."""

LABEL_METRICS = ("f1", "precision", "recall", "average_precision")
"""Metrics of one label, asked for as ``f1:price_inquiry``."""


def metric_named(name: str, labels: tuple[str, ...]) -> Metric:
    """Return a metric by name; ``f1:price_inquiry`` is that metric of one label.

    Raises:
        OperatorError: there is no such metric.
    """
    if name in METRICS:
        return METRICS[name]
    kind, _, label = name.partition(":")
    if kind in LABEL_METRICS and label in labels:
        return _of_label(kind, label, labels.index(label))
    raise OperatorError(f"there is no metric {name!r}; it may be one of {', '.join(METRICS)}, or {'|'.join(LABEL_METRICS)}:LABEL")


def _of_label(kind: str, label: str, column: int) -> Metric:
    if kind == "average_precision":
        ranked = classification.average_precision
        return Metric(f"{kind}:{label}", f"{label} average precision", True, lambda s, w: ranked(s.truth[:, column], s.probabilities[:, column], w))
    counted = {"f1": classification.f1, "precision": classification.precision, "recall": classification.recall}[kind]
    return Metric(f"{kind}:{label}", f"{label} {kind}", True, lambda s, w: counted(s.truth[:, column], s.chosen[:, column], w))


def estimate(
    metric: Metric, scored: Scored, *, clustered: bool = True, level: float = 0.95, weights: Floats | None = None, draws: int = DRAWS
) -> Estimate:
    """Estimate a metric of one run; ``weights`` of shape (rows,) correct for prevalence."""
    rooms = paired_rooms(scored.rooms, clustered=clustered)
    if metric.rows is not None:
        return mean(metric.rows(scored), rooms, level=level, weights=weights)
    weighted = metric.weighted
    assert weighted is not None
    fixed = 1.0 if weights is None else weights
    return bootstrap(lambda drawn: weighted(scored, drawn * fixed), rooms, level=level, draws=draws, share=True)


def difference(metric: Metric, before: Scored, after: Scored, *, clustered: bool = True, level: float = 0.95, draws: int = DRAWS) -> Estimate:
    """Estimate ``after - before`` over the same messages in the same order: the same rooms are drawn for both."""
    rooms = paired_rooms(before.rooms, clustered=clustered)
    if metric.rows is not None:
        return mean(metric.rows(after) - metric.rows(before), rooms, level=level)
    weighted = metric.weighted
    assert weighted is not None
    return bootstrap(lambda drawn: weighted(after, drawn) - weighted(before, drawn), rooms, level=level, draws=draws)
