"""The metrics that can be compared and gated, by name, each with what it is computed from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.measure import classification
from eval.measure.scored import Booleans, Floats, Scored
from intent.model.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Metric:
    """One number for a run; exactly one of ``rows``, ``cells`` and ``weighted`` says how it is
    computed.

    Attributes:
        higher: whether more is better.
        rows: each row's value, for a mean over rows.
        cells: each row's counts, shape (rows, cells), for a function of their sums,
            :attr:`combine`: (draws, cells) to (draws, 1).
        weighted: a statistic over weightings of the rows, shape (draws, rows) to (draws,), for what
            no sums can tell.
        unit: what it is counted in; empty for shares and for what has the size of one.
        held: where what it counts stands by the truth, shape (rows,): rooms without any tell
            nothing about it; None for every row.
    """

    name: str
    title: str
    higher: bool
    rows: Callable[[Scored], Floats] | None = None
    cells: Callable[[Scored], Floats] | None = None
    combine: Callable[[Floats], Floats] = classification.f1
    weighted: Callable[[Scored, Floats], Floats] | None = None
    held: Callable[[Scored], Booleans] | None = None
    unit: str = ""


def _per_thousand(values: Callable[[Scored], Floats]) -> Callable[[Scored], Floats]:
    return lambda scored: 1000 * values(scored)


def exact(scored: Scored) -> Floats:
    """Return 1 where exactly the right labels were chosen, else 0; shape (rows,)."""
    return np.asarray((scored.truth == scored.chosen).all(axis=1), dtype=np.float64)


def _leads(scored: Scored) -> Floats:
    return classification.cells(scored.lead_truth, scored.lead_chosen)


def _labels(scored: Scored) -> Floats:
    return classification.cells(scored.truth, scored.chosen)


def _slots(scored: Scored) -> Floats:
    return np.asarray(scored.slots.sum(axis=1), dtype=np.float64)


def _lead(scored: Scored) -> Booleans:
    return scored.lead_truth


def _first_tries(scored: Scored) -> Floats:
    """Return whether the first reply could be used and whether anybody was asked, for each row."""
    return np.stack([scored.first_try, _asked(scored)], axis=1).astype(np.float64)


def _asked(scored: Scored) -> Booleans:
    return np.asarray(scored.asks > 0)


def _share_of_second(summed: Floats) -> Floats:
    return classification.ratio(summed[:, :1], summed[:, 1:])


def _ranked(scored: Scored, weights: Floats) -> Floats:
    return classification.average_precision(scored.lead_truth, scored.lead_probability, weights)


_METRICS = (
    Metric("lead_f1", "lead F1", True, cells=_leads, held=_lead),
    Metric(
        "lead_precision",
        "lead precision",
        True,
        cells=_leads,
        combine=classification.precision,
        held=_lead,
    ),
    Metric(
        "lead_recall",
        "lead recall",
        True,
        cells=_leads,
        combine=classification.recall,
        held=_lead,
    ),
    Metric("lead_average_precision", "lead average precision", True, weighted=_ranked, held=_lead),
    Metric(
        "lead_log_loss",
        "lead log-loss",
        False,
        rows=lambda s: classification.log_loss(s.lead_truth, s.lead_probability),
        unit="nats",
    ),
    Metric(
        "lead_brier",
        "lead Brier score",
        False,
        rows=lambda s: classification.brier(s.lead_truth, s.lead_probability),
    ),
    Metric(
        "macro_f1", "macro-F1 over labels", True, cells=_labels, combine=classification.macro_f1
    ),
    Metric("exact_match", "all labels right", True, rows=exact),
    Metric(
        "log_loss",
        "log-loss over labels",
        False,
        rows=lambda s: classification.log_loss(s.truth, s.probabilities),
        unit="nats",
    ),
    Metric(
        "brier",
        "Brier score over labels",
        False,
        rows=lambda s: classification.brier(s.truth, s.probabilities),
    ),
    Metric(
        "slot_f1",
        "slot F1, exact substrings",
        True,
        cells=_slots,
        held=lambda s: np.asarray(s.slots[:, :, [0, 2]].any(axis=(1, 2))),
    ),
    Metric(
        "cost_per_1000",
        "cost of mistakes per 1,000",
        False,
        rows=_per_thousand(lambda s: s.cost),
        unit="false leads",
    ),
    Metric(
        "invalid_rate",
        "replies that cannot be used",
        False,
        rows=lambda s: (~s.answered).astype(np.float64),
    ),
    Metric(
        "valid_at_first_try",
        "replies that can be used at the first try",
        True,
        cells=_first_tries,
        combine=_share_of_second,
        held=_asked,
    ),
    Metric(
        "usd_per_1000",
        "US dollars per 1,000",
        False,
        rows=_per_thousand(lambda s: s.nanodollars / 1e9),
        unit="US dollars",
    ),
    Metric(
        "output_tokens_per_1000",
        "output tokens per 1,000",
        False,
        rows=_per_thousand(lambda s: s.output_tokens),
        unit="tokens",
    ),
)
METRICS = {metric.name: metric for metric in _METRICS}
"""Every metric that has an interval, by name."""

ASSERTIONS = Metric(
    "assertions",
    "messages that keep what they must and must not be",
    True,
    cells=lambda s: np.stack([s.kept, s.asserted], axis=1).astype(np.float64),
    combine=_share_of_second,
    held=lambda s: s.asserted,
)
"""Gated where a dataset asserts something of its rows; compared nowhere, since few do."""

JUDGED = Metric(
    "judged",
    "answers of a judge that are yes",
    True,
    cells=lambda s: np.stack([s.judged[:, 0], s.judged.sum(axis=1)], axis=1).astype(np.float64),
    combine=_share_of_second,
    held=lambda s: np.asarray(s.judged.any(axis=1)),
)
"""Gated where a judge is asked, and only where its answers count; compared nowhere."""

_GATED_ALONE = {metric.name: metric for metric in (ASSERTIONS, JUDGED)}

LABEL_METRICS = ("f1", "precision", "recall", "average_precision")
"""Metrics of one label, asked for as ``f1:price_inquiry``."""


def metric_named(name: str, labels: tuple[str, ...]) -> Metric:
    """Return a metric by name; ``f1:price_inquiry`` is that metric of one label.

    Raises:
        OperatorError: there is no such metric.
    """
    if name in METRICS:
        return METRICS[name]
    if name in _GATED_ALONE:
        return _GATED_ALONE[name]
    kind, _, label = name.partition(":")
    if kind in LABEL_METRICS and label in labels:
        return _of_label(kind, label, labels.index(label))
    raise OperatorError(
        f"there is no metric {name!r}; it may be one of {', '.join((*METRICS, *_GATED_ALONE))}, or "
        f"{'|'.join(LABEL_METRICS)}:LABEL"
    )


def _of_label(kind: str, label: str, column: int) -> Metric:
    title = f"{label} {kind.replace('_', ' ')}"
    if kind == "average_precision":
        ranked = classification.average_precision
        return Metric(
            f"{kind}:{label}",
            title,
            True,
            weighted=lambda s, w: ranked(s.truth[:, column], s.probabilities[:, column], w),
            held=lambda s: s.truth[:, column],
        )
    combine = {
        "f1": classification.f1,
        "precision": classification.precision,
        "recall": classification.recall,
    }[kind]
    return Metric(
        f"{kind}:{label}",
        title,
        True,
        cells=lambda s: classification.cells(s.truth[:, column], s.chosen[:, column]),
        combine=combine,
        held=lambda s: s.truth[:, column],
    )


def value_of(metric: Metric, scored: Scored, weights: Floats | None = None) -> float:
    """Return the metric of one run, without an interval; ``weights`` of shape (rows,) correct for
    prevalence.
    """
    fixed = np.ones(len(scored)) if weights is None else weights
    if metric.rows is not None:
        return float((fixed * metric.rows(scored)).sum() / fixed.sum())
    if metric.cells is not None:
        return float(metric.combine(fixed[None, :] @ metric.cells(scored))[0, 0])
    assert metric.weighted is not None
    return float(metric.weighted(scored, fixed[None, :])[0])
