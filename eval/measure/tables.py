"""Confusion matrices, curves and what an operator would see: everything about a run that is not one
number with an interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.measure.scored import Booleans, Floats, Scored
from intent.model.taxonomy import Taxonomy

MISSED, UNPARSEABLE, EXTRA = "nothing for it", "unparseable", "said too much"
_POINTS = 120


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts with the right label in rows and the chosen one in columns; where several are wrong at
    once, each is shared out equally.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a line, x rising or recall falling, as they come."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def confusion(scored: Scored) -> Confusion:
    """Return the confusion matrix of labels, with a column for unparseable replies.

    Labels that are right and chosen lie on the diagonal. Of the rest, each missed label is shared
    out over the labels wrongly chosen instead (after M. Heydarian et al., MLCM: multi-label
    confusion matrix, 2022).
    """
    size = len(scored.labels)
    counts = np.zeros((size + 1, size + 2))
    hit, missed, extra = (
        scored.truth & scored.chosen,
        scored.truth & ~scored.chosen,
        scored.chosen & ~scored.truth,
    )
    counts[:size, :size] += np.diag(hit.sum(axis=0).astype(np.float64))
    for row in np.flatnonzero(missed.any(axis=1) | extra.any(axis=1)):
        lost, said = np.flatnonzero(missed[row]), np.flatnonzero(extra[row])
        if not scored.chosen[row].any():
            counts[lost, size + 1] += 1
        elif len(lost) and len(said):
            counts[np.ix_(lost, said)] += 1 / max(len(lost), len(said))
        elif len(lost):
            counts[lost, size] += 1
        else:
            counts[size, said] += 1
    names = scored.labels
    return Confusion(
        (*names, EXTRA),
        (*names, MISSED, UNPARSEABLE),
        tuple(tuple(round(float(cell), 3) for cell in row) for row in counts),
    )


def precision_recall_curve(truth: Booleans, probability: Floats, weights: Floats) -> Curve:
    """Return recall (x) and precision (y) as the threshold falls, thinned to at most 120 points;
    weights of shape (rows,).
    """
    order = np.argsort(-probability, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(probability[order]) != 0, True))
    weighted = weights[order]
    hits, everything = np.cumsum(weighted * truth[order])[ends], np.cumsum(weighted)[ends]
    keep = np.unique(np.linspace(0, len(ends) - 1, min(_POINTS, len(ends))).astype(np.int64))
    total = max(float(hits[-1]), 1e-12)
    return Curve(_rounded(hits[keep] / total), _rounded(hits[keep] / everything[keep]))


def cost_curve(scored: Scored, taxonomy: Taxonomy, weights: Floats) -> Curve:
    """Return the cost of missed and false leads per 1,000 messages (y) for every lead threshold in
    hundredths (x).
    """
    thresholds = np.arange(1, 100) / 100
    said = scored.lead_probability[:, None] >= thresholds
    paid = taxonomy.costs.missed_lead * (
        scored.lead_truth[:, None] & ~said
    ) + taxonomy.costs.false_lead * (~scored.lead_truth[:, None] & said)
    return Curve(_rounded(thresholds), _rounded(1000 * (weights @ paid) / weights.sum()))


def stream_weights(lead_truth: Booleans, lead_share: float) -> Floats:
    """Return weights, shape (rows,), under which leads have the share that they have in a stream;
    all ones where there are only leads or none.
    """
    leads = float(lead_truth.mean())
    if leads in {0.0, 1.0}:
        return np.ones(len(lead_truth))
    return np.where(lead_truth, lead_share / leads, (1 - lead_share) / (1 - leads))


def precision_at_budget(scored: Scored, weights: Floats, per_thousand: int) -> tuple[float, float]:
    """Return precision and recall of the likeliest leads when a host can look at so many messages
    of each 1,000; ties are taken in part.
    """
    order = np.argsort(-scored.lead_probability, kind="stable")
    weighted = weights[order]
    before = np.cumsum(weighted) - weighted
    budget = weighted.sum() * per_thousand / 1000
    taken = np.clip(budget - before, 0.0, weighted)
    hits = float((taken * scored.lead_truth[order]).sum())
    leads = float((weights * scored.lead_truth).sum())
    return hits / float(taken.sum()), hits / leads if leads else float("nan")


def leads_per_viewer(scored: Scored, leads: Booleans) -> float:
    """Return how many lead messages stand against one author, in the mean over authors."""
    return float(leads.sum() / len(np.unique(scored.users)))


def silent_cost(scored: Scored, taxonomy: Taxonomy) -> Floats:
    """Return what it would cost to call everything chatter, shape (rows,): the zero of value."""
    quiet = np.zeros_like(scored.truth)
    quiet[:, scored.labels.index("chatter") if "chatter" in scored.labels else -1] = True
    wrong = (scored.truth != quiet).any(axis=1)
    return np.where(
        scored.lead_truth,
        taxonomy.costs.missed_lead,
        np.where(wrong, taxonomy.costs.wrong_other_label, 0.0),
    )


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)
