"""The verbs of a simulated world whose truth is known: world, and writers, which measures a chat
that a world is held against.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.annotation.intake import read_messages
from eval.world.decided import MeasuredDecisions, decided_now, measured_decisions
from eval.world.knobs import WorldKnobs, turned
from eval.world.made import World, make_world
from eval.world.rates import Rate, rates
from eval.world.world_folder import write_world
from eval.world.writers import WriterFigures, figures_of_chat
from intent.bootstrap.application import Application, open_application
from intent.bootstrap.deciding import build_local
from intent.classify.route import load_route
from intent.cli.screen import json_line, people, results
from intent.features.definitions.events import Topics
from intent.model.errors import OperatorError


class Published(StrEnum):
    """Figures that a world can be held against."""

    KUAILIVE = "kuailive"


def world(
    seed: Annotated[int, typer.Option(min=0, help="the same seed makes the same bytes")] = 1,
    out: Annotated[Path | None, typer.Option(help="folder to write the world into")] = None,
    users: Annotated[int, typer.Option(min=0, help="0: as many as the rates need")] = 0,
    impressions: Annotated[int, typer.Option(min=100, help="rows shown to somebody")] = 650_000,
    knob: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, such as information=0; zero turns all effects off"),
    ] = None,
    texts: Annotated[
        bool, typer.Option(help="comments are rows of our dataset, decided now by the local model")
    ] = False,
    check: Annotated[
        Published | None, typer.Option(help="exit 1 where a rate is far from the published one")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Make a world of live rooms whose truth is known: who needs what, what they would have done,
    and what a reply caused.

    Example: python -m eval world --seed 1 --out worlds/one --impressions 20000
    """
    app = open_application()
    topics = Topics(app.definitions.groups)
    started = time.process_time()
    knobs = turned(WorldKnobs(impressions=impressions, users=users), knob or [])
    decisions = _decisions(app, topics, texts)
    made = make_world(knobs, seed, decisions, topics)
    if out is not None:
        write_world(made, out, topics)
    found = rates(made, topics)
    _show(made, found, out, time.process_time() - started, as_json)
    far = [rate.name for rate in found if rate.near is False]
    if check is not None and far:
        raise OperatorError(f"far from what is published or was measured: {', '.join(far)}")


def writers(
    chat: Annotated[Path, typer.Argument(help="messages of a chat, with its true authors")],
    decide: Annotated[
        bool, typer.Option(help="let the local model say which comments are leads")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Say how the comments of a chat spread over those who write them, and whether who writes much
    asks less: what a world is held against.

    Example: python -m eval writers chat.jsonl --decide
    """
    messages, _ = read_messages(chat)
    leads = None
    if decide:
        local = build_local(open_application())
        leads = [one.is_lead for one in local.classify(messages)]
    _show_writers(figures_of_chat(messages, leads), as_json)


def _show_writers(found: WriterFigures, as_json: bool) -> None:
    if as_json:
        json_line(asdict(found))
        return
    people().print(
        f"{found.comments:,} comments by {found.writers:,} writers: {found.each:.2f} each; "
        f"{found.once:.1%} wrote one; the tenth who write most have {found.tenth:.1%}",
        markup=False,
        soft_wrap=True,
    )
    table = Table("comments of a writer in a room", "comments", "leads among them")
    for step in found.steps:
        most = "and more" if step.most is None else f"to {step.most}"
        leads = "–" if step.leads is None else f"{step.leads:.1%}"
        table.add_row(f"{step.least} {most}", f"{step.comments:,}", leads)
    results().print(table)


def _decisions(app: Application, topics: Topics, texts: bool) -> MeasuredDecisions:
    route = load_route(app.prompts / "route.yaml")
    if not texts:
        return measured_decisions(topics, app.taxonomy, route)
    return decided_now(build_local(app), topics, app.taxonomy, route)


def _show(made: World, found: list[Rate], out: Path | None, seconds: float, as_json: bool) -> None:
    digest = made.digest()
    if as_json:
        json_line(
            {
                "seed": made.seed,
                "digest": digest,
                "rows": {name: len(table) for name, table in made.tables.items()},
                "rates": {rate.name: [rate.world, rate.published] for rate in found},
                "processor_seconds": round(seconds, 2),
            }
        )
        return
    table = Table("rate", "this world", "elsewhere", "within 20 %", "why")
    for rate in found:
        near = {True: "yes", False: "NO", None: "–"}[rate.near]
        table.add_row(rate.name, _number(rate.world), _number(rate.published), near, rate.why)
    results().print(table)
    rows = ", ".join(f"{len(table):,} {name}" for name, table in made.tables.items())
    people().print(f"{rows}; {seconds:.1f} s of processor time", markup=False, soft_wrap=True)
    people().print(f"digest {digest}", markup=False, soft_wrap=True)
    if out is not None:
        people().print(
            f"go on with: python -m eval lift --world {out}", markup=False, soft_wrap=True
        )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
