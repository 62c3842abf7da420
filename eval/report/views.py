"""The report's tables as rows of ready values: the template only places them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.data.agreement import Agreement, agreement
from eval.measure.metrics import measure
from eval.measure.registry import METRICS
from eval.measure.tables import Confusion, confusion
from eval.verdict.compare import Comparison, MetricDifference
from eval.verdict.judged import Judged
from eval.verdict.summary import number, signed
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Whisker:
    """An interval drawn in a table: places from 0 to 100, and where zero or the end of the scale
    lies.
    """

    low: float
    value: float
    high: float
    zero: float | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One metric of two runs."""

    title: str
    where: str
    rows: int
    before: str
    now: str
    change: str
    interval: str
    judgement: str
    p: str
    detectable: str
    whisker: Whisker | None


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One metric of one run."""

    title: str
    where: str
    rows: int
    rooms: int
    value: str
    interval: str
    more: tuple[str, ...]
    whisker: Whisker | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of counts; shares say how dark a cell is, from 0 to 1 of its row."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[tuple[str, float, bool], ...], ...]


def changes(differences: Sequence[MetricDifference]) -> list[ChangeRow]:
    """Return rows of differences, in order."""
    return [_change(one) for one in differences]


def label_changes(comparison: Comparison) -> list[ChangeRow]:
    """Return the labels' changes, with the number of messages that carry the label."""
    carrying = dict(
        zip(
            comparison.after.scored.labels,
            comparison.after.scored.truth.sum(axis=0).tolist(),
            strict=True,
        )
    )
    return [
        dataclasses.replace(row, rows=carrying[row.where]) for row in changes(comparison.labels)
    ]


def _change(one: MetricDifference) -> ChangeRow:
    low, high = one.change.low, one.change.high
    known = not math.isnan(low)
    reach = max(abs(low), abs(high), 1e-9) if known else 1.0
    low_at, value_at, high_at = (50 + 48 * end / reach for end in (low, one.change.value, high))
    whisker = Whisker(low_at, value_at, high_at, zero=50.0) if known and (low or high) else None
    return ChangeRow(
        title=one.title,
        where=one.where,
        rows=one.rows,
        before=number(one.before),
        now=number(one.after),
        change=signed(one.change.value) if not math.isnan(one.change.value) else "–",
        interval=f"{signed(low)} to {signed(high)}" if known and (low or high) else "",
        judgement=one.judgement,
        p="" if math.isnan(one.p) else f"{one.p:.2g}",
        detectable=number(one.detectable),
        whisker=whisker,
    )


def overall(metrics: dict[str, Any]) -> list[ValueRow]:
    """Return the metrics of a run."""
    return [
        _value(METRICS[name].title, "all", metrics, found)
        for name, found in metrics["overall"].items()
    ]


def _value(
    title: str, where: str, sizes: dict[str, Any], found: dict[str, Any], more: tuple[str, ...] = ()
) -> ValueRow:
    low, high, value = found["low"], found["high"], found["value"]
    share = low is not None and value is not None and 0 <= low <= high <= 1
    whisker = Whisker(100 * low, 100 * value, 100 * high, None) if share else None
    interval = f"{number(low)} to {number(high)}" if low is not None else ""
    return ValueRow(
        title, where, sizes["rows"], sizes.get("rooms", 0), number(value), interval, more, whisker
    )


def label_rows(metrics: dict[str, Any]) -> list[ValueRow]:
    """Return a row for each label: F1 with its interval; precision, recall, average precision,
    log-loss, Brier score and calibration.
    """
    rows = []
    for name, found in metrics["labels"].items():
        calibrated = metrics["calibration"][name]["verdict"]
        numbers = (
            found["precision"],
            found["recall"],
            found["average_precision"]["value"],
            found["log_loss"],
            found["brier"],
        )
        rows.append(
            _value("F1", name, found, found["f1"], (*(number(one) for one in numbers), calibrated))
        )
    return rows


def slice_rows(metrics: dict[str, Any]) -> list[ValueRow]:
    """Return a row for each slice, the most harmful first: where most cost arises beyond what so
    many messages cost on average.
    """
    mean = metrics["overall"]["cost_per_1000"]["value"]
    rows: list[tuple[float, ValueRow]] = []
    for dimension, values in metrics["slices"].items():
        for value, found in values.items():
            cost = found["cost_per_1000"]["value"]
            excess = (cost - mean) * found["rows"] / 1000
            more = (
                number(found["macro_f1"]["value"]),
                number(found["exact_match"]["value"]),
                number(cost),
                signed(round(excess, 1)),
            )
            rows.append(
                (excess, _value("lead F1", f"{dimension} = {value}", found, found["lead_f1"], more))
            )
    return [row for _, row in sorted(rows, key=lambda pair: -pair[0])]


def harmful_slices(comparison: Comparison) -> list[ChangeRow]:
    """Return the slices' changes of cost, the most harmful first."""
    costs = [one for one in comparison.slices if one.metric == "cost_per_1000"]
    return changes(sorted(costs, key=lambda one: -one.harm * one.rows))


def matrix(found: Confusion) -> Matrix:
    """Return a confusion matrix ready to be drawn; the diagonal is marked."""
    cells = []
    for place, row in enumerate(found.counts):
        total = sum(row) or 1.0
        cells.append(
            tuple(
                (f"{count:.3g}" if count else "", count / total, place == column)
                for column, count in enumerate(row)
            )
        )
    return Matrix(found.rows, found.columns, tuple(cells))


def change_matrix(comparison: Comparison) -> Matrix:
    """Return which labels became which, over the messages that flipped."""
    flipped = (comparison.before.scored.chosen != comparison.after.scored.chosen).any(axis=1)
    after = comparison.after.scored
    moved = dataclasses.replace(after, truth=comparison.before.scored.chosen)
    return matrix(confusion(moved.only(flipped))) if flipped.any() else Matrix((), (), ())


def before_metrics(judged: Judged, taxonomy: Taxonomy) -> dict[str, Any] | None:
    """Return the metrics of the other run, on the messages that both have."""
    return (
        measure(judged.comparison.before.scored, judged.run.suite, taxonomy)
        if judged.comparison is not None
        else None
    )


def annotators(judged: Judged, taxonomy: Taxonomy) -> list[Agreement]:
    """Return how far the annotators of the run's messages agree; nothing where few were labelled
    twice.
    """
    decided = {one.id for one in judged.run.predictions}
    found = agreement(
        [item.row for key, item in judged.run.items.items() if key in decided], taxonomy
    )
    return [one for one in found if one.rows and not np.isnan(one.kappa)]
