"""Verbs of features offline: export facts and build training rows; they need the extra
packages of ``lead-intent[offline]``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from intent.cli.arguments import AsJson, application, instant
from intent.cli.offline_screen import show_build
from intent.cli.screen import json_line, progress_bar, say
from intent.model.errors import OperatorError, WrongUse

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.features.offline.build import BuildReport
    from intent.features.offline.converted import KnownConversions
    from intent.ports.features import Engine


def export(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the facts; what is there already stays.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write decisions as facts: Parquet by date, only what is new since the last time; what was
    forgotten goes. Safe to stop and to repeat.

    Example: [bold]intent features export facts/[/]
    """
    from intent.bootstrap.exported import ExportKind, remember_export

    app = application()
    remember_export(app, ExportKind.FACTS, folder)
    report = export_facts_into(app, folder)
    if as_json:
        json_line(report)
    else:
        say(
            f"{report['written']:,} facts written, {report['removed']:,} removed, "
            f"{report['total']:,} in {folder}"
        )


def build(
    spine: Annotated[
        Path,
        typer.Option(
            help="Entity dataframe: Parquet file or folder of requests with event_timestamp, key "
            "columns, anything else."
        ),
    ],
    of_set: Annotated[
        str, typer.Option("--feature-set", "--set", help="Feature set, such as ranking_v1.")
    ],
    out: Annotated[
        Path, typer.Option(help="Parquet file to write; by --partition or Spark a folder.")
    ],
    facts: Annotated[
        Path | None,
        typer.Option(help="Folder of facts; without it they are exported for this build alone."),
    ] = None,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    history: Annotated[
        str, typer.Option(help="strict, or assume:30s for history that was ingested afterwards.")
    ] = "strict",
    margin: Annotated[
        float, typer.Option(min=0.0, help="Seconds that a commit may take to become known.")
    ] = 5.0,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help="Count forward: NAME=ENTITY:TOPIC:WINDOW, or orders and the like: "
            "NAME=ENTITY:conversion:KIND:WINDOW; may be repeated."
        ),
    ] = None,
    conversions_as_of: Annotated[
        str | None,
        typer.Option(help="Labels count conversions as known at this instant; now if not given."),
    ] = None,
    min_match: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Smallest share of rows, of those with a key, whose entity must have been seen; "
            "with fewer the file is written, and exit is 1. 0 accepts all.",
        ),
    ] = 0.001,
    partition: Annotated[
        Literal["date"] | None,
        typer.Option(
            help="date: write a folder a date of the rows (UTC), as warehouses read them; the file "
            "of a date is replaced as a whole, other dates stay."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build training rows: one for each row of the spine, in order, with features as they were
    known at its time.

    Examples: [bold]intent features build --spine requests.parquet --feature-set ranking_v1 --out
    train.parquet --history assume:30s[/] · [bold]intent features build --spine requests.parquet
    --feature-set ranking_v1 --out train.parquet --label
    ordered=user_creator:conversion:order:24h[/]
    """
    require_packages()
    if partition and engine != "duckdb":
        raise WrongUse("--partition goes with --engine duckdb; Spark divides what it has written")
    wanted = _Wanted(spine, out, facts, engine, conversions_as_of, by_date=partition is not None)
    report = _built(application(), wanted, of_set, (history, margin), label or ())
    if as_json:
        json_line(asdict(report))
    else:
        show_build(report, out, strict=history == "strict")
    _require_match(report, min_match)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """From what rows are built, by whom, and where they go."""

    spine: Path
    out: Path
    facts: Path | None
    engine: str
    conversions_as_of: str | None
    by_date: bool


def _built(
    app: Application,
    wanted: _Wanted,
    of_set: str,
    history: tuple[str, float],
    label: Sequence[str],
) -> BuildReport:
    from intent.bootstrap.exported import ExportKind, remember_export
    from intent.features.offline.build import build as run
    from intent.features.offline.by_date import write_by_date
    from intent.features.offline.history import parse_history
    from intent.features.offline.labels import parse_label

    remember_export(app, ExportKind.BUILT, wanted.out)
    definitions = app.definitions
    chosen, known = definitions.feature_set(of_set), parse_history(*history)
    labels = [parse_label(text, definitions) for text in label]
    with tempfile.TemporaryDirectory() as scratch, progress_bar("Building", None) as (bar, task):
        spill = Path(scratch)
        facts = wanted.facts
        if facts is None:
            facts = spill / "facts"
            export_facts_into(app, facts)
        converted = None
        if any(one.conversion for one in labels):
            when = instant(wanted.conversions_as_of) if wanted.conversions_as_of else None
            converted = _converted(app, when, spill / "converted.parquet")
        whole = spill / "rows.parquet" if wanted.by_date else wanted.out
        with offline_engine(wanted.engine, spill) as opened:
            report = run(
                opened,
                chosen,
                definitions,
                spine=wanted.spine,
                facts=facts,
                out=whole,
                history=known,
                labels=labels,
                conversions=converted,
                progress=lambda step: bar.update(task, advance=1, note=step),
            )
        if wanted.by_date:
            write_by_date(whole, wanted.out)
    return report


def _require_match(report: BuildReport, min_match: float) -> None:
    if poor := report.poorly_matched(min_match):
        raise OperatorError(
            f"fewer than {min_match:.2%} of the rows found their {' or '.join(poor)} among the "
            "facts; compare platform and ids of the spine with those of the messages, and its "
            "times with --history, or accept it with --min-match 0"
        )


def export_facts_into(app: Application, folder: Path) -> dict[str, Any]:
    """Bring a folder of facts up to date, with progress; return how many were written, were removed
    and are there.

    Raises:
        OperatorError: a package is missing, or the folder holds something else.
    """
    require_packages()
    from intent.features.definitions.events import Topics
    from intent.features.offline.facts import export_facts

    topics = Topics(app.taxonomy.members)
    with progress_bar("Exporting facts", None) as (bar, task):
        return asdict(
            export_facts(
                app.database,
                folder,
                topics,
                progress=lambda written: bar.update(task, completed=written),
            )
        )


def _converted(app: Application, as_of: datetime | None, file: Path) -> KnownConversions:
    from intent.features.offline.converted import write_converted
    from intent.operations.conversions import labelled_conversions

    when, found = labelled_conversions(app.database, as_of)
    return write_converted(found, when, file)


def offline_engine(name: str, spill: Path) -> Engine:
    """Return the engine of that name; it may write to ``spill``.

    Raises:
        OperatorError: there is none of that name, or it is not installed.
    """
    if name == "duckdb":
        from intent.features.offline.duck import DuckEngine

        return DuckEngine(spill)
    if name != "spark":
        raise OperatorError(f"--engine must be duckdb or spark, not {name!r}")
    try:
        from intent.features.offline.spark import SparkEngine
    except ModuleNotFoundError as error:
        raise OperatorError(
            "Spark is not installed; run: pip install 'lead-intent[spark]'"
        ) from error
    return SparkEngine()


def require_packages() -> None:
    """Do nothing if what builds features is installed, else raise OperatorError."""
    try:
        import duckdb  # noqa: F401
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"{error.name} is not installed; run: pip install 'lead-intent[offline]'"
        ) from error
