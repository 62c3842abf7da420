"""Draws what a million of everything takes of processors, with the limiting resource marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from eval.bench.scale import CORES, USED, Resource, limiting

COLOUR, LIMIT = "#7a9cc6", "#c0562f"


def scale_plot(resources: Sequence[Resource], path: Path) -> None:
    """Draw processor seconds for a million, on a logarithmic axis; the same resources give the same
    bytes.
    """
    figure = Figure(figsize=(8, 0.55 * len(resources) + 1.4), layout="constrained")
    axes = figure.subplots()
    lowest = limiting(resources)
    names = [f"{one.name} ({one.of})" for one in resources]
    bars = axes.barh(
        names,
        [one.seconds for one in resources],
        color=[LIMIT if one is lowest else COLOUR for one in resources],
    )
    axes.bar_label(bars, [f" {one.seconds:,.0f}" for one in resources])
    axes.set_xscale("log")
    axes.set_xlim(right=5 * max(one.seconds for one in resources))
    axes.invert_yaxis()
    axes.set_xlabel("CPU seconds for a million")
    axes.set_title(
        f"{lowest.name} is the limit: {lowest.ceiling:,.0f} messages/s "
        f"of {CORES} cores, {USED:.0%} busy",
        fontsize=10,
        loc="right",
    )
    # The same plot gives the same bytes: no date, no random ids.
    with mpl.rc_context({"svg.hashsalt": "lead-intent"}):
        figure.savefig(path, metadata={"Date": None})
