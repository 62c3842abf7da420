"""Renders a room report: one file that needs nothing else, or the body of a page that lives
elsewhere; everything that people wrote is escaped.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from intent.report.heat_map import LEVELS, heat_map, whiskers
from intent.report.page_templates import open_templates
from intent.report.room_figures import RoomReport
from intent.report.sentences import about, length

_FOLDER = Path(__file__).resolve().parent
_SAME_DAY = "%H:%M"


def report_file(report: RoomReport) -> str:
    """Return the report as one HTML file with its style in it: no script, nothing from
    elsewhere.
    """
    style = Markup(sheet())  # noqa: S704  our own file
    ground = Markup(_read("room_ground.css"))  # noqa: S704
    return (
        _environment()
        .get_template("room_file.html")
        .render(report=report, body=report_body(report), style=style, ground=ground)
    )


def report_body(report: RoomReport) -> Markup:
    """Return the report without head and frame, for a page that links :func:`sheet`."""
    maps = [
        heat_map(rows, report.columns, report.intents, report.coverage)
        for rows in report.heat
        if report.columns and rows.cells
    ]
    text = (
        _environment()
        .get_template("room_body.html")
        .render(
            report=report,
            coverage=report.coverage,
            funnel=report.funnel,
            maps=maps,
            levels=LEVELS,
            whiskers=whiskers(report.intents),
            steps=_steps(report),
            titles={one.label: one.title for one in report.intents},
        )
    )
    return Markup(text)  # noqa: S704  escaped by the template


def sheet() -> str:
    """Return the style sheet of the report; colours come from the page around it."""
    return _read("room.css")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _steps(report: RoomReport) -> list[tuple[str, int | None, float, str]]:
    """Return the funnel: what, how many (None is not measured), share of the widest, and a note."""
    funnel, seen = report.funnel, max(report.coverage.seen, 1)
    rows: list[tuple[str, int | None, str]] = [
        ("messages", report.coverage.seen, "all that we saw"),
        ("by viewers, decided", funnel.viewers, "without host and moderators"),
        ("listed as leads", funnel.listed, f"by the probabilities {about(funnel.expected)}"),
        ("hot", funnel.hot, "next to a purchase, a booking, a call or a quote"),
        (
            "hot and answered",
            funnel.answered,
            "in writing, or marked; what is said aloud is not heard",
        ),
        ("orders", funnel.orders, "nothing here is told of orders"),
    ]
    return [(what, count, (count or 0) / seen, note) for what, count, note in rows]


def _moment(at: datetime) -> str:
    return f"{at:{_SAME_DAY}}"


def _day_and_time(at: datetime) -> str:
    return f"{at:%d %b %Y, %H:%M}"


def _percent(share: float | None) -> str:
    """Return a share that never rounds to all or none where it is not."""
    if share is None:
        return "not measured"
    shown = round(100 * share)
    if (shown == 100 and share < 1) or (shown == 0 and share > 0):
        return f"{100 * share:.1f} %" if 0.0005 <= share < 0.9995 else f"{100 * share:.3f} %"
    return f"{shown} %"


@cache
def _environment() -> Environment:
    return open_templates(
        {
            "about": about,
            "lasting": length,
            "clock": _moment,
            "day": _day_and_time,
            "percent": _percent,
            "number": lambda value: "not measured" if value is None else f"{value:,}",
        }
    )
