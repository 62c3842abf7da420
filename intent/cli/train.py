"""The verb ``intent train``: trains a model from labelled messages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, say
from intent.model.errors import OperatorError


def train(
    data: Annotated[
        list[Path],
        typer.Option(
            help='JSONL to learn from: {"text", "labels"} a line is enough; may be repeated.'
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write the model to.")],
    dev: Annotated[
        Path | None,
        typer.Option(help="JSONL to choose thresholds on; without it they are cross-fitted."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Sentence encoder: a folder or hub name; default: the bundled one."),
    ] = None,
    slope: Annotated[
        float,
        typer.Option(
            min=0.05,
            max=5.0,
            help="Below 1 makes the model less sure; measure it on texts of the kind that it "
            "will meet.",
        ),
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Train a model from labelled messages, of this taxonomy or any other, single- or multi-label.

    Examples: [bold]intent train --data train.jsonl --out my_model[/] · [bold]intent classify
    test.jsonl --model my_model --json[/]
    """
    try:
        from intent.training.train import train as run
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"{error.name} is not installed; run: pip install 'lead-intent[train]'"
        ) from error

    app = application()
    report = run(
        data[0],
        dev,
        out,
        further=data[1:],
        slope=slope,
        encoder=encoder or app.settings.encoder,
        taxonomy=app.taxonomy,
        cache_dir=app.settings.cache_dir,
        progress=lambda line: say(line),
    )
    if as_json:
        json_line(asdict(report))
    else:
        say(f"the model lies in {out}; try: intent classify PATH --model {out} --json")
