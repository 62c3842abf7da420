"""What ``run --only-failures`` runs again: the messages that another run decided wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.measure.finished import load_run, wrong_decisions
from eval.run.request import Failures
from eval.run.suite import Suite
from intent.bootstrap.application import open_application
from intent.model.errors import OperatorError

OnlyFailures = Annotated[
    Path | None,
    typer.Option(
        "--only-failures",
        metavar="RUN",
        help="only the messages that this run decided wrongly, in labels or slots; a selection, "
        "which may not be blessed or gated",
    ),
]


def failures_of(folder: Path | None, suite: Suite) -> Failures | None:
    """Return what a run decided wrongly, at any repeat; None where no run is named.

    Raises:
        OperatorError: the run cannot be read, or is of another suite.
    """
    if folder is None:
        return None
    taxonomy = open_application().taxonomy
    run = load_run(folder, taxonomy)
    if run.suite.name != suite.name:
        raise OperatorError(
            f"{folder} is a run of suite {run.suite.name}, not of {suite.name}; add --suite "
            f"{run.manifest.suite_file}"
        )
    return Failures(folder, frozenset(one.id for _, one, _ in wrong_decisions(run, taxonomy)))
