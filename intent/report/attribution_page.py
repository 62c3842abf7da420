"""Renders a report of attribution as one file that needs nothing else: linked, credited and caused
in three columns, and the sentences with their revisions below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from intent.report.attribution_figures import AttributionReport, CausedFigures, CreditedFigures
from intent.report.page_templates import open_templates
from intent.report.room_page import sheet

_FOLDER = Path(__file__).resolve().parent


def attribution_file(report: AttributionReport) -> str:
    """Return the report as one HTML file with its style in it: no script, nothing from
    elsewhere.
    """
    ground = (_FOLDER / "room_ground.css").read_text(encoding="utf-8")
    own = (_FOLDER / "attribution.css").read_text(encoding="utf-8")
    style = Markup("\n".join((ground, sheet(), own)))  # noqa: S704  our own files
    page = _environment().get_template("attribution_file.html")
    sentence = caused_sentence(report.caused)
    caused = sentence[:1].upper() + sentence[1:]
    return page.render(report=report, style=style, caused=caused, shares=_shares(report.credited))


def _shares(credited: Sequence[CreditedFigures]) -> list[tuple[str, list[float]]]:
    """Return a row for each kind of touch, and for each intent, with a share by each rule."""
    kinds = sorted({name for one in credited for name in one.kinds})
    intents = sorted({name for one in credited for name in one.intents})
    return [
        *((name, [one.kinds.get(name, 0.0) for one in credited]) for name in kinds),
        *((f"… {name}", [one.intents.get(name, 0.0) for one in credited]) for name in intents),
    ]


def caused_sentence(caused: CausedFigures) -> str:
    """Return what an experiment says, in one sentence."""
    if caused.difference is None or caused.caused is None or caused.units is None:
        return caused.why_not or "nothing can be said yet"
    made, low, high = caused.caused
    arms = caused.arms or ("control", "treated")
    return (
        f"{caused.experiment}: {made:,.1f} orders were caused ({low:,.1f} to {high:,.1f}) among "
        f"{caused.units[1]:,} units of {arms[1]}, beside {caused.units[0]:,} of {arms[0]}; "
        f"{(caused.maturity or 0):.0%} of all units are old enough to count"
    )


def money(values: Mapping[str, int]) -> str:
    """Return amounts in words, each in its own currency: they are never added."""
    return ", ".join(f"{value / 1_000_000:,.2f} {one}" for one, value in values.items()) or "–"


def plain_attribution(report: AttributionReport) -> dict[str, Any]:
    """Return the report as plain values that JSON holds."""
    plain = _plain(asdict(report))
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _lasting(window: timedelta) -> str:
    days = window / timedelta(days=1)
    return f"{days:g} {'day' if days == 1 else 'days'}"


@cache
def _environment() -> Environment:
    return open_templates(
        {
            "money": money,
            "moment": lambda at: "–" if at is None else f"{at:%Y-%m-%d %H:%M} UTC",
            "days": _lasting,
        }
    )
