"""The verbs that turn runs into settings: calibrate, and the measured half of route."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import yaml
from rich.table import Table

from eval.measure.finished import FinishedRun, load_run
from eval.measure.routing import Tradeoff, frontier, opinions, repair
from eval.measure.tables import cost_curve, stream_weights
from eval.run.predictions import replace
from intent.bootstrap.application import open_application
from intent.classify.llm.calibration import Measured, measure
from intent.classify.route import Assumed, Route
from intent.cli.screen import people, results
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

_SHARES = (0, 5, 10, 15, 25, 50, 75, 100)


def calibrate(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")],
    write: Annotated[
        Path | None,
        typer.Option(
            help="calibration file to write the measured pairs into, such as "
            "prompts/calibration.yaml"
        ),
    ] = None,
) -> None:
    """Measure what answers are worth: P(true | named) and P(true | not named), pooled and per
    label; and the cheapest lead threshold.

    Example: python -m eval calibrate runs/mine --write prompts/calibration.yaml
    """
    taxonomy = open_application().taxonomy
    run = load_run(folder, taxonomy)
    if run.manifest.decider.by == "local":
        _thresholds(run, taxonomy)
        return
    asked = [one for one in run.predictions if one.stage == "llm" and one.labels]
    if not asked:
        raise OperatorError(f"the run {folder} has no answer of an LLM to measure")
    pairs = [(one.labels, run.items[one.id].row.expected.labels) for one in asked]
    measured = measure(
        pairs, taxonomy, prompt=run.manifest.decider.prompt, model=run.manifest.decider.llm
    )
    results().print(_pairs(measured))
    if write is not None:
        _add(write, measured)
        people().print(
            f"written to {write}; decisions will carry another calibration from now on",
            markup=False,
        )


def route_run(folder: Path, write: Path | None) -> None:
    """Choose from which expected cost on a message is asked, by what a run has measured instead of
    by assumptions.
    """
    taxonomy = open_application().taxonomy
    run = load_run(folder, taxonomy)
    found, suite = opinions(run.scored, run.predictions, taxonomy), run.suite
    if any(run.items[one.id].row.metadata.split == "train" for one in run.predictions):
        people().print(
            "the local model was trained on a part of these messages and looks better than it is; "
            "use a run with --filter split=dev"
        )
    points = frontier(
        found, usd_per_false_lead=suite.usd_per_false_lead, lead_share=suite.stream_lead_share
    )
    chosen = min(points, key=lambda point: (point.total, point.share))
    repaired, introduced = repair(found)
    results().print(_frontier(points, chosen, suite.stream_lead_share))
    people().print(
        f"measured: answers take away {repaired:.0%} of the local mistakes' cost and bring in "
        f"{introduced:.3f} false leads each"
    )
    if write is None:
        return
    if repaired <= 0 or chosen.share == 0:
        raise OperatorError(
            "asking does not pay with this prompt and model: nothing was written; leave the LLM "
            "off, or try another prompt"
        )
    assumed = Assumed(
        repaired=round(min(repaired, 1.0), 4),
        introduced=round(introduced, 4),
        false_lead_dollars=suite.usd_per_false_lead,
    )
    route = Route(
        ask_above=round(max(chosen.ask_above, 0.0), 4),
        model=run.manifest.decider.model,
        data=run.manifest.dataset,
        share=round(chosen.share, 3),
        assumed=assumed,
    )
    write_route(
        write,
        route,
        f"# What is worth asking the LLM, measured by: python -m eval route --run "
        f"{run.folder.name}; ",
    )


def write_route(path: Path, route: Route, head: str) -> None:
    """Write a route file as a whole or not at all; ``head`` is the comment that says how it came
    about.
    """
    head += "see intent/classify/route.py for the words.\n"
    replace(path, (head + yaml.safe_dump(route.model_dump(), sort_keys=False)).encode())


def _thresholds(run: FinishedRun, taxonomy: Taxonomy) -> None:
    scored = run.scored
    table = Table(
        "messages",
        "cheapest lead threshold",
        "cost of lead mistakes per 1,000",
        title="a threshold is tried with: run --lead-threshold",
    )
    weights = {
        "as in the dataset": np.ones(len(scored)),
        f"{run.suite.stream_lead_share:.0%} leads": None,
    }
    for name, given in weights.items():
        used = (
            stream_weights(scored.lead_truth, run.suite.stream_lead_share)
            if given is None
            else given
        )
        curve = cost_curve(scored, taxonomy, used)
        best = int(np.argmin(curve.y))
        table.add_row(name, f"{curve.x[best]:.2f}", f"{curve.y[best]:.1f}")
    results().print(table)


def _pairs(measured: Measured) -> Table:
    table = Table(
        "label",
        "P(true | named)",
        "P(true | not named)",
        title=f"{measured.messages:,} answers of {measured.model}",
    )
    for name, pair in {"pooled": measured.pooled, "lead": measured.lead, **measured.labels}.items():
        table.add_row(name, f"{pair[0]:.3f}", f"{pair[1]:.4f}")
    return table


def _add(path: Path, measured: Measured) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(
            f"the calibration {path} cannot be read: {error.strerror}; give the path of an "
            "existing one"
        ) from error
    before = [
        one
        for one in yaml.safe_load(text)["measured"]
        if (one["prompt"], one["model"]) != (measured.prompt, measured.model)
    ]
    head = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))
    listed = yaml.safe_dump(
        {"measured": [*before, measured.model_dump(mode="json")]},
        sort_keys=False,
        default_flow_style=None,
        width=150,
    )
    replace(path, (head + listed).encode())


def _frontier(points: list[Tradeoff], chosen: Tradeoff, lead_share: float) -> Table:
    title = f"per 1,000 messages of a stream where {lead_share:.0%} are leads"
    table = Table(
        "asked", "above", "US dollars", "cost of mistakes", "with the calls", "lead F1", title=title
    )
    for point in [*(points[share] for share in _SHARES), chosen]:
        mark = "  ← cheapest" if point is chosen else ""
        numbers = (
            f"{point.dollars:.4f}",
            f"{point.mistakes:.1f}",
            f"{point.total:.1f}{mark}",
            f"{point.lead_f1:.3f}",
        )
        table.add_row(f"{point.share:.0%}", f"{max(point.ask_above, 0):.4f}", *numbers)
    return table
