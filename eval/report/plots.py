"""Plots as numbers for inline SVG: the template draws them, the page's style colours them in light
and dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 420, 300
_MOST_TICKS = 10
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 10, 42

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlotLine:
    """A line of a plot; ``kind`` is the class that the style colours: now, before, ideal or
    band.
    """

    name: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot with an optional vertical interval and name, in pixels."""

    x: float
    y: float
    low: float | None
    high: float | None
    note: str
    label: str = ""
    label_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in pixels, with its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that the template needs to draw one plot, in pixels of a box of 420 by 300."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[PlotLine, ...]
    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


@dataclass(frozen=True, slots=True)
class Axes:
    """The ranges of both axes."""

    x: Range
    y: Range

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a point; what lies outside is drawn at the edge."""
        return _scaled(x, self.x, _LEFT, WIDTH - _RIGHT), _scaled(y, self.y, HEIGHT - _BOTTOM, _TOP)

    def path(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        """Return an SVG path through the points."""
        points = (self.place(x, y) for x, y in zip(xs, ys, strict=True))
        return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points)

    def area(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float]) -> str:
        """Return an SVG path around the area between two lines."""
        return f"{self.path(xs, low)} L{self.path(list(reversed(xs)), list(reversed(high)))[1:]} Z"


def _scaled(value: float, limits: Range, start: float, end: float) -> float:
    inside = min(max(value, limits[0]), limits[1])
    if limits[0] == limits[1]:  # all values are one: it stands in the middle
        return (start + end) / 2
    return start + (inside - limits[0]) / (limits[1] - limits[0]) * (end - start)


def _ticks(limits: Range, start: float, end: float, count: int = 5) -> tuple[Tick, ...]:
    if limits[0] == limits[1]:
        count = 0
    values = [
        limits[0] + step * (limits[1] - limits[0]) / max(count, 1) for step in range(count + 1)
    ]
    return tuple(Tick(_scaled(value, limits, start, end), _tick(value)) for value in values)


def _tick(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plot(
    title: str,
    labels: tuple[str, str],
    axes: Axes,
    lines: Sequence[PlotLine],
    marks: Sequence[Mark] = (),
    *,
    whole: bool = False,
) -> Plot:
    """Put a plot together; ``whole``, the x axis counts and has whole numbers alone."""
    x_ticks, y_ticks = _ticks(axes.x, _LEFT, WIDTH - _RIGHT), _ticks(axes.y, HEIGHT - _BOTTOM, _TOP)
    if whole:
        counted = range(math.ceil(axes.x[0]), math.floor(axes.x[1]) + 1)
        step = max(1, len(counted) // _MOST_TICKS)
        places = (axes.place(float(one), 0.0)[0] for one in counted[::step])
        x_ticks = tuple(Tick(x, str(n)) for x, n in zip(places, counted[::step], strict=True))
    return Plot(title, labels[0], labels[1], tuple(lines), tuple(marks), x_ticks, y_ticks)


def nice_top(values: Sequence[float]) -> float:
    """Return a round number at or above all values, for the end of an axis."""
    top = max([*values, 1e-9])
    for exponent in range(-9, 12):
        for step in (1.0, 2.0, 5.0):
            if step * 10.0**exponent >= top:
                return step * 10.0**exponent
    return top
