"""Plots of the feature benchmark: growth of builds and reads, and one user's interest over a
week.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from eval.bench.feature_store import Moment, Online
    from eval.bench.features import Built


def growth_plot(builds: Sequence[Built], path: Path) -> None:
    """Draw seconds of a build against facts, both axes logarithmic: a straight line of slope 1 is
    linear growth.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    facts = [one.facts for one in builds]
    axes.loglog(
        facts, [one.ours.clock for one in builds], marker="o", label="this build, 7 features"
    )
    axes.loglog(
        facts,
        [one.everything.clock for one in builds],
        marker="s",
        label="this build, 40 features, five entities",
    )
    plain = [(one.facts, one.plain.clock) for one in builds if one.plain is not None]
    axes.loglog(
        [x for x, _ in plain],
        [y for _, y in plain],
        marker="^",
        label="plain way: range joins, row_number, 7 features",
    )
    axes.set_xlabel("facts")
    axes.set_ylabel("seconds")
    axes.set_title(f"Training rows for {builds[0].rows:,} requests")
    axes.legend()
    _save(figure, path)


def latency_plot(reads: Sequence[Online], path: Path) -> None:
    """Draw milliseconds of a read against candidates."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    one_user = [read for read in reads if read.kind == "one user"]
    axes.plot(
        [read.candidates for read in one_user],
        [read.p50 for read in one_user],
        marker="o",
        label="40 features, p50",
    )
    axes.plot(
        [read.candidates for read in one_user],
        [read.p99 for read in one_user],
        marker="s",
        label="40 features, p99",
    )
    axes.plot(
        [read.candidates for read in one_user],
        [read.plain_p50 for read in one_user],
        marker="^",
        label="as many plain rows by key, p50",
    )
    axes.set_xlabel("candidates in one request")
    axes.set_ylabel("milliseconds")
    axes.set_title(
        "Online read, store with 1 million users"
        if any(read.users >= 1_000_000 for read in reads)
        else "Online read"
    )
    axes.legend()
    _save(figure, path)


def interest_plot(week: Sequence[Moment], path: Path) -> None:
    """Draw a user's short- and long-term interest over a week, and when they spoke."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    days = [moment.hour / 24 for moment in week]
    for name, label in (
        ("decayed_30m", "half-life 30 minutes"),
        ("decayed_1d", "half-life 1 day"),
        ("decayed_30d", "half-life 30 days"),
    ):
        axes.plot(days, [moment.values[name] for moment in week], label=label)
    spoke = [day for day, moment in zip(days, week, strict=True) if moment.spoke]
    axes.plot(
        spoke,
        [0] * len(spoke),
        "|",
        color="grey",
        markersize=12,
        label="a message with lead intent",
    )
    axes.set_xlabel("day")
    axes.set_ylabel("decayed messages with lead intent")
    axes.set_title("One user's interest over a replayed week, read online hour by hour")
    axes.legend()
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    # The same plot gives the same bytes: no date, no random ids.
    with mpl.rc_context({"svg.hashsalt": "lead-intent"}):
        figure.savefig(path, metadata={"Date": None})
