"""The command ``intent``: puts the verbs together, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import sys

import typer

from intent.cli import asking, features, flow, look, model, operate, prompts, runs
from intent.cli.screen import fail
from intent.errors import IntentError

app = typer.Typer(
    name="intent",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Finds the few live-stream messages that say *I would buy, book, be called back*.",
    epilog="Start with: intent demo",
)
for verb in (flow.demo, operate.migrate, flow.ingest, flow.work, model.classify, look.leads, model.train, look.audit, operate.config):
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
        app(standalone_mode=True)
    except IntentError as error:
        fail(str(error))
        sys.exit(1)
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or ''}")
        sys.exit(1)
