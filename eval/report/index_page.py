"""``index.html`` of a folder of runs: each with what changed, its verdict and a link to its report,
and the trend of every prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval.measure.registry import METRICS
from eval.report.html_templates import template
from eval.report.plots import Axes, Mark, Plot, PlotLine, nice_top, plot
from eval.verdict.chronicle import PastRun, track_of
from eval.verdict.numbers import number

TREND = ("lead_f1", "macro_f1", "cost_per_1000")
"""What the trend of a prompt is drawn of."""


def index_page(runs: Sequence[PastRun], home: Path) -> str:
    """Return the page of a folder's runs, newest first; everything that people wrote is escaped."""
    tracks: dict[tuple[str, str], list[PastRun]] = {}
    for one in runs:
        tracks.setdefault(track_of(one.manifest), []).append(one)
    newest = sorted(tracks.items(), key=lambda each: each[1][-1].manifest.started, reverse=True)
    return template("index.html").render(
        home=home.name or str(home),
        runs=len(runs),
        metrics=[METRICS[name] for name in TREND],
        tracks=[
            (f"{suite} · {prompt}", list(reversed(made)), trends(made))
            for (suite, prompt), made in newest
        ],
        reports={one.name: (one.folder / "report.html").exists() for one in runs},
    )


def trends(runs: Sequence[PastRun]) -> list[Plot]:
    """Return a plot of each metric over the runs, oldest first; none where fewer than two were
    measured.
    """
    measured = [one for one in runs if one.metrics is not None]
    return [_trend(name, measured) for name in TREND] if len(measured) > 1 else []


def _trend(name: str, runs: Sequence[PastRun]) -> Plot:
    metric = METRICS[name]
    found = [one.metrics["overall"][name] for one in runs if one.metrics is not None]
    ends = [
        found[key] for found in found for key in ("low", "value", "high") if found[key] is not None
    ]
    top = 1.0 if not metric.unit else nice_top(ends or [1.0])
    spare = (top - min(ends, default=0.0)) * 0.15
    bottom = max(0.0, min(ends, default=0.0) - spare)
    axes = Axes((0.5, len(runs) + 0.5), (bottom, top))
    marks, xs, ys = [], [], []
    for place, (one, value) in enumerate(zip(runs, found, strict=True), 1):
        if value["value"] is None:
            continue
        x, y = axes.place(place, value["value"])
        low, high = (
            None if value[end] is None else axes.place(0, value[end])[1] for end in ("low", "high")
        )
        note = f"{one.name}, {one.manifest.started:%Y-%m-%d}: {number(value['value'])}"
        marks.append(Mark(x, y, low, high, note))
        xs.append(float(place))
        ys.append(value["value"])
    lines = [PlotLine("in order of time", "now", axes.path(xs, ys))] if xs else []
    return plot(metric.title, ("run", metric.unit), axes, lines, marks, whole=True)
