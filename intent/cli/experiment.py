"""The verbs ``intent experiment …``: plan, start, assign, analyze, list."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, first_shard, instant, with_others
from intent.cli.screen import json_line, one_line, results, say, write_output
from intent.model.errors import OperatorError, WrongUse
from intent.model.experiment import ComparedRatio, Experiment, UnitKind, read_arms
from intent.store.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable

    from intent.experiments.planning import UnitPlan
    from intent.statistics.ratios import ArmRatios, ArmUnits

app = typer.Typer(
    no_args_is_help=True,
    help="Experiments: what can be seen, who gets which arm, and what came of it.",
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name from: intent experiment list")]
Compared = Annotated[ComparedRatio, typer.Option(help="What is compared: a ratio of two sums.")]
MINUTE = 60.0


@app.command()
def plan(
    metric: Compared = ComparedRatio.ORDERS_PER_VIEWER,
    days: Annotated[
        int, typer.Option(min=1, help="How many days back your own rooms are looked at.")
    ] = 28,
    lengths: Annotated[
        list[int] | None, typer.Option("--for", min=1, help="Days to plan for; 7, 14 and 28.")
    ] = None,
    block: Annotated[
        float, typer.Option(min=1, help="Minutes for which an arm lasts, if time is dealt.")
    ] = 30.0,
    until: Annotated[str | None, typer.Option(help="Where these days end; now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what could be seen: for each unit that can be dealt the smallest effect that is found
    four times in five, by simulation of your own rooms.

    Examples: [bold]intent experiment plan[/] · [bold]intent experiment plan --metric
    leads_per_message --for 7 --for 28 --json[/]
    """
    _has_scipy()
    from intent.experiments.planning import plan_units
    from intent.operations.experiments import read_own_rooms

    end = instant(until) if until else datetime.now(UTC)
    opened, others = with_others(quiet=True)
    since = end - timedelta(days=days)
    history = read_own_rooms(opened.database, metric, since, end, others)
    found = plan_units(history, [float(one) for one in lengths or (7, 14, 28)], block)
    if as_json:
        for one in found:
            json_line(_plain_plan(one, metric))
        return
    say(
        f"{len(history.numerators):,} rooms in {history.days:.1f} days, {metric.value} "
        f"{history.rate:.4g}"
    )
    _show_plans(found)


@app.command()
def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, . _ -")],
    unit: Annotated[UnitKind, typer.Option(help="What is dealt.")],
    arm: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME=SHARE, the first is control; control and treatment."),
    ] = None,
    metric: Compared = ComparedRatio.ORDERS_PER_VIEWER,
    block: Annotated[
        float | None, typer.Option(help="Minutes for which an arm lasts, if time is dealt.")
    ] = None,
    burn_in: Annotated[float, typer.Option(min=0, help="Minutes left out of each block.")] = 0.0,
    half_life: Annotated[
        float | None,
        typer.Option(min=0, help="Minutes in which half of what an arm leaves behind is gone."),
    ] = None,
    planned: Annotated[
        int | None, typer.Option(min=1, help="Units at which you will read it.")
    ] = None,
    salt: Annotated[str | None, typer.Option(help="What units are hashed with; the name.")] = None,
    salt_version: Annotated[int, typer.Option(min=1, help="Another one deals anew.")] = 1,
    since: Annotated[str | None, typer.Option(help="When it begins; now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write an experiment down before anything of it is seen; it is never changed afterwards.

    Examples: [bold]intent experiment start boost --unit room --arm control --arm boost[/] ·
    [bold]intent experiment start turns --unit time --block 30 --burn-in 8 --half-life 2[/]
    """
    from intent.operations.experiments import start_experiment

    tried = Experiment(
        name=name,
        unit=unit,
        arms=read_arms(arm or ["control", "treatment"]),
        metric=metric,
        started=instant(since) if since else datetime.now(UTC),
        salt=salt or name,
        salt_version=salt_version,
        block=None if block is None else timedelta(minutes=block),
        burn_in=timedelta(minutes=burn_in),
        half_life=None if half_life is None else timedelta(minutes=half_life),
        planned=planned,
    )
    start_experiment(first_shard(access=Access.WRITE, quiet=True).database, tried)
    if as_json:
        json_line({"experiment": name, "started": tried.started.isoformat()})
    else:
        say(f"{name} is written down; deal units with: intent experiment assign {name}")


@app.command()
def assign(
    name: Name,
    platform: Annotated[str, typer.Option(help="Where the units are.")],
    unit: Annotated[
        list[str] | None,
        typer.Argument(metavar="[UNIT]…", help="Ids; without any, one a line from stdin."),
    ] = None,
    at: Annotated[str | None, typer.Option(help="When it is shown; now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the arm of each unit and write its exposure, once; for time, units are rooms.

    Examples: [bold]intent experiment assign boost --platform tiktok live-1 live-2[/] ·
    [bold]intent experiment assign boost --platform tiktok < rooms.txt[/]
    """
    from intent.operations.experiments import assign_units
    from intent.outcomes.exposures import ExposureRecorder

    units = unit or [line.strip() for line in sys.stdin if line.strip()]
    if not units:
        raise WrongUse("no unit was named")
    opened = first_shard(access=Access.WRITE, quiet=True)
    recorder = ExposureRecorder(opened.tombstones)
    when = instant(at) if at else datetime.now(UTC)
    for given, arm in assign_units(opened.database, recorder, name, platform, units, when):
        if as_json:
            json_line({"experiment": name, "platform": platform, "unit": given, "arm": arm})
        else:
            results().print(f"{one_line(given, 120)}  {arm}", markup=False)


@app.command()
def analyze(
    name: Name,
    metric: Annotated[
        ComparedRatio | None, typer.Option(help="Another than it was started for.")
    ] = None,
    burn_in: Annotated[
        float | None, typer.Option(min=0, help="Other minutes left out of each block.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="What came later is left out; now.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file to write.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read an experiment: the split first, then the arms, what is still to come, and what hosts can
    serve.

    Examples: [bold]intent experiment analyze boost -o boost.html[/] · [bold]intent experiment
    analyze boost --json | jq .verdict[/]
    """
    _has_scipy()
    from intent.operations.experiments import analyse_experiment
    from intent.report.experiment_page import experiment_file, plain_experiment

    opened, others = with_others(quiet=True)
    found = analyse_experiment(
        opened.database,
        name,
        instant(until) if until else datetime.now(UTC),
        metric=metric,
        burn_in=None if burn_in is None else timedelta(minutes=burn_in),
        viewers=_scorecard,
        others=others,
    )
    if output is not None:
        write_output(output, experiment_file(found))
    if as_json:
        json_line(plain_experiment(found))
        return
    for sentence in (*found.verdict, *(f"! {one}" for one in found.warnings)):
        results().print(sentence, markup=False, soft_wrap=True)
    say(f"written to {output}" if output else "the whole report as a page: add -o report.html")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List experiments, the newest first, with how many units each arm was shown to.

    Example: [bold]intent experiment list[/]
    """
    from rich.table import Table

    from intent.operations.experiments import list_experiments

    table = Table(title="Experiments", title_justify="left")
    for column in ("experiment", "unit", "compares", "since", "exposed"):
        table.add_column(column, overflow="fold")
    for one, units in list_experiments(first_shard(quiet=True).database):
        if as_json:
            json_line(
                {
                    "experiment": one.name,
                    "unit": one.unit.value,
                    "metric": one.metric.value,
                    "started": one.started.isoformat(),
                    "exposed": units,
                }
            )
            continue
        shown = ", ".join(f"{arm} {count:,}" for arm, count in units.items())
        since = f"{one.started:%Y-%m-%d %H:%M}"
        table.add_row(one.name, one.unit.value, one.metric.value, since, shown)
    if not as_json:
        results().print(table)


def _has_scipy() -> None:
    try:
        import scipy  # noqa: F401
    except ImportError as error:
        raise OperatorError(
            "experiments are planned and read with scipy: pip install 'lead-intent[experiments]'"
        ) from error


def _scorecard() -> Callable[[ArmUnits], ArmRatios]:
    """Return tea-tasting's comparison, which takes seconds to be imported."""
    try:
        from intent.experiments.viewer_scorecard import compare_by_scorecard
    except ImportError as error:
        raise OperatorError(
            "arms of viewers are compared by tea-tasting: pip install 'lead-intent[experiments]'"
        ) from error
    return compare_by_scorecard


def _plain_plan(one: UnitPlan, metric: ComparedRatio) -> dict[str, object]:
    return {
        "unit": one.unit,
        "metric": metric.value,
        "days": one.days,
        "units": one.units,
        "visible": None if one.visible != one.visible else round(one.visible, 4),
        "false_alarms": None if one.false_alarms != one.false_alarms else one.false_alarms,
        "note": one.note,
    }


def _show_plans(found: list[UnitPlan]) -> None:
    from rich.table import Table

    table = Table(title="What could be seen, four times in five", title_justify="left")
    for column in ("unit", "days", "units", "smallest effect", "false alarms", "but"):
        right = column not in {"unit", "but"}
        table.add_column(column, overflow="fold", justify="right" if right else "left")
    for one in found:
        seen = "none" if one.visible != one.visible else f"{one.visible:+.0%}"
        alarms = "" if one.false_alarms != one.false_alarms else f"{one.false_alarms:.1%}"
        table.add_row(one.unit, f"{one.days:g}", f"{one.units:,}", seen, alarms, one.note)
    results().print(table)
