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
from eval.verdict.numbers import number, p_value, signed
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
class ChangeTable:
    """Changes whose whiskers share one scale.

    Attributes:
        reach: where the scale ends on both sides, as people read it; empty without any whisker.
        shown: what is better or worse, or cannot be told apart from the rest by that; ``folded``
            shows no difference.
    """

    reach: str
    shown: tuple[ChangeRow, ...]
    folded: tuple[ChangeRow, ...]

    @property
    def all(self) -> tuple[ChangeRow, ...]:
        """Every row, those that differ first."""
        return (*self.shown, *self.folded)


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
    """A matrix of counts; a cell has its count, how dark it is (from 0 to 1 of its row), whether it
    lies on the diagonal, and which confused pair it leads to.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[tuple[str, float, bool, str], ...], ...]


def changes(
    differences: Sequence[MetricDifference],
    *,
    fold: bool = True,
    rows: dict[str, int] | None = None,
) -> ChangeTable:
    """Return a table of differences, in order; what shows no difference is folded.

    Args:
        fold: False shows every row.
        rows: messages that stand behind what is looked at, by its name, instead of all.
    """
    unit = METRICS[differences[0].metric].unit if differences[0].metric in METRICS else ""
    drawn = [one for one in differences if _unit(one) == unit and not math.isnan(one.change.low)]
    reach = max((max(abs(one.change.low), abs(one.change.high)) for one in drawn), default=0.0)
    made = [
        (one, _change(one, reach if one in drawn else 0.0, (rows or {}).get(one.where, one.rows)))
        for one in differences
    ]
    differs = {"better", "worse"}
    return ChangeTable(
        number(reach) if reach else "",
        tuple(row for one, row in made if not fold or one.judgement in differs),
        tuple(row for one, row in made if fold and one.judgement not in differs),
    )


def label_changes(comparison: Comparison) -> ChangeTable:
    """Return the labels' changes, with the number of messages that carry the label."""
    carrying = dict(
        zip(
            comparison.after.scored.labels,
            comparison.after.scored.truth.sum(axis=0).tolist(),
            strict=True,
        )
    )
    return changes(comparison.labels, rows=carrying)


def _unit(one: MetricDifference) -> str:
    return METRICS[one.metric].unit if one.metric in METRICS else ""


def _change(one: MetricDifference, reach: float, rows: int) -> ChangeRow:
    """Return a row; its whisker is drawn on a scale that ends at ``reach``, and not where that is
    0.
    """
    low, high = one.change.low, one.change.high
    known = not math.isnan(low)
    whisker = None
    if reach and (low or high):
        low_at, value_at, high_at = (50 + 48 * end / reach for end in (low, one.change.value, high))
        whisker = Whisker(low_at, value_at, high_at, zero=50.0)
    return ChangeRow(
        title=one.title,
        where=one.where,
        rows=rows,
        before=number(one.before),
        now=number(one.after),
        change=signed(one.change.value),
        interval=f"{signed(low)} to {signed(high)}" if known and (low or high) else "",
        judgement=one.judgement,
        p=p_value(one.p),
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


def harmful_slices(comparison: Comparison) -> ChangeTable | None:
    """Return the slices' changes of cost, the most harmful first."""
    costs = [one for one in comparison.slices if one.metric == "cost_per_1000"]
    return changes(sorted(costs, key=lambda one: -one.harm * one.rows)) if costs else None


def matrix(found: Confusion, side: str) -> Matrix:
    """Return a confusion matrix ready to be drawn; ``side`` is what its rows are: right or
    before.
    """
    cells = []
    for place, row in enumerate(found.counts):
        total = sum(row) or 1.0
        cells.append(
            tuple(
                (
                    f"{count:,.1f}".removesuffix(".0") if count else "",
                    count / total,
                    place == column,
                    f"{side}: {found.rows[place]} → {found.columns[column]}" if count else "",
                )
                for column, count in enumerate(row)
            )
        )
    return Matrix(found.rows, found.columns, tuple(cells))


def change_matrix(comparison: Comparison) -> Matrix:
    """Return which labels became which, over the messages that flipped."""
    flipped = (comparison.before.scored.chosen != comparison.after.scored.chosen).any(axis=1)
    after = comparison.after.scored
    moved = dataclasses.replace(after, truth=comparison.before.scored.chosen)
    return matrix(confusion(moved.only(flipped)), "before") if flipped.any() else Matrix((), (), ())


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
