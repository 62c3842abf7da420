"""The command ``python -m eval``: puts the verbs together, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from eval.data import verbs as data
from intent.cli.screen import people
from intent.errors import IntentError

app = typer.Typer(name="eval", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Measures decisions.")
app.add_typer(data.app, name="data")


@app.callback()
def _verbs() -> None:
    """Keep ``data`` a verb of its own while it is the only one."""


def main() -> None:
    """Run the command line: exit 0 done, 1 error, 2 wrong use."""
    try:
        app(standalone_mode=True)
    except IntentError as error:
        people.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
