"""The verb ``intent attribution report``: linked, credited and caused, side by side."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, instant, with_others
from intent.cli.screen import json_line, one_line, results, say, write_output
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.report.attribution_figures import AttributionReport

app = typer.Typer(
    no_args_is_help=True, help="What orders are linked to, credited to, and caused by."
)
_WINDOW = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
Window = Annotated[
    str, typer.Option(help="How long before an order a message may have been said: 24h, 7d.")
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--region", help="Country whose national phone numbers are understood; repeat."),
]


@app.callback()
def _attribution() -> None:
    """Keep ``report`` a verb of its own."""


Rules = Annotated[
    list[str] | None,
    typer.Option("--rule", help="last_touch, linear, position, markov, shapley; all by default."),
]
OfExperiment = Annotated[
    str | None, typer.Option(help="Whose arms say what was caused; its first arm is without.")
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="As it was known at this instant.")]
Run = Annotated[str | None, typer.Option(help="Keep links and credits under this name.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="HTML file to write, which needs nothing else."),
]


@app.command("report")
def report(
    window: Window = "7d",
    rule: Rules = None,
    experiment: OfExperiment = None,
    as_of: AsOf = None,
    region: Regions = None,
    run: Run = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Report what conversions are linked to (the same person wrote before), credited to (by rules),
    and caused by (what was withheld at random): three things that are never mixed.

    Examples: [bold]intent attribution report --window 24h[/] · [bold]intent attribution report
    --experiment answers --as-of 2026-11-20T00:00:00Z -o attribution.html[/]
    """
    from intent.bootstrap.outcomes import spoken_phones
    from intent.operations.attribution import AttributionTold, attribution_report
    from intent.outcomes.crediting import CreditRule
    from intent.report.attribution_page import attribution_file, plain_attribution

    opened, others = with_others(access=Access.WRITE if run else Access.READ, quiet=True)
    try:
        rules = [CreditRule(one) for one in rule or [one.value for one in CreditRule]]
    except ValueError:
        raise WrongUse(f"a rule is one of: {', '.join(CreditRule)}") from None
    told = AttributionTold(
        read_window(window),
        spoken_phones(opened, region or ()),
        rules,
        experiment,
        instant(as_of) if as_of else None,
        run,
    )
    try:
        found = attribution_report(opened.database, told, others)
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"{error.name} is not installed; run: pip install 'lead-intent[experiments]'"
        ) from error
    if output is not None:
        write_output(output, attribution_file(found))
    if as_json:
        json_line(plain_attribution(found))
        return
    _tell(found)
    say(f"written to {output}" if output else "with the sentences, as a page: add -o report.html")


def read_window(text: str) -> timedelta:
    """Read a length of time such as ``24h``.

    Raises:
        WrongUse: it is none.
    """
    found = _WINDOW.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise WrongUse(f"{text!r} is no length of time; write it like 90m, 24h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _tell(found: AttributionReport) -> None:
    from rich.table import Table

    from intent.report.attribution_page import caused_sentence, money

    console = results()
    console.print(
        f"as known at {found.as_of:%Y-%m-%d %H:%M:%S} UTC: {found.conversions:,} conversions, "
        f"{found.standing:,} stand ({money(found.values)})",
        markup=False,
    )
    linked = found.linked
    methods = ", ".join(f"{name} {count:,}" for name, count in linked.methods.items())
    console.print(
        f"linked: {linked.linked:,} of {linked.conversions:,} ({money(linked.values)}); by "
        f"{methods or 'nothing'}; told by several people alike: {linked.ambiguous:,}",
        markup=False,
    )
    table = Table(title="credited, by rules, which say nothing of causes", title_justify="left")
    for column in ("rule", "to", "of these"):
        table.add_column(column, overflow="fold")
    for one in found.credited:
        shares = (
            ", ".join(f"{name} {share:,.1f}" for name, share in part.items())
            for part in (one.kinds, one.intents)
        )
        table.add_row(one.rule, *shares)
    console.print(table)
    console.print(f"caused: {one_line(caused_sentence(found.caused), 300)}", markup=False)
