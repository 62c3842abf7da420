"""What ``intent classify --engine spark`` does: histories as a job, from file to folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from intent.cli.screen import json_line, say
from intent.model.errors import OperatorError, WrongUse

if TYPE_CHECKING:
    from intent.bootstrap.application import Application


def classify_on_spark(
    app: Application, path: str | None, output: Path | None, *, model: Path | None, as_json: bool
) -> None:
    """Decide a history, and say how much it was; exit 1 where rows were refused.

    Raises:
        WrongUse: there is no file to read or no folder to write.
        OperatorError: Spark is missing, or cannot go on.
    """
    if path in (None, "-") or output is None:
        raise WrongUse(
            "--engine spark reads a PATH (Parquet or .jsonl), and writes an --output DIR"
        )
    try:
        from intent.features.offline.spark_session import open_session
        from intent.operations.spark_history import classify_history
    except ModuleNotFoundError as error:
        raise OperatorError(
            "Spark is not installed; run: pip install 'lead-intent[spark]'"
        ) from error
    from intent.bootstrap.history import build_history

    assert path is not None
    deciding = build_history(app, model_dir=model)
    report = classify_history(open_session("intent classify"), Path(path), output, deciding)
    if as_json:
        json_line(asdict(report))
    else:
        say(
            f"{report.decided:,} decided, in {output}; into a store they go with: "
            f"intent runs import {output} --run NAME"
        )
    if report.refused:
        say(
            f"{report.refused:,} rows were refused and have no decision; the column refused has why"
        )
        raise typer.Exit(1)
