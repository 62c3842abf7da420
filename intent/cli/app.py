"""The command ``intent``: puts the verbs together, and turns errors into one sentence and an exit
code.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from intent import __version__
from intent.cli import (
    attribution,
    claims,
    conversions,
    dead,
    experiment,
    features,
    hooks,
    impressions,
    keys,
    lane,
    leads,
    prompts,
    report,
    runs,
    shards,
    vault,
)
from intent.cli.ask import ask
from intent.cli.audit import audit
from intent.cli.backup import backup, restore
from intent.cli.classify import classify
from intent.cli.config import config
from intent.cli.contacts import contacts
from intent.cli.demo import demo
from intent.cli.forget import forget
from intent.cli.ingest import ingest
from intent.cli.listen import listen
from intent.cli.migrate import migrate
from intent.cli.publish import publish
from intent.cli.retain import retain
from intent.cli.screen import fail
from intent.cli.serve import serve
from intent.cli.sources import sources
from intent.cli.status import status
from intent.cli.subject_export import export
from intent.cli.train import train
from intent.cli.work import work
from intent.model.errors import IntentError, WrongUse

app = typer.Typer(
    name="intent",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Finds the few live-stream messages that say *I would buy, book, be called back*.",
    epilog="Start with: intent demo",
)
for verb in (
    demo,
    migrate,
    ingest,
    listen,
    publish,
    sources,
    work,
    ask,
    serve,
    status,
    classify,
    audit,
    contacts,
):
    app.command()(verb)
for seldom in (runs.backfill, train, forget, retain, export, backup, restore, config):
    app.command()(seldom)
app.add_typer(leads.app, name="leads")
app.add_typer(lane.app, name="lane")
app.add_typer(features.app, name="features")
app.add_typer(dead.app, name="dead")

app.add_typer(hooks.app, name="hooks")
app.add_typer(keys.app, name="keys")
app.add_typer(shards.app, name="shards")
app.add_typer(vault.app, name="vault")
app.add_typer(prompts.app, name="prompts")
app.add_typer(runs.app, name="runs")
app.add_typer(report.app, name="report")
app.add_typer(claims.app, name="claims")
app.add_typer(conversions.app, name="conversions")
app.add_typer(impressions.app, name="impressions")
app.add_typer(attribution.app, name="attribution")
app.add_typer(experiment.app, name="experiment")


def main() -> None:
    """Run the command line: exit 0 done, 1 failed, 2 wrong use."""
    try:
        _readable(sys.argv)
        app(standalone_mode=True)
    except IntentError as error:
        fail(str(error))
        sys.exit(2 if isinstance(error, WrongUse) else 1)
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or ''}")
        sys.exit(1)


def _readable(arguments: list[str]) -> None:
    # Python hides bytes that are no UTF-8 in lone surrogates; a path may hold them, but neither a
    # database nor JSON can.
    for argument in arguments:
        if (
            not argument.isascii()
            and argument != argument.encode("utf-8", "replace").decode("utf-8")
            and not Path(argument).exists()
        ):
            raise WrongUse(f"{argument!a} is no UTF-8")


@app.callback(invoke_without_command=True)
def _before_all(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
    log_format: Annotated[
        Literal["text", "json"] | None,
        typer.Option(help="How logs are written to stderr; default: INTENT_LOG_JSON."),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None,
        typer.Option(help="Smallest level that is logged; default: INTENT_LOG_LEVEL."),
    ] = None,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    # Settings are read from the environment alone, by whoever needs them.
    if log_format is not None:
        os.environ["INTENT_LOG_JSON"] = str(log_format == "json")
    if log_level is not None:
        os.environ["INTENT_LOG_LEVEL"] = log_level
