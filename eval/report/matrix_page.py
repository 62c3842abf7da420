"""``compare.html``: several runs on one page, with what each said of every message."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.measure.registry import METRICS
from eval.report.browser import message
from eval.report.bundled import packed
from eval.report.html_templates import template
from eval.report.plots import Axes, Mark, Plot, PlotLine, nice_top, plot
from eval.verdict.many import QUALITY, Contender, SideBySide
from eval.verdict.matrix_summary import matrix_headline
from eval.verdict.numbers import number, p_value
from intent.model.taxonomy import Taxonomy

_NEAR, _ROOM = 0.6, 0.1
_BESIDE, _LINE = 90.0, 12.0
"""Names that start so close to each other would overlap; lines of text are so far apart, in pixels.
"""


def matrix_page(found: SideBySide, taxonomy: Taxonomy, home: Path) -> str:
    """Return the page that will lie in the folder ``home``; everything that people wrote is
    escaped.
    """
    first = found.contenders[0].run
    return template("matrix.html").render(
        found=found,
        headline=matrix_headline(found),
        suite=first.suite,
        rows=len(first.predictions),
        rooms=len(set(first.scored.rooms.tolist())),
        metrics=[METRICS[name] for name in QUALITY],
        links=_links(found, home),
        plots=[
            _frontier(found, "US dollars per 1,000", lambda one: one.dollars, line=True),
            _frontier(found, "90 % decided within, seconds", lambda one: one.latency_p90),
        ],
        p_value=p_value,
        browsed=packed(_outputs(found, taxonomy, home)),
    )


def _outputs(found: SideBySide, taxonomy: Taxonomy, home: Path) -> dict[str, Any]:
    """Return what each run said of every message, slots included."""
    runs = [one.run for one in found.contenders]
    entries = []
    for told in zip(*(run.predictions for run in runs), strict=True):
        entry = message(runs[0].items[told[0].id], told, taxonomy, whole=False)
        said = {(tuple(one["labels"]), one["slots"]) for one in entry["said"]}
        entry["differs"] = len(said) > 1
        entries.append(entry)
    return {
        "runs": [one.name for one in found.contenders],
        "links": _links(found, home),
        "dimensions": list(runs[0].suite.slices),
        "labels": list(taxonomy.names),
        "shown": "differing",
        "messages": entries,
    }


def _links(found: SideBySide, home: Path) -> list[str]:
    """Return where each run's own page lies, seen from the page; empty where it has none."""
    pages = [one.run.folder / "report.html" for one in found.contenders]
    return [
        Path(os.path.relpath(page.resolve(), home.resolve())).as_posix() if page.exists() else ""
        for page in pages
    ]


def _frontier(
    found: SideBySide, title: str, price: Callable[[Contender], float], *, line: bool = False
) -> Plot:
    """Return the cost of mistakes against a price; the line joins what nobody beats in both."""
    costs = [one.values["cost_per_1000"] for one in found.contenders]
    ends = [end for one in costs for end in (one.low, one.value, one.high) if not math.isnan(end)]
    low, high = min(ends), nice_top([max(ends)])
    # Where all lie close together, an axis from 0 would hide what tells them apart.
    bottom = 0.0 if low < _NEAR * high else low - (high - low) * _ROOM
    right = nice_top([1.2 * max(price(one) for one in found.contenders)])
    axes = Axes((0.0, right), (bottom, high))
    marks: list[Mark] = []
    for one in sorted(found.contenders, key=lambda one: one.mistakes):
        marks.append(_mark(one, price(one), axes, title, marks))
    kept = sorted((price(one), one.mistakes) for one in found.contenders if one.on_frontier)
    xs, ys = zip(*kept, strict=True)
    lines = [PlotLine("nobody is cheaper and better", "ideal", axes.path(xs, ys))] if line else []
    return plot(
        "Price and mistakes: lower left is best" if line else "Latency and mistakes",
        (title, "cost of mistakes per 1,000"),
        axes,
        lines,
        marks,
    )


def _mark(one: Contender, price: float, axes: Axes, title: str, below: Sequence[Mark]) -> Mark:
    """Return a run's dot; its name stands above the names that are there already."""
    cost = one.values["cost_per_1000"]
    x, y = axes.place(price, one.mistakes)
    low, high = (
        None if math.isnan(end) else axes.place(0, end)[1] for end in (cost.low, cost.high)
    )
    near = [other.label_y for other in below if abs(other.x - x) < _BESIDE]
    label_y = min([y + 4, *(other - _LINE for other in near)])
    note = f"{one.name}: {number(price)} {title}, mistakes cost {number(one.mistakes)}"
    return Mark(x, y, low, high, note, one.name, label_y)
