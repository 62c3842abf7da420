"""The verb that says whether knowing intents predicts more: lift."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.lift.lift_report import LiftPlan, LiftReport
from eval.lift.material import LiftMaterial
from eval.lift.measured import measure_lift
from eval.lift.of_rows import read_rows
from eval.lift.of_world import read_log
from eval.lift.verdict_words import lift_headline, lift_lines, lift_verdict
from eval.report.lift_page import lift_page
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, people, results, write_output
from intent.features.definitions.definitions import Definitions
from intent.model.errors import OperatorError

LEAKED = 100


def lift(
    world: Annotated[
        Path | None,
        typer.Option(help="folder of a log: impressions, clicks, conversions and facts/"),
    ] = None,
    rows: Annotated[
        Path | None, typer.Option(help="Parquet of rows that have features already")
    ] = None,
    target: Annotated[
        str, typer.Option(help="order or click; with --rows a column of 0 and 1")
    ] = "order",
    feature_set: Annotated[
        str, typer.Option("--feature-set", "--set", help="which features; with --world")
    ] = "ranking_v3",
    refits: Annotated[int, typer.Option(min=1, help="models of each kind")] = 3,
    shuffles: Annotated[int, typer.Option(min=2, help="times that intents are dealt anew")] = 3,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="HTML page to write")
    ] = None,
    strict: Annotated[bool, typer.Option(help="exit 100 where a column leaks")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Hold intents against the same columns with their meaning dealt anew, say what a log promises
    and a server keeps, and name columns that know what comes after their row.

    Example: python -m eval lift --world worlds/one --target order -o lift.html
    """
    definitions = open_application().definitions
    plan = LiftPlan(refits=refits, shuffles=shuffles)
    with tempfile.TemporaryDirectory(prefix="lift-") as scratch:
        given = _given(world, rows, target, feature_set, definitions, Path(scratch))
        found = measure_lift(given, plan, lambda step: people().print(step, style="dim"))
    if output is not None:
        write_output(output, lift_page(found, plan, _command(world, rows, target, feature_set)))
    if as_json:
        json_line(_plain(found))
    else:
        results().print(f"{lift_verdict(found).upper()}: {lift_headline(found)}", soft_wrap=True)
        for line in lift_lines(found):
            results().print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    if strict and found.leaking:
        raise typer.Exit(LEAKED)


def _given(
    world: Path | None,
    rows: Path | None,
    target: str,
    feature_set: str,
    definitions: Definitions,
    scratch: Path,
) -> LiftMaterial:
    if (world is None) == (rows is None):
        raise OperatorError("name what to measure on: either --world DIR or --rows FILE")
    if rows is not None:
        return read_rows(rows, definitions, target)
    assert world is not None
    return read_log(world, definitions, definitions.feature_set(feature_set), target, scratch)


def _command(world: Path | None, rows: Path | None, target: str, feature_set: str) -> str:
    source = f"--world {world} --feature-set {feature_set}" if world else f"--rows {rows}"
    return f"python -m eval lift {source} --target {target}"


def _plain(found: LiftReport) -> dict[str, Any]:
    """Return everything as JSON carries it; what is not known is null."""
    said = dataclasses.asdict(found)
    said["leaks"] = [dict(dataclasses.asdict(one), leaks=one.leaks) for one in found.leaks]
    said["joins"] = [dict(dataclasses.asdict(one), leaked=one.leaked) for one in found.joins]
    said |= {"verdict": lift_verdict(found), "headline": lift_headline(found)}
    said["auc_gain"] = found.auc_gain
    return {name: _known(value) for name, value in said.items()}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
