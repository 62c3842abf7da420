"""The verb that says what each group of features is worth: rank groups."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, people, results, say
from intent.features.offline.model_input import numeric_names
from intent.model.errors import OperatorError

if TYPE_CHECKING:
    from eval.lift.group_worth import GroupRows, GroupsReport
    from intent.features.definitions.definitions import Definitions
    from intent.statistics.rooms import Estimate

LEVEL = 0.05


def groups(
    world: Annotated[
        Path | None,
        typer.Option(help="folder of a log: impressions, clicks, conversions and facts/"),
    ] = None,
    rows: Annotated[
        Path | None, typer.Option(help="file of intent features build, with a label")
    ] = None,
    target: Annotated[str, typer.Option(help="click or order; with --rows a label")] = "click",
    base: Annotated[
        list[str] | None, typer.Option(help="with --rows: a column known without features")
    ] = None,
    of_set: Annotated[str, typer.Option("--feature-set", "--set")] = "ranking_v2",
    add: Annotated[list[str] | None, typer.Option(help="a feature more; may stand often")] = None,
    against: Annotated[str, typer.Option(help="another set to hold this one against")] = "",
    refits: Annotated[int, typer.Option(min=2, help="models of each kind")] = 3,
    blocks: Annotated[int, typer.Option(min=1, help="blocks of days that are judged")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Say what each group of a set's features is worth: left out of all, and added alone to what is
    known without it. Every row is judged by models that learnt from earlier days.

    Example: python -m eval rank groups --world worlds/one --target order --against ranking_v1
    """
    from eval.lift.group_worth import measure_groups

    if (world is None) == (rows is None):
        raise OperatorError("name what to measure on: either --world DIR or --rows FILE")
    definitions = open_application().definitions
    names = list(dict.fromkeys([*_names(of_set, definitions), *(add or ())]))
    other = _names(against, definitions) if against else []
    every = list(dict.fromkeys([*names, *other]))
    given = _given(world, rows, target, every, base or [], definitions)
    found = measure_groups(
        given,
        names,
        other,
        refits=refits,
        blocks=blocks,
        progress=lambda step: people().print(step, style="dim"),
    )
    if as_json:
        json_line(dataclasses.asdict(found))
        return
    _show(found, target, of_set, against)


def _names(of_set: str, definitions: Definitions) -> list[str]:
    return numeric_names(definitions.feature_set(of_set))


def _given(
    world: Path | None,
    rows: Path | None,
    target: str,
    names: list[str],
    base: list[str],
    definitions: Definitions,
) -> GroupRows:
    from eval.lift.group_rows import rows_of_file, rows_of_log

    if rows is not None:
        return rows_of_file(rows, definitions, names, target, base)
    assert world is not None
    with tempfile.TemporaryDirectory(prefix="groups-") as scratch:
        return rows_of_log(world, definitions, names, target, Path(scratch))


def _show(found: GroupsReport, target: str, of_set: str, against: str) -> None:
    title = f"log-loss by which features predict {target}, per million rows"
    table = Table(title=title, title_justify="left")
    table.add_column("group", overflow="fold")
    for name in ("features", "lost without it", "95 %", "saved by it alone", "95 %", "says"):
        table.add_column(name, justify="right")
    for one in sorted(found.groups, key=lambda one: -one.left_out.value):
        words = ", ".join(_words(one.p_left_out, one.left_out, "needed", "in the way"))
        alone = ", ".join(_words(one.p_added, one.added, "helps alone", "harms alone"))
        table.add_row(
            one.name,
            str(one.features),
            *_numbers(one.left_out),
            *_numbers(one.added),
            ", ".join(word for word in (words, alone) if word) or "not shown",
        )
    results().print(table)
    say(
        f"{found.rows:,} judged rows, {found.positives:,} positive, {found.users:,} users; AUC "
        f"{found.base_auc:.4f} without features, {found.auc:.4f} with all"
    )
    say(f"all features save {' '.join(_numbers(found.over_base))} per million over the base")
    if found.over_other is not None:
        say(f"{of_set} saves {' '.join(_numbers(found.over_other))} per million over {against}")


def _words(p: float, found: Estimate, more: str, less: str) -> Iterator[str]:
    if p < LEVEL:
        yield more if found.value > 0 else less


def _numbers(found: Estimate) -> tuple[str, str]:
    low, high = found.low * 1e6, found.high * 1e6
    return f"{found.value * 1e6:+.1f}", f"({low:+.1f} to {high:+.1f})"
