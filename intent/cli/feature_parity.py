"""The verb ``intent features parity``: what was served against what is recomputed."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.offline import export_facts_into, offline_engine, require_packages
from intent.cli.offline_screen import show_parity
from intent.cli.screen import json_line


def parity(
    served: Annotated[
        Path, typer.Option(help="Log that intent features read --log, or ServedLog, has written.")
    ],
    facts: Annotated[
        Path | None,
        typer.Option(
            help="Folder of facts; brought up to date first. Without it they are exported for this "
            "check alone."
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of wrong values that is accepted.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Recompute served vectors offline from facts as known then, and the whole online state from
    decisions; exit 1 beyond the tolerance.

    Example: [bold]intent features parity --served served.jsonl[/]
    """
    require_packages()
    from intent.bootstrap.exported import ExportKind, remember_export
    from intent.features.check.audit import check_state
    from intent.features.check.parity import check_parity, require_rows
    from intent.features.definitions.definitions import SECOND
    from intent.features.offline.facts import SETTLED
    from intent.features.online.served import read_served

    app = application()
    definitions, database = app.definitions, app.database
    fresh = SETTLED.total_seconds() if database.dialect == "postgresql" else 0.0
    settled = round((time.time() - fresh) * SECOND)
    with tempfile.TemporaryDirectory() as spill:
        folder = facts or Path(spill) / "facts"
        if facts is not None:
            remember_export(app, ExportKind.FACTS, facts)
        export_facts_into(app, folder)
        report = check_parity(
            read_served(served),
            definitions,
            lambda: offline_engine("duckdb", Path(spill)),
            folder,
            Path(spill),
            settled=settled,
        )
    with database.read() as connection:
        state = check_state(connection, definitions.groups)
    require_rows(report)
    holds = report.wrong_share <= tolerance and state.holds
    if as_json:
        json_line(
            {
                **asdict(report),
                "wrong_share": report.wrong_share,
                "state": asdict(state),
                "holds": holds,
            }
        )
    else:
        show_parity(report, state, holds=holds)
    if not holds:
        raise typer.Exit(1)
