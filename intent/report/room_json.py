"""Writes a room report as plain values for JSON: times in RFC 3339, durations in seconds, and null
for what was not measured.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from intent.report.room_figures import HeatRows, RoomReport


def plain_report(report: RoomReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    bare = asdict(replace(report, heat=()))
    plain: dict[str, Any] = _plain(bare)
    plain["coverage"]["share"] = report.coverage.share
    plain["heat"] = [_cells(rows) for rows in report.heat]
    return plain


def _cells(rows: HeatRows) -> dict[str, Any]:
    cells = [
        {"intent": label, "column": column, "leads": leads}
        for (label, column), leads in sorted(rows.cells.items())
    ]
    return {"item": rows.item, "cells": cells}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
    return value
