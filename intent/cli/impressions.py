"""The verbs ``intent impressions …``: what was shown to whom, which rooms they entered, and all of
it with orders as a log that rankers learn from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, first_shard, opened, with_others
from intent.cli.conversion_ingest import File, Zone, shown_refusals
from intent.cli.screen import json_line, one_line, say
from intent.model.errors import OperatorError
from intent.store.access import Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

    from intent.operations.shown import ShownIngest

app = typer.Typer(
    no_args_is_help=True,
    help="Impressions and clicks: what was shown to whom, and which rooms they entered.",
)


@app.command("ingest")
def ingest(
    path: File,
    timezone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Read impressions or clicks from Parquet, CSV, JSON lines or a JSON list: each once, however
    often or late it comes. A record with served_at is an impression, one with clicked_at a click;
    columns are named as those of the store (docs/outcomes.md), others are passed over.

    Examples: [bold]intent impressions ingest impressions.parquet[/] · [bold]intent impressions
    ingest clicks.csv --timezone Asia/Jakarta[/] · [bold]zcat shown.jsonl.gz | intent impressions
    ingest -[/]
    """
    from intent.bootstrap.failpoint import failpoint
    from intent.bootstrap.outcomes import outcome_recorder
    from intent.operations.shown import ingest_shown
    from intent.outcomes.files.said_values import TimesOnly, read_zone

    app = first_shard(access=Access.CREATE, quiet=True)
    told = TimesOnly(datetime.now(UTC), read_zone(timezone) if timezone else None)
    with opened(path) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        report = ingest_shown(
            app.database,
            outcome_recorder(app),
            stream,
            told,
            parquet=_parquet,
            refused=shown_refusals(),
            step=failpoint(app.settings.failpoint),
        )
    _tell(report, as_json=as_json)


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder of the log; its tables are written anew.")],
    as_json: AsJson = False,
) -> None:
    """Write what was shown, clicked and ordered as Parquet, and decisions as facts/ below it: the
    log that python -m eval rank, lift, interleave and off-policy read. Who is forgotten later goes
    from it, too.

    Example: [bold]intent impressions export log/[/]
    """
    from intent.bootstrap.exported import ExportKind, remember_export
    from intent.cli.offline import export_facts_into, require_packages

    require_packages()
    from intent.operations.ranking_log import write_ranking_log

    app, others = with_others(quiet=True)
    remember_export(app, ExportKind.LOG, folder)
    counts = write_ranking_log(app.database, folder, others)
    if others:
        say("facts are exported shard by shard: intent features export")
    else:
        remember_export(app, ExportKind.FACTS, folder / "facts")
        counts["facts"] = export_facts_into(app, folder / "facts")["total"]
    if as_json:
        json_line(counts)
    else:
        say(f"{', '.join(f'{count:,} {name}' for name, count in counts.items())} in {folder}")


def _parquet(stream: BinaryIO) -> Iterator[Mapping[str, Any]]:
    from intent.cli.offline import require_packages

    require_packages()
    from intent.features.offline.parquet_rows import parquet_rows

    return parquet_rows(stream)


def _tell(report: ShownIngest, *, as_json: bool) -> None:
    parts = {"impressions": report.impressions, "clicks": report.clicks}
    refused = report.counts.refused
    if as_json:
        told = {
            name: {
                "new": one.new,
                "known": one.known,
                "conflicts": one.conflicts,
                "forgotten": one.forgotten,
            }
            for name, one in parts.items()
        }
        json_line({"records": report.counts.records, **told, "refused": dict(refused)})
    else:
        counted = ", ".join(
            f"{name} {one.new:,} new and {one.known:,} known" for name, one in parts.items()
        )
        say(f"{report.counts.records:,} records: {counted}, {refused.total():,} refused")
        for reason, count in refused.most_common():
            say(f"  refused: {count:,} × {one_line(reason, 200)}")
        for name, one in parts.items():
            if one.conflicts:
                ids = one_line(", ".join(one.ids), 200)
                say(f"  {name} against what came first, which stays: {one.conflicts:,}: {ids}")
        if gone := sum(one.forgotten for one in parts.values()):
            say(f"  dropped, for they are of people who were forgotten: {gone:,}")
    if refused and refused.total() == report.counts.records:
        raise OperatorError("every record was refused; nothing was stored")
