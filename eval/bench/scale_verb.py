"""The verb ``python -m eval bench scale``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.bench.scale import read_resources, scale_table


def scale(
    file: Annotated[Path, typer.Argument(help="What bench pipeline --shipped --json printed.")],
    plot: Annotated[
        Path | None, typer.Option(help="Draw the processor time of each resource, as SVG.")
    ] = None,
) -> None:
    """Print how many machines so many messages a second take, from measured processor time.

    Example: python -m eval bench scale docs/plots/scale.jsonl
    """
    resources = read_resources(file.read_text(encoding="utf-8").splitlines())
    typer.echo(scale_table(resources))
    if plot is not None:
        # matplotlib takes a while to import: only this option waits for it.
        from eval.bench.scale_plot import scale_plot

        scale_plot(resources, plot)
