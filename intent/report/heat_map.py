"""Draws leads by intent and time, a funnel and intervals as places for an SVG; nothing here holds a
style, so that a page with a strict content policy can show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intent.report.room_figures import HeatColumns, HeatRows, IntentFigure, RoomCoverage

LEVELS = 5
"""Strengths of a cell, from 1."""

_CELL, _ROW, _LEFT, _TOP, _BELOW = 13, 20, 152, 6, 22
_TICKS = 6
_DAY = 1440
_SCALE_LEFT, _SCALE_WIDTH = 152, 300


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell: its corner, how strong it is (1 to :data:`LEVELS`), and what it says."""

    x: int
    y: int
    level: int
    note: str


@dataclass(frozen=True, slots=True)
class HeatMark:
    """A word at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class HeatBand:
    """A stretch in which nothing was seen."""

    x: float
    width: float
    note: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A heat map, ready to be placed: sizes are in units of the view box.

    Attributes:
        most: leads of the strongest cell.
    """

    title: str
    width: int
    height: int
    left: int
    cell: int
    row: int
    names: tuple[HeatMark, ...]
    ticks: tuple[HeatMark, ...]
    cells: tuple[HeatCell, ...]
    blind: tuple[HeatBand, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Whiskers:
    """An estimate on a common scale: places in units of the view box."""

    title: str
    listed: int
    value: float
    low: float
    high: float
    at: float
    start: float
    width: float


def heat_map(
    rows: HeatRows, columns: HeatColumns, intents: Sequence[IntentFigure], coverage: RoomCoverage
) -> HeatMap:
    """Place the cells of one heat map; intents that nobody had are left out."""
    shown = [one for one in intents if one.listed]
    place = {one.label: number for number, one in enumerate(shown)}
    most = max(rows.cells.values(), default=0)
    bottom = _TOP + len(shown) * _ROW
    cells = [
        HeatCell(
            _LEFT + column * _CELL,
            _TOP + place[label] * _ROW,
            -(-count * LEVELS // most),
            f"{_when(columns, column)}: {shown[place[label]].title}, {count}",
        )
        for (label, column), count in sorted(rows.cells.items())
    ]
    return HeatMap(
        title=rows.item or "All items",
        width=_LEFT + max(columns.count * _CELL, 60) + 26,
        height=bottom + _BELOW,
        left=_LEFT,
        cell=_CELL,
        row=_ROW,
        names=tuple(
            HeatMark(_LEFT - 8, _TOP + number * _ROW + 14, one.title)
            for number, one in enumerate(shown)
        ),
        ticks=tuple(_ticks(columns, bottom + 15)),
        cells=tuple(cells),
        blind=tuple(_bands(columns, coverage)),
        most=most,
    )


def whiskers(intents: Sequence[IntentFigure]) -> tuple[Whiskers, ...]:
    """Place estimates with their intervals on one scale, the largest first; what is next to nothing
    is left out.
    """
    shown = sorted(
        (one for one in intents if one.listed or one.expected.value >= 1),
        key=lambda one: -one.expected.value,
    )
    top = max((one.expected.high for one in shown), default=0.0) or 1.0
    scale = _SCALE_WIDTH / top
    return tuple(
        Whiskers(
            title=one.title,
            listed=one.listed,
            value=one.expected.value,
            low=one.expected.low,
            high=one.expected.high,
            at=_SCALE_LEFT + one.expected.value * scale,
            start=_SCALE_LEFT + one.expected.low * scale,
            width=max((one.expected.high - one.expected.low) * scale, 1.0),
        )
        for one in shown
    )


def _when(columns: HeatColumns, column: int) -> str:
    at = columns.start + timedelta(minutes=column * columns.step)
    return _label(at, columns.step)


def _label(at: datetime, step: int) -> str:
    if step >= _DAY:
        return f"{at:%d %b %Y}"
    return f"{at:%H:%M}"


def _ticks(columns: HeatColumns, y: float) -> list[HeatMark]:
    every = -(-columns.count // _TICKS)
    days = columns.count * columns.step > _DAY
    found = []
    for column in range(0, columns.count, every):
        at = columns.start + timedelta(minutes=column * columns.step)
        text = f"{at:%d %b}" if days else f"{at:%H:%M}"
        found.append(HeatMark(_LEFT + column * _CELL, y, text))
    return found


def _bands(columns: HeatColumns, coverage: RoomCoverage) -> list[HeatBand]:
    minute, last = timedelta(minutes=1), float(columns.count)
    found = []
    for since, until, reason in coverage.blind:
        begin = (since - columns.start) / minute / columns.step
        end = last if until is None else (until - columns.start) / minute / columns.step
        begin, end = max(begin, 0.0), min(end, last)
        if end > begin:
            width = max((end - begin) * _CELL, 2.0)
            found.append(HeatBand(_LEFT + begin * _CELL, width, f"nothing seen: {reason}"))
    return found
