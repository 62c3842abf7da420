"""Chooses what is worth asking: at which expected cost of a local decision a call of the LLM pays,
on labelled messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.data.dataset import read_file
from eval.verbs.tuning import route_run, write_route
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_local
from intent.classify.route import Assumed, Route, actual_cost, expected_cost
from intent.cli.screen import results
from intent.model.decision import Decision
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy

ASKED_DOLLARS = 12e-6
"""Price of asking about one message in room batches: facts of the published prices, 20 a call with
a cached prefix (see ``eval bench cost``).
"""

SHARES = (0.0, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Decided:
    """One labelled message: the local decision's expected and actual cost, in units of one false
    lead.
    """

    expected: float
    actual: float


@dataclass(frozen=True, slots=True)
class Point:
    """What asking above a threshold comes to: means for one message, in units of one false lead.

    Attributes:
        share: of the messages that are asked.
        caught: share of the local decisions' actual cost that lies with the asked messages.
        total: what is left unrepaired, what the answers bring in, and the price of the calls.
    """

    ask_above: float
    share: float
    caught: float
    total: float


def measure(
    decisions: Sequence[Decision], right: Sequence[Sequence[str]], taxonomy: Taxonomy
) -> list[Decided]:
    """Return the costs of decisions, in order."""
    pairs = zip(decisions, right, strict=True)
    return [
        Decided(expected_cost(decision, taxonomy), actual_cost(decision.labels, labels, taxonomy))
        for decision, labels in pairs
    ]


def at(decided: Sequence[Decided], ask_above: float, assumed: Assumed) -> Point:
    """Return what a threshold comes to."""
    asked = [one for one in decided if one.expected > ask_above]
    total, caught = sum(one.actual for one in decided), sum(one.actual for one in asked)
    for_each = assumed.introduced + ASKED_DOLLARS / assumed.false_lead_dollars
    return Point(
        ask_above,
        len(asked) / len(decided),
        caught / total if total else 0.0,
        (total - assumed.repaired * caught + for_each * len(asked)) / len(decided),
    )


def threshold_of(decided: Sequence[Decided], share: float) -> float:
    """Return the threshold that asks at most this share."""
    costs = sorted((one.expected for one in decided), reverse=True)
    count = round(share * len(costs))
    return costs[count] if count < len(costs) else 0.0


def choose(decided: Sequence[Decided], assumed: Assumed, most: float = 1.0) -> Point:
    """Return the threshold with the smallest total, among those that ask another per cent each and
    no more than ``most`` of all.
    """
    points = [
        at(decided, threshold_of(decided, percent / 100), assumed)
        for percent in range(int(100 * most) + 1)
    ]
    return min(points, key=lambda point: (point.total, point.share))


def route(
    data: Annotated[
        Path | None,
        typer.Option(help="JSONL of labelled messages that the model was not trained on."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="A run of an LLM suite: what answers repair and cost is measured there."),
    ] = None,
    repaired: Annotated[
        float, typer.Option(help="Assumed: share of the local cost that answers take away.")
    ] = 0.6,
    introduced: Annotated[
        float,
        typer.Option(
            help="Assumed: mean cost of mistakes that an answer brings in, in false leads."
        ),
    ] = 0.1,
    false_lead_dollars: Annotated[
        float, typer.Option(help="Assumed: what one false lead is worth.")
    ] = 0.01,
    most: Annotated[
        float, typer.Option(min=0, max=1, help="Ask no more than this share of the messages.")
    ] = 1.0,
    write: Annotated[
        Path | None,
        typer.Option(help="Write the chosen threshold there, such as prompts/route.yaml."),
    ] = None,
) -> None:
    """Choose from which expected cost on a message is asked, and show what other shares come to.

    Examples: python -m eval route --data eval/datasets/lead_intent/dev.jsonl --write
    prompts/route.yaml · python -m eval route --run runs/llm
    """
    if (data is None) == (run is None):
        raise typer.BadParameter("give either --data or --run")
    if run is not None:
        route_run(run, write)
        return
    assert data is not None
    app = open_application()
    rows, faults = read_file(data)
    if faults or not rows:
        raise OperatorError(
            f"the dataset {data} is wrong: {faults[0].what if faults else 'it is empty'}"
        )
    taxonomy, local = app.taxonomy, build_local(app)
    decided = measure(
        local.classify([row.message() for row in rows]),
        [row.expected.labels for row in rows],
        taxonomy,
    )
    assumed = Assumed(
        repaired=repaired, introduced=introduced, false_lead_dollars=false_lead_dollars
    )
    chosen = choose(decided, assumed, most)
    results().print(_table(decided, chosen, assumed))
    if write is not None:
        found = Route(
            ask_above=round(chosen.ask_above, 4),
            model=local.versions.model,
            data=data.as_posix(),
            share=round(chosen.share, 3),
            assumed=assumed,
        )
        write_route(
            write,
            found,
            "# What is worth asking the LLM. Written by: python -m eval route --data … --write …; ",
        )


def _table(decided: Sequence[Decided], chosen: Point, assumed: Assumed) -> Table:
    mean = sum(one.actual for one in decided) / len(decided)
    table = Table(
        title=f"{len(decided):,} messages, mean local cost {mean:.3f} false leads; assumed: "
        f"{assumed}",
        title_justify="left",
    )
    for column in ("asked", "above", "of the local cost", "total"):
        table.add_column(column, justify="right")
    for point in [
        *(at(decided, threshold_of(decided, share), assumed) for share in SHARES),
        chosen,
    ]:
        mark = "  ← chosen" if point is chosen else ""
        table.add_row(
            f"{point.share:.0%}",
            f"{point.ask_above:.4f}",
            f"{point.caught:.0%}",
            f"{point.total:.4f}{mark}",
        )
    return table
