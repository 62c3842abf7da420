"""The verbs of ``python -m eval bench``."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.asking_threshold import Decided, threshold_of
from eval.bench import (
    asking_load,
    claim_rounds_read,
    contact_recall,
    features,
    features_built,
    features_http,
    inbox_verb,
    pipeline_verb,
    scale_verb,
    service_verb,
    speed,
)
from eval.bench.asking_cost import WayOfAsking, fill, spelled_out
from eval.bench.cost import Bench, Sample
from eval.bench.recorded import wire_messages
from eval.data.dataset import read_file
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_classifier
from intent.bootstrap.llm import build_model, build_prompt
from intent.classify.route import expected_cost, load_route
from intent.cli.screen import json_line, results, say
from intent.model.errors import OperatorError
from intent.telemetry import configure_logs

app = typer.Typer(no_args_is_help=True, help="Measures speed and cost.")

GOALS = {"batches": 8.0, "system": 15.0}
"""How many times cheaper than one message a call room batches, and the whole system at the chosen
threshold, are meant to be.
"""

GATHERED = (2.0, 10.0, 30.0, 120.0)
"""Seconds for which a room gathers, to show how full batches get at live pace."""


app.command()(asking_load.asking)
app.command()(claim_rounds_read.claims)
app.command()(contact_recall.contacts)
app.command()(features.features)
app.command()(features_built.features_built)
app.command()(features_http.features_http)
app.command()(pipeline_verb.pipeline)
app.command()(inbox_verb.inbox)
app.command()(scale_verb.scale)
app.command()(service_verb.service)


app.command()(speed.local)
app.command()(speed.gate)
app.command()(speed.recipes)
app.command()(speed.few_shot)


@app.command()
def cost(
    data: Annotated[
        Path, typer.Option(help="JSONL of messages: labelled rows of a dataset, or wire messages.")
    ],
    most: Annotated[int, typer.Option(min=1, help="Messages to send, at most.")] = 1500,
    base: Annotated[
        int,
        typer.Option(
            min=1, help="Messages of the smallest of the three sizes that show how cost grows."
        ),
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Tokens and money for a million messages: one a call, in room batches, and behind the local
    model at three asked shares.

    The LLM is a stand-in on this machine: tokens are estimated, prices are those of
    prompts/models.yaml, and nothing here says how good an LLM is.

    Example: python -m eval bench cost --data eval/datasets/lead_intent/test.jsonl
    """
    app = open_application()
    configure_logs("error")
    taxonomy, sample = app.taxonomy, read_sample(data, most)
    bench = Bench(app.settings, taxonomy, build_classifier(app))
    decisions = bench.classifier.classify(sample.messages)
    quarter = threshold_of(
        [Decided(expected_cost(decision, taxonomy), 0.0) for decision in decisions], 0.25
    )
    chosen = load_route(app.prompts / "route.yaml").ask_above
    single = bench.cost(
        "(a) one message a call, our compact answers, prefix cached", sample, above=-1.0, batch=1
    )
    prices = build_model(app, build_prompt(app)).prices
    plain, cached = (
        spelled_out(single, decisions, prices, taxonomy.slots, cached=way) for way in (False, True)
    )
    batches = bench.cost("(b) room batches = (c) all asked", sample, above=-1.0)
    system = bench.cost(f"(c) chosen: expected cost above {chosen}", sample, above=chosen)
    lines = [
        plain,
        cached,
        single,
        batches,
        bench.cost("(c) a quarter asked", sample, above=quarter),
        system,
    ]
    grown = [
        bench.cost(f"{factor}×", sample.times(base * factor), above=chosen)
        for factor in (1, 10, 100)
    ]
    if as_json:
        for line in (*lines, *grown):
            json_line(asdict(line))
        return
    results().print(
        _table(
            f"For a million messages, from {len(sample.messages):,} of {data.name}", lines, plain
        )
    )
    results().print(
        _table(
            f"Growth at the chosen threshold: {base:,} messages, 10 and 100 times as many",
            grown,
            plain,
        )
    )
    asked = [
        message
        for message, decision in zip(sample.messages, decisions, strict=True)
        if expected_cost(decision, taxonomy) > chosen
    ]
    fills = ", ".join(
        f"{fill(asked, gather):.1f} with INTENT_ASK_GATHER={gather:g}" for gather in GATHERED
    )
    say(
        f"messages a call, asked at the pace at which they were said instead of all at once: "
        f"{fills}"
    )
    for baseline in (plain, cached):
        _goals(baseline, batches, system)
    same = all(line.prefixes == 1 for line in (*lines, *grown))
    say(
        f"the prefix is "
        f"{'byte-identical in every request' if same else 'NOT the same in every request'}"
    )
    say(
        "tokens are estimates, and the stand-in's answers are the local model's own: nothing here "
        "says how good an LLM is"
    )


def read_sample(path: Path, most: int) -> Sample:
    """Read labelled rows or wire messages; lines that are neither are left out of wire messages,
    and refused among rows.

    Raises:
        OperatorError: the file cannot be read, or holds nothing.
    """
    rows, faults = read_file(path)
    if rows and not faults:
        rows = rows[:most]
        return Sample([row.message() for row in rows], [row.expected.labels for row in rows])
    messages = list(islice(wire_messages(path), most))
    if not messages:
        raise OperatorError(
            f"{path} holds no messages: {faults[0].what if faults else 'it is empty'}"
        )
    return Sample(messages)


def _table(title: str, lines: list[WayOfAsking], baseline: WayOfAsking) -> Table:
    table = Table(title=title, title_justify="left")
    for column in (
        "",
        "asked",
        "a call",
        "tokens in",
        "of them cached",
        "tokens out",
        "dollars",
        "(a) / this",
        "prefixes",
        "local lead F1",
        "… of the unasked",
    ):
        table.add_column(column, justify="right" if column else "left")
    for line in lines:
        quality = (_shown(line.all.lead_f1), _shown(line.settled.lead_f1))
        tokens = (
            f"{value / 1e6:,.1f} M"
            for value in (line.input_tokens, line.cached_tokens, line.output_tokens)
        )
        ratio = baseline.dollars / line.dollars if line.dollars else float("inf")
        table.add_row(
            line.name,
            f"{line.share:.0%}",
            f"{line.batch:.1f}",
            *tokens,
            f"{line.dollars:,.2f}",
            f"{ratio:.1f}",
            str(line.prefixes),
            *quality,
        )
    return table


def _goals(baseline: WayOfAsking, batches: WayOfAsking, system: WayOfAsking) -> None:
    say(f"against {baseline.name}:")
    for name, goal, line in (
        ("(a)/(b)", GOALS["batches"], batches),
        ("(a)/(c chosen)", GOALS["system"], system),
    ):
        ratio = baseline.dollars / line.dollars
        say(
            f"  {name}: {ratio:.1f}, the goal of {goal:.0f} is "
            f"{'met' if ratio >= goal else 'missed'}"
        )


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
