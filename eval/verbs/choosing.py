"""The verbs of ``python -m eval data`` that choose what people label: queue, add, suspects."""

from __future__ import annotations

import dataclasses
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.annotation.candidates import (
    Candidates,
    from_corrections,
    from_disagreements,
    from_messages,
    from_run,
)
from eval.annotation.intake import SUITE, add, read_messages
from eval.annotation.sampling import draw
from eval.annotation.suspects import suspects as find_suspects
from eval.measure.finished import load_run
from eval.run.predictions import replace
from eval.run.request import SEED
from eval.verbs.datasets import tell
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, one_line, people, results


class Split(StrEnum):
    """Where messages go once they are labelled."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


class Reason(StrEnum):
    """What alone is chosen from."""

    DISAGREEMENTS = "disagreements"
    CORRECTIONS = "corrections"


def queue(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="file for the queue, one JSON object a line")
    ],
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN|MESSAGES]",
            help="a run, or a JSONL file of messages, which the local model decides",
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="how many to label")] = 200,
    seed: Annotated[int, typer.Option(help="seed of the draw")] = SEED,
    only: Annotated[
        Reason | None,
        typer.Option(
            "--from",
            help="disagreements: only what local model, LLM and people do not say the same about; "
            "corrections: what people corrected in the service's database, in place of a run",
        ),
    ] = None,
    all_roles: Annotated[
        bool, typer.Option("--all-roles", help="also messages of hosts and moderators")
    ] = False,
) -> None:
    """Choose what to label next: uncertain, disagreeing, rare and random messages of viewers, each
    with its probability of being drawn.

    Examples: python -m eval data queue runs/mine -o queue.jsonl · python -m eval data queue
    chat.jsonl --count 100 -o queue.jsonl · python -m eval data queue runs/mine --from disagreements
    -o queue.jsonl · python -m eval data queue --from corrections -o queue.jsonl
    """
    candidates = _candidates(source, only, of_all=all_roles)
    drawn = draw(candidates.speaking, count, seed=seed)
    lines = []
    for one in drawn:
        parts = {name: round(part, 3) for name, part in one.reasons.items()}
        lines.append(
            {**candidates.rows[one.row], "probability": round(one.probability, 6), "reasons": parts}
        )
    replace(output, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    people().print(
        f"{len(drawn)} of {len(candidates.rows):,} messages lie in {output}", markup=False
    )
    follow = (
        f"python -m eval data export --queue {output} -o tasks"
        if source is not None and source.is_dir()
        else f"python -m eval data add {output} DATASET"
    )
    people().print(f"go on with: {follow}", markup=False, soft_wrap=True)


def _candidates(source: Path | None, only: Reason | None, *, of_all: bool) -> Candidates:
    if (source is None) != (only is Reason.CORRECTIONS):
        raise typer.BadParameter("give a run or messages, or --from corrections alone")
    if source is None:
        return from_corrections()
    if only is not None:
        if not source.is_dir():
            raise typer.BadParameter("--from disagreements takes a run")
        return from_disagreements(source, of_all=of_all)
    if source.is_dir():
        return from_run(source, of_all=of_all)
    messages, faults = read_messages(source)
    tell(faults)
    return from_messages(messages, of_all=of_all)


def add_messages(
    source: Annotated[
        Path, typer.Argument(metavar="QUEUE|MESSAGES", help="a queue of messages, or a chat file")
    ],
    dataset: Annotated[
        Path, typer.Argument(metavar="DATASET", help="folder of the dataset; made where missing")
    ],
    split: Annotated[
        Split, typer.Option(help="where they go once labelled; a room stays where it is")
    ] = Split.TEST,
) -> None:
    """Take messages into a dataset, where they wait for labels; a new dataset gets a suite, too.

    Example: python -m eval data add queue.jsonl mine
    """
    messages, faults = read_messages(source)
    tell(faults)
    found = add(dataset, messages, split.value)
    people().print(
        f"{found.added} messages wait for labels in {dataset}, {found.known} were known; the suite "
        f"is {dataset / SUITE}; give them to annotators with: python -m eval data export "
        f"--dataset {dataset} --only waiting -o tasks",
        markup=False,
        soft_wrap=True,
    )


def suspects(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="a run by a decider that was not trained on the messages"
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, help="at most so many")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
) -> None:
    """List labels that are probably wrong, the most doubtful first.

    Example: python -m eval data suspects runs/mine --limit 20
    """
    run = load_run(folder, open_application().taxonomy)
    found = find_suspects(run.items, run.scored, most=limit)
    table = Table("confidence", "row", "label", "decided", "annotators disagreed", "text")
    for one in found:
        if as_json:
            json_line(dataclasses.asdict(one))
        disagreed = "yes" if one.annotators_disagreed else ""
        table.add_row(
            f"{one.confidence:.3f}",
            one.id,
            ", ".join(one.given),
            ", ".join(one.decided),
            disagreed,
            one_line(one.text, 60),
        )
    if not as_json:
        results().print(table)
