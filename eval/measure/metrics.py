"""Everything that is measured of one run, as the tree that stands in ``metrics.json``."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from eval.measure import tables
from eval.measure.classification import brier, log_loss
from eval.measure.estimating import FEW_ROOMS, estimate
from eval.measure.registry import METRICS, metric_named, value_of
from eval.measure.reliability import calibration
from eval.measure.scored import Booleans, Floats, Scored
from eval.run.suite import Suite
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import Estimate, family_level

_SLICE_METRICS = ("lead_f1", "macro_f1", "exact_match", "cost_per_1000")
_SLICE_DRAWS = 1000
_STREAM_METRICS = (
    "lead_precision",
    "lead_recall",
    "lead_f1",
    "lead_average_precision",
    "lead_log_loss",
    "lead_brier",
    "cost_per_1000",
)


def measure(scored: Scored, suite: Suite, taxonomy: Taxonomy) -> dict[str, Any]:
    """Measure a run: numbers as they will stand in ``metrics.json``; a value that is not known is
    None.
    """
    clustered = suite.clusters == "room"
    weights = tables.stream_weights(scored.lead_truth, suite.stream_lead_share)
    found: dict[str, Any] = {
        "rows": len(scored),
        "rooms": len(np.unique(scored.rooms)),
        "leads": int(scored.lead_truth.sum()),
        "overall": {
            name: plain(estimate(metric, scored, clustered=clustered))
            for name, metric in METRICS.items()
        },
        "in_a_stream": _stream(scored, suite, taxonomy, weights),
        "labels": {
            name: _label(scored, column, clustered=clustered)
            for column, name in enumerate(scored.labels)
        },
        "calibration": _calibration(scored),
        "confusion": dataclasses.asdict(tables.confusion(scored)),
        "slots": _slots(scored),
        "slots_by_language": {
            str(name): _slots(scored.only(scored.slices["lang"] == name))
            for name in np.unique(scored.slices["lang"])
        },
        "slices": {
            dimension: _slices(scored, dimension, clustered=clustered) for dimension in suite.slices
        },
        "curves": {
            "precision_recall": dataclasses.asdict(
                tables.precision_recall_curve(
                    scored.lead_truth, scored.lead_probability, np.ones(len(scored))
                )
            ),
            "precision_recall_in_a_stream": dataclasses.asdict(
                tables.precision_recall_curve(scored.lead_truth, scored.lead_probability, weights)
            ),
            "cost": dataclasses.asdict(tables.cost_curve(scored, taxonomy, np.ones(len(scored)))),
            "cost_in_a_stream": dataclasses.asdict(tables.cost_curve(scored, taxonomy, weights)),
        },
        "asking": _asking(scored),
        "speed": _speed(scored),
    }
    return {name: _finite(value) for name, value in found.items()}


def plain(found: Estimate) -> dict[str, Any]:
    """Return an estimate as it stands in a file."""
    return dataclasses.asdict(found)


def _stream(scored: Scored, suite: Suite, taxonomy: Taxonomy, weights: Floats) -> dict[str, Any]:
    clustered = suite.clusters == "room"
    caught, reached = tables.precision_at_budget(scored, weights, suite.alerts_per_1000)
    spared = (
        tables.silent_cost(scored, taxonomy)
        - scored.cost
        - scored.nanodollars / 1e9 / suite.usd_per_false_lead
    )
    viewers = {
        "true": tables.leads_per_viewer(scored, scored.lead_truth),
        "said": tables.leads_per_viewer(scored, scored.lead_chosen),
    }
    return {
        "lead_share": suite.stream_lead_share,
        **{
            name: plain(estimate(METRICS[name], scored, clustered=clustered, weights=weights))
            for name in _STREAM_METRICS
        },
        "value_per_1000": 1000 * float((weights * spared).sum() / weights.sum()),
        "value_of_perfection_per_1000": 1000
        * float((weights * tables.silent_cost(scored, taxonomy)).sum() / weights.sum()),
        "alerts_per_1000": suite.alerts_per_1000,
        "precision_at_alerts": caught,
        "recall_at_alerts": reached,
        "leads_per_viewer": viewers,
    }


def _label(scored: Scored, column: int, *, clustered: bool) -> dict[str, Any]:
    truth, chosen, probability = (
        scored.truth[:, column],
        scored.chosen[:, column],
        scored.probabilities[:, column],
    )
    name = scored.labels[column]
    return {
        "rows": int(truth.sum()),
        "said": int(chosen.sum()),
        "precision": value_of(metric_named(f"precision:{name}", scored.labels), scored),
        "recall": value_of(metric_named(f"recall:{name}", scored.labels), scored),
        "f1": plain(
            estimate(metric_named(f"f1:{name}", scored.labels), scored, clustered=clustered)
        ),
        "average_precision": plain(
            estimate(
                metric_named(f"average_precision:{name}", scored.labels),
                scored,
                clustered=clustered,
            )
        ),
        "log_loss": float(log_loss(truth, probability).mean()),
        "brier": float(brier(truth, probability).mean()),
    }


def _calibration(scored: Scored) -> dict[str, Any]:
    """Judge the probabilities of each message once: repeats of it share their truth, and their mean
    is what the decider says.
    """
    _, first, number = np.unique(scored.ids, return_index=True, return_inverse=True)
    times = np.bincount(number)

    def said(probability: Floats) -> Floats:
        return np.bincount(number, weights=probability) / times

    lead = said(scored.lead_probability)
    found = {"lead": calibration(scored.lead_truth[first], lead)}
    found |= {
        name: calibration(scored.truth[first, column], said(scored.probabilities[:, column]))
        for column, name in enumerate(scored.labels)
    }
    spoken = scored.slices["lang"][first]
    for language in np.unique(spoken):
        rows = spoken == language
        found[f"lead in {language}"] = calibration(scored.lead_truth[first][rows], lead[rows])
    return {name: dataclasses.asdict(one) for name, one in found.items()}


def _slots(scored: Scored) -> dict[str, Any]:
    return {kind: _slot(scored, place) for place, kind in enumerate(scored.slot_kinds)}


def _slot(scored: Scored, place: int) -> dict[str, Any]:
    found, false, missed = (int(scored.slots[:, place, cell].sum()) for cell in range(3))
    return {
        "right": found,
        "wrong": false,
        "missed": missed,
        "precision": _share(found, found + false),
        "recall": _share(found, found + missed),
        "f1": _share(2 * found, 2 * found + false + missed),
    }


def _slices(scored: Scored, dimension: str, *, clustered: bool) -> dict[str, Any]:
    values = scored.slices[dimension]
    names, sizes = np.unique(values, return_counts=True)
    parts = {
        str(name): scored.only(values == name) for name in names[np.argsort(-sizes, kind="stable")]
    }
    # All intervals of a dimension hold together: whoever looks for the worst slice finds no false
    # alarm more often than the level says.
    level = family_level(sum(_enough(part) for part in parts.values()))
    return {name: {**_slice(part, level, clustered=clustered)} for name, part in parts.items()}


def _slice(part: Scored, level: float, *, clustered: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rows": len(part),
        "rooms": len(np.unique(part.rooms)),
        "leads": int(part.lead_truth.sum()),
        "level": level,
    }
    for name in _SLICE_METRICS:
        one = estimate(METRICS[name], part, clustered=clustered, level=level, draws=_SLICE_DRAWS)
        found[name] = plain(one)
    return found


def _enough(part: Scored) -> bool:
    return len(np.unique(part.rooms)) >= FEW_ROOMS


def _asking(scored: Scored) -> dict[str, Any]:
    names, sizes = np.unique(scored.stages, return_counts=True)
    known = scored.has_local
    return {
        "unusable_replies": _share(int((~scored.answered).sum()), len(scored)),
        "valid_at_first_try": _share(int(scored.first_try.sum()), int((scored.asks > 0).sum())),
        "asked_again": _share(int((scored.asks > 1).sum()), int((scored.asks > 0).sum())),
        "invented_slots": int(scored.invented.sum()),
        "usd_per_1000": 1000 * float(scored.nanodollars.mean()) / 1e9,
        **{
            f"{name}_per_1000": 1000 * float(getattr(scored, name).mean())
            for name in ("input_tokens", "cached_tokens", "output_tokens")
        },
        "share_by_stage": {
            str(name): _share(int(size), len(scored))
            for name, size in zip(names, sizes, strict=True)
        },
        "agreement_with_local": _agreement(scored, known) if known.any() else None,
        "same_in_every_repeat": _steady(scored),
    }


def _agreement(scored: Scored, known: Booleans) -> dict[str, Any]:
    return {
        "rows": int(known.sum()),
        "labels": float(scored.local_labels_agree[known].mean()),
        "lead": float(scored.local_lead_agree[known].mean()),
    }


def _steady(scored: Scored) -> float | None:
    """Return the share of messages with the same labels in every repeat, or None where each was
    decided once.
    """
    said: dict[str, set[bytes]] = {}
    for key, labels in zip(scored.ids, scored.chosen, strict=True):
        said.setdefault(key, set()).add(labels.tobytes())
    return (
        _share(sum(len(answers) == 1 for answers in said.values()), len(said))
        if len(said) < len(scored)
        else None
    )


def _speed(scored: Scored) -> dict[str, Any]:
    p50, p90, p99 = np.quantile(scored.latency, (0.5, 0.9, 0.99))
    return {
        "latency_p50": float(p50),
        "latency_p90": float(p90),
        "latency_p99": float(p99),
        "latency_most": float(scored.latency.max()),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _finite(value: Any) -> Any:
    """JSON knows no NaN: what is not known becomes None, and numbers keep six digits."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
