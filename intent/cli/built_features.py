"""Verbs on built features: how far their values have drifted, and a repository for Feast."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.offline import require_packages
from intent.cli.screen import json_line, results, say
from intent.model.errors import WrongUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from intent.features.check.feature_profile import FeatureDrift, FeatureProfile

SHOWN = 20


def profile(
    rows: Annotated[Path, typer.Argument(help="file that intent features build has written")],
    of_set: Annotated[
        str | None, typer.Option("--feature-set", "--set", help="what it was built with")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="an earlier profile, or the folder of a ranker that keeps one"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="write this profile, to hold later ones against")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="write a page that shows the drift")] = None,
    limit: Annotated[
        float, typer.Option(min=0.0, help="population stability index from which on it alarms")
    ] = 0.25,
    as_json: AsJson = False,
) -> None:
    """Show null rates and quantiles of built features; against a reference, their drift: exit 1
    where a feature has drifted beyond the limit and beyond chance.

    Example: [bold]intent features profile train.parquet --set ranking_v1 --out profile.json[/]
    """
    require_packages()
    from intent.features.check.feature_profile import (
        drift,
        profile_of_file,
        read_profile,
        write_profile,
    )
    from intent.features.check.profile_page import drift_page

    definitions = application(quiet=True).definitions
    if page is not None and against is None:
        raise WrongUse("a page shows drift: give --against a profile, or a ranker's folder")
    before, chosen = (None, None) if against is None else read_profile(against, definitions)
    if of_set is not None:
        chosen = definitions.feature_set(of_set)
    if chosen is None:
        raise WrongUse("give --set with what the rows were built with, or --against a profile")
    now = profile_of_file(rows, chosen, before)
    found = [] if before is None else drift(now, before)
    if out is not None:
        write_profile(profile_of_file(rows, chosen), out)
    if page is not None and before is not None:
        page.write_text(drift_page(now, before, found, limit), encoding="utf-8")
    _tell(now, before, found, limit, as_json=as_json)
    if any(one.alarms(limit) for one in found):
        raise typer.Exit(1)


def feast(
    folder: Annotated[Path, typer.Argument(help="folder of the repository")],
    rows: Annotated[
        Path, typer.Option(help="file or folder by date that intent features build wrote")
    ],
    of_set: Annotated[str, typer.Option("--feature-set", "--set", help="what it was built with")],
    facts: Annotated[
        Path | None, typer.Option(help="folder of intent features export, to be a source, too")
    ] = None,
) -> None:
    """Write a repository for Feast over built rows: entities, a source, a view for each entity, a
    service; with --facts also what was decided last of each entity, as it was known.

    Examples: [bold]intent features feast feast/ --rows train.parquet --set ranking_v1[/] ·
    [bold]intent features feast feast/ --rows train.parquet --set ranking_v1 --facts facts/[/]
    """
    require_packages()
    from intent.features.offline.feast_repository import write_feast_repository

    definitions = application(quiet=True).definitions
    chosen = definitions.feature_set(of_set)
    views = write_feast_repository(folder, rows, chosen, definitions, facts)
    say(f"{len(views)} views in {folder}; go on with: cd {folder} && feast apply")


def _tell(
    now: FeatureProfile,
    before: FeatureProfile | None,
    found: Sequence[FeatureDrift],
    limit: float,
    *,
    as_json: bool,
) -> None:
    alarms = [one.name for one in found if one.alarms(limit)]
    if as_json:
        json_line({**asdict(now), "drift": [asdict(one) for one in found], "alarms": alarms})
    elif before is None:
        _show(now)
    else:
        _show_drift(found, limit)
        say(f"{now.rows:,} rows against {before.rows:,}: {len(alarms)} of {len(found)} alarm")


def _show(now: FeatureProfile) -> None:
    from rich.table import Table

    table = Table(title=f"{now.feature_set} {now.digest}: {now.rows:,} rows", title_justify="left")
    table.add_column("feature", overflow="fold")
    for name in ("missing", "1 %", "25 %", "median", "75 %", "99 %"):
        table.add_column(name, justify="right")
    for one in now.shapes:
        values = [one.quantiles[place] for place in (1, 3, 4, 5, 7)] if one.quantiles else []
        cells = [f"{value:,.4g}" for value in values] or ["–"] * 5
        table.add_row(one.name, f"{one.missing:.1%}", *cells)
    results().print(table)


def _show_drift(found: Sequence[FeatureDrift], limit: float) -> None:
    from rich.table import Table

    table = Table()
    table.add_column("feature", overflow="fold")
    for name in ("drift", "by chance", "missing", "before", "alarm"):
        table.add_column(name, justify="right")
    for one in found[:SHOWN]:
        shares = (f"{one.missing:.1%}", f"{one.missing_before:.1%}")
        alarm = "yes" if one.alarms(limit) else ""
        table.add_row(one.name, f"{one.index:.3f}", f"{one.by_chance:.3f}", *shares, alarm)
    results().print(table)
