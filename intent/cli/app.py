"""The command ``intent``: puts the verbs together, and turns errors into one sentence and an exit
code.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from intent.cli import asking, features, flow, look, model, operate, prompts, runs
from intent.cli.screen import fail
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
    flow.demo,
    operate.migrate,
    flow.ingest,
    flow.work,
    model.classify,
    look.leads,
    model.train,
    look.audit,
    operate.config,
):
    app.command()(verb)
for verb_of_asking in (asking.ask, asking.lane, asking.backfill, operate.forget):
    app.command()(verb_of_asking)
app.add_typer(features.features, name="features")
app.add_typer(operate.dead, name="dead")
app.add_typer(prompts.app, name="prompts")
app.add_typer(runs.app, name="runs")


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
def _version(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    if version:
        typer.echo(
            next(
                (found.version for found in metadata.distributions(name="lead-intent")),
                "not installed",
            )
        )
        raise typer.Exit
