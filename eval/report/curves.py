"""The report's plots: precision and recall, cost against the threshold, reliability against its
null band.
"""

from __future__ import annotations

from typing import Any

from eval.report.plots import Axes, Mark, Plot, PlotLine, nice_top, plot

_SHARES = Axes((0.0, 1.0), (0.0, 1.0))
_FEW = 3
_LANGUAGE = "lead in "


def plots(metrics: dict[str, Any], before: dict[str, Any] | None) -> list[Plot]:
    """Return the plots of a run, with those of the other run beside it where there is one."""
    share = f"{metrics['in_a_stream']['lead_share']:.0%}"
    return [
        _precision_recall(
            "Precision and recall of leads, as in the dataset", "precision_recall", metrics, before
        ),
        _precision_recall(
            f"The same where {share} of messages are leads",
            "precision_recall_in_a_stream",
            metrics,
            before,
        ),
        _cost("Cost of lead mistakes per 1,000, by threshold", "cost", metrics, before),
        _cost(f"The same where {share} of messages are leads", "cost_in_a_stream", metrics, before),
        reliability("Reliability of the lead probability", metrics["calibration"]["lead"]),
    ]


def reliability_by_language(metrics: dict[str, Any]) -> list[Plot]:
    """Return one reliability plot for each language."""
    found = metrics["calibration"]
    return [
        reliability(name.removeprefix(_LANGUAGE), found[name])
        for name in found
        if name.startswith(_LANGUAGE)
    ]


def _precision_recall(
    title: str, name: str, metrics: dict[str, Any], before: dict[str, Any] | None
) -> Plot:
    runs = [("before", before), ("now", metrics)]
    lines = [
        PlotLine(kind, kind, _SHARES.path(one["curves"][name]["x"], one["curves"][name]["y"]))
        for kind, one in runs
        if one is not None
    ]
    return plot(title, ("recall", "precision"), _SHARES, lines)


def _cost(title: str, name: str, metrics: dict[str, Any], before: dict[str, Any] | None) -> Plot:
    runs = [(kind, one) for kind, one in (("before", before), ("now", metrics)) if one is not None]
    # The ends of the curve are decisions that nobody would take; cut them off so that its valley
    # can be seen.
    lowest = min(min(one["curves"][name]["y"]) for _, one in runs)
    top = (
        nice_top([min(max(one["curves"][name]["y"]) for _, one in runs), 0.0])
        if lowest == 0
        else nice_top([6 * lowest])
    )
    axes = Axes((0.0, 1.0), (0.0, top))
    lines = [
        PlotLine(kind, kind, axes.path(one["curves"][name]["x"], one["curves"][name]["y"]))
        for kind, one in runs
    ]
    return plot(title, ("lead threshold", "cost, in false leads"), axes, lines)


def reliability(title: str, found: dict[str, Any]) -> Plot:
    """Return what was said against what was seen, with the band in which a perfect decider's dots
    would lie.
    """
    bins = found["bins"]
    lines = [PlotLine("perfect", "ideal", _SHARES.path([0, 1], [0, 1]))]
    if len(bins) >= _FEW:
        said = [one["said"] for one in bins]
        lines.insert(
            0,
            PlotLine(
                "95 % if perfect",
                "band",
                _SHARES.area(said, [one["low"] for one in bins], [one["high"] for one in bins]),
            ),
        )
    marks = []
    for one in bins:
        x, y = _SHARES.place(one["said"], one["seen"])
        marks.append(
            Mark(
                x,
                y,
                None,
                None,
                f"said {one['said']:.2f}, seen {one['seen']:.2f} in {one['rows']} messages",
            )
        )
    verdict = found["verdict"]
    if verdict in {"too high", "too low"}:
        verdict = f"{verdict} by {abs(found['shift']):.1f} logits"
    return plot(f"{title}: {verdict}", ("said", "seen"), _SHARES, lines, marks)
