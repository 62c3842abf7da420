"""Renders an experiment as one file that needs nothing else: the verdict first, then what it rests
on, drawn, and how to make it again.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from intent.experiments.arm_findings import ArmFinding, ExperimentReport, Outlook
from intent.experiments.spoken_verdict import chance_in_words, metric_in_words, units_of
from intent.report.page_templates import open_templates
from intent.report.room_page import sheet

_FOLDER = Path(__file__).resolve().parent
_LEFT, _WIDTH = 10.0, 380.0


@dataclass(frozen=True, slots=True)
class DrawnInterval:
    """An interval on a common scale: places in units of the view box."""

    title: str
    at: float
    start: float
    width: float
    note: str


def experiment_file(report: ExperimentReport) -> str:
    """Return the report as one HTML file with its style in it: no script, nothing else."""
    ground = (_FOLDER / "room_ground.css").read_text(encoding="utf-8")
    lines = _lines(report)
    return (
        _environment()
        .get_template("experiment_file.html")
        .render(
            report=report,
            unit=units_of(report.experiment),
            metric=metric_in_words(report.experiment),
            style=Markup(sheet()),  # noqa: S704  our own file
            ground=Markup(ground),  # noqa: S704
            lines=lines,
            zero=_place(0.0, *_ends(report)),
            good=report.outlook is Outlook.BETTER,
            command=_command(report),
        )
    )


def plain_experiment(report: ExperimentReport) -> dict[str, Any]:
    """Return the report as plain values: numbers that nobody can tell are null."""
    tried = report.experiment
    return {
        "experiment": tried.name,
        "unit": tried.unit.value,
        "metric": tried.metric.value,
        "started": tried.started.isoformat(),
        "as_of": report.as_of.isoformat(),
        "outlook": report.outlook.value,
        "verdict": list(report.verdict),
        "warnings": list(report.warnings),
        "split_p": report.split_p,
        "arms": [_told(asdict(one)) for one in report.arms],
        "comparisons": [_told(asdict(one)) for one in report.comparisons],
        "delays": [_told(asdict(one)) for one in report.delays],
        "capacity": _told(asdict(report.capacity)) if report.capacity else None,
    }


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_told(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _command(report: ExperimentReport) -> str:
    """Return the command that makes this report again from the same database."""
    tried = report.experiment
    burn_in = f" --burn-in {tried.burn_in.total_seconds() / 60:g}" if tried.block else ""
    return (
        f"intent experiment analyze {tried.name} --metric {tried.metric.value}{burn_in} --until "
        f"{report.as_of.isoformat()} -o {tried.name}.html"
    )


def _ends(report: ExperimentReport) -> tuple[float, float]:
    ends = [end for one in report.comparisons for end in _reach(one) if math.isfinite(end)]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    return (low, high) if high > low else (-1.0, 1.0)


def _reach(one: ArmFinding) -> tuple[float, float, float, float]:
    return one.low, one.high, one.always_low, one.always_high


def _place(value: float, low: float, high: float) -> float:
    inside = min(max(value, low), high)
    return _LEFT + _WIDTH * (inside - low) / (high - low)


def _lines(report: ExperimentReport) -> list[DrawnInterval]:
    """Return for each arm its interval of today, and the one that holds at every look."""
    low, high = _ends(report)
    found = []
    for one in report.comparisons:
        if not math.isfinite(one.low):
            continue
        for title, begin, end in (
            (one.arm, one.low, one.high),
            (f"{one.arm}, at every look", one.always_low, one.always_high),
        ):
            start = _place(begin, low, high)
            found.append(
                DrawnInterval(
                    title,
                    _place(one.treated - one.control, low, high),
                    start,
                    max(_place(end, low, high) - start, 1.0),
                    f"{begin:+.4g} to {end:+.4g}",
                )
            )
    return found


def _percent(value: float, signed: bool = False) -> str:
    if not math.isfinite(value):
        return "not measured"
    return f"{100 * value:{'+' if signed else ''}.1f} %"


def _chance(p: float) -> str:
    return chance_in_words(p).removeprefix("= ")


@cache
def _environment() -> Environment:
    return open_templates(
        {
            "share": _percent,
            "lift": lambda value: _percent(value, signed=True),
            "number": lambda value: f"{value:,.4g}" if math.isfinite(value) else "not measured",
            "chance": lambda p: "not measured" if math.isnan(p) else _chance(p),
            "count": lambda value: f"{value:,.0f}",
            "json": lambda value: json.dumps(value),
        }
    )
