"""The verb ``intent conversions ingest``: orders, bookings and leads from files of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, first_shard, opened
from intent.cli.screen import json_line, one_line, say
from intent.model.errors import OperatorError
from intent.model.outcomes import ConversionKind
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.operations.conversions import ConversionIngest
    from intent.outcomes.files.file_records import RefusedRecord
    from intent.outcomes.files.mapped_columns import ConversionMapping
    from intent.outcomes.files.said_values import FileTold

SHOWN = 5
"""Refused lines that people see; all are counted by their reason."""

File = Annotated[str, typer.Argument(metavar="PATH|-", help="File, or - for stdin.")]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        help="google_ads (also its adjustments), meta_crm, whatsapp, tiktok, shopify, csv, json.",
    ),
]
Mapping = Annotated[
    Path | None, typer.Option(help="YAML that says which column of a csv or json holds what.")
]
Zone = Annotated[
    str | None, typer.Option(help="Zone of times that do not say theirs: Asia/Singapore.")
]
Currency = Annotated[
    str | None, typer.Option(help="ISO 4217 code of values that do not say theirs.")
]
Kind = Annotated[
    ConversionKind | None, typer.Option(help="What they are; by default what the file says.")
]
Region = Annotated[
    list[str] | None,
    typer.Option(help="Country whose national phone numbers are understood; repeat it."),
]
Platform = Annotated[
    str | None, typer.Option(help="Where the file's user ids are from, such as tiktok.")
]


def ingest(
    path: File,
    format_name: Format,
    mapping: Mapping = None,
    timezone: Zone = None,
    currency: Currency = None,
    kind: Kind = None,
    region: Region = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Read conversions from a file: every event once, however often, late or mixed up it comes;
    refunds and cancellations are newer revisions. Phone numbers and mail addresses are kept as
    keyed hashes alone.

    Examples: [bold]intent conversions ingest offline.csv --format google_ads[/] · [bold]intent
    conversions ingest adjustments.csv --format google_ads[/] · [bold]intent conversions ingest
    orders.json --format shopify --region SG[/] · [bold]intent conversions ingest sales.csv --format
    csv --mapping sales.yaml --timezone Asia/Jakarta --currency IDR[/]
    """
    from intent.bootstrap.outcomes import contact_keys
    from intent.model.datafile import read_data
    from intent.outcomes.files.mapped_columns import ConversionMapping
    from intent.outcomes.files.said_values import FileTold, read_zone

    app = first_shard(access=Access.CREATE, quiet=True)
    told = FileTold(
        contact_keys(app),
        datetime.now(UTC),
        zone=read_zone(timezone) if timezone else None,
        currency=currency,
        kind=kind,
        regions=tuple(region or ()),
        platform=platform,
    )
    mapped = read_data(ConversionMapping, mapping) if mapping else None
    _tell(_read(app, path, format_name, told, mapped), as_json=as_json)


def _read(
    app: Application,
    path: str,
    format_name: str,
    told: FileTold,
    mapping: ConversionMapping | None,
) -> ConversionIngest:
    from intent.bootstrap.erasing import drop_loose_links
    from intent.bootstrap.failpoint import failpoint
    from intent.bootstrap.outcomes import outcome_recorder
    from intent.operations.conversions import ingest_conversions

    with opened(path) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        report = ingest_conversions(
            app.database,
            outcome_recorder(app),
            stream,
            format_name,
            told,
            mapping=mapping,
            refused=shown_refusals(),
            step=failpoint(app.settings.failpoint),
        )
    if report.events.forgotten:
        drop_loose_links(app)
    return report


def shown_refusals() -> Callable[[RefusedRecord], None]:
    """Return what tells people the first refused lines of a file."""
    left = iter(range(SHOWN))

    def show(line: RefusedRecord) -> None:
        if next(left, None) is not None:
            say(f"refused {line.position}: {line.reason}")

    return show


def _tell(report: ConversionIngest, *, as_json: bool) -> None:
    events, counts = report.events, report.counts
    refused, passed = counts.refused.total(), counts.passed_over.total()
    if as_json:
        json_line(
            {
                "records": counts.records,
                "new": events.new,
                "known": events.known,
                "conflicts": events.conflicts,
                "forgotten": events.forgotten,
                "refused": dict(counts.refused),
                "passed_over": dict(counts.passed_over),
            }
        )
    else:
        say(
            f"{counts.records:,} records: {events.new:,} new, {events.known:,} known, "
            f"{refused:,} refused, {passed:,} passed over"
        )
        for word, counted in (("refused", counts.refused), ("passed over", counts.passed_over)):
            for reason, count in counted.most_common():
                say(f"  {word}: {count:,} × {one_line(reason, 200)}")
        if events.forgotten:
            say(f"  dropped, for they are of people who were forgotten: {events.forgotten:,}")
        if events.conflicts:
            ids = one_line(", ".join(events.ids), 200)
            say(
                f"  ids that stand for something else already, which stays: "
                f"{events.conflicts:,}: {ids}"
            )
    if refused and refused == counts.records:
        raise OperatorError("every record was refused; nothing was stored")
