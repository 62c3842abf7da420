"""The verbs of ``python -m eval bench`` that are about the local model: its speed and quality, a
gate before it, ways to fit it, other taxonomies.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eval.bench.recorded import wire_messages
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, results, say
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.telemetry import configure_logs

LIVE, SELLERS = "live_chat_youtube.jsonl", "seller_comments_tiktok.jsonl"
DATASET = Path("eval/datasets/lead_intent")


def local(
    data: Annotated[
        Path,
        typer.Option(help=f"Folder with {LIVE} and {SELLERS}, or one JSONL file of wire messages."),
    ],
    live: Annotated[
        int, typer.Option(min=1, help="Messages of the live chat, in order, at most.")
    ] = 10_000,
    distinct: Annotated[
        int,
        typer.Option(
            min=1, help="Distinct texts of the seller comments, drawn at random, at most."
        ),
    ] = 600,
    test: Annotated[
        int, typer.Option(min=1, help="Messages of the test split, drawn at random, at most.")
    ] = 600,
    fitted: Annotated[
        int,
        typer.Option(
            min=100,
            help="Training messages that the heads of the other ways are fitted on, drawn at "
            "random.",
        ),
    ] = 2500,
    dataset: Annotated[
        Path, typer.Option(help="Folder with train.jsonl and test.jsonl.")
    ] = DATASET,
    rounds: Annotated[
        int,
        typer.Option(
            min=0, help="How often whole commands are run by turns; 0 to measure inside alone."
        ),
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Speed and quality of the local model, stage by stage, beside sentence-transformers +
    scikit-learn and beside SetFit; then whole commands from outside, start taken off.

    The live chat is taken in order with its repetitions; one file is taken both ways, in order and
    as distinct texts.

    Example: OMP_NUM_THREADS=1 INTENT_THREADS=1 python -m eval bench local --data ../shared/data
    """
    # torch, SetFit and their like take seconds to import: only this verb waits for them.
    from eval.bench.beside_peers import SpeedPlan, compare

    rows = compare(SpeedPlan(data, live, distinct, test, fitted, dataset, rounds), say)
    for row in rows if as_json else ():
        json_line(asdict(row))


def read_wire(path: Path) -> list[Message]:
    """Read wire messages; lines that are none are left out.

    Raises:
        OperatorError: the file cannot be read, or holds no message.
    """
    try:
        messages = list(wire_messages(path))
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be read: {error.strerror}; give a folder with {LIVE} and {SELLERS}, or "
            "one JSONL file"
        ) from error
    if not messages:
        raise OperatorError(f"{path} holds no messages; give JSONL with one wire message a line")
    return messages


def gate(
    data: Annotated[
        Path, typer.Option(help=f"Folder with {SELLERS}, or one JSONL file of wire messages.")
    ],
    dataset: Annotated[Path, typer.Option(help="Folder with train.jsonl and dev.jsonl.")] = DATASET,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """What n-grams alone could settle as no lead before the encoder, and at what error;
    cross-fitted on train and dev.

    Example: python -m eval bench gate --data ../shared/data
    """
    from eval.bench.ngram_gate import gate as run
    from intent.training.data import read_examples

    texts = {
        message.text: message for message in read_wire(data / SELLERS if data.is_dir() else data)
    }
    examples = [*read_examples(dataset / "train.jsonl"), *read_examples(dataset / "dev.jsonl")]
    say(f"{len(examples):,} labelled messages, {len(texts):,} distinct real texts")
    for row in run(examples, list(texts.values()), open_application().taxonomy):
        if as_json:
            json_line(asdict(row))
            continue
        wrong = f"{row.wrong} of {row.count:,} wrong ({row.wrong / max(row.count, 1):.2%})"
        held = (
            f"threshold from the other folds: {row.held_wrong} of {row.held_count:,} wrong "
            f"({row.held_wrong / max(row.held_count, 1):.2%})"
        )
        say(
            f"error below {row.target:.1%}: settles {row.settled:.1%} of the labelled and "
            f"{row.others:.1%} of the real texts; {wrong}; {held}"
        )


def recipes(
    dataset: Annotated[Path, typer.Option(help="Folder with train.jsonl and dev.jsonl.")] = DATASET,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A recipe by name, beside the shipped one; may be repeated."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the texts.")] = 5,
    kept: Annotated[
        Path,
        typer.Option(help="Folder for what is fitted, so that a run that was cut short goes on."),
    ] = Path("runs/recipes"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Ways to fit the local model, each fitted on train and judged on dev: contrastive, low-rank,
    weighted, noisy, distilled. Takes an hour.

    Nothing is cross-fitted on train, so the figures are those of a comparison, not of the model
    that ships.

    Example: python -m eval bench recipes --only "SetFit, contrastive"
    """
    from eval.bench.recipes import RECIPES, Material
    from eval.bench.trials import HEADER, line, try_recipes
    from intent.training.adapt import AdapterRecipe
    from intent.training.data import read_examples

    unknown = set(only or ()) - set(RECIPES)
    if unknown:
        raise OperatorError(
            f"there is no recipe {min(unknown)!r}; it may be one of: {'; '.join(RECIPES)}"
        )
    configure_logs("error")
    taxonomy = open_application().taxonomy
    material = Material.read(
        read_examples(dataset / "train.jsonl"), read_examples(dataset / "dev.jsonl"), taxonomy
    )
    tried = try_recipes(
        material, taxonomy, only or list(RECIPES), AdapterRecipe(epochs=epochs), say, kept
    )
    if as_json:
        for one in tried:
            json_line(asdict(one))
        return
    for text in (*HEADER, *map(line, tried)):
        results().print(text, soft_wrap=True, markup=False)


def few_shot(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder with a folder a set: train_5, train_10 and test, each with seq.in and "
            "label (Few-Shot-Intent-Detection has BANKING77, CLINC150, HWU64 and others so)."
        ),
    ],
    kept: Annotated[Path, typer.Option(help="Folder for models and JSONL files.")] = Path(
        "runs/few_shot"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Published sets of many intents with five or ten texts each, through what `intent train` does,
    beside embeddings and a logistic regression.

    Example: python -m eval bench few-shot Few-Shot-Intent-Detection/Datasets
    """
    from eval.bench.few_shot import try_few_shots

    configure_logs("error")
    rows = try_few_shots(folder, kept, say)
    if as_json:
        for row in rows:
            json_line(asdict(row))
        return
    results().print(
        "| set | intents | texts an intent | tested | right | usual way | CPU s of training | "
        "CPU s for 1,000 answers |\n|---|---:|---:|---:|---:|---:|---:|---:|",
        markup=False,
        soft_wrap=True,
    )
    for row in rows:
        results().print(
            f"| {row.name} | {row.intents} | {row.shots} | {row.tested:,} | {row.right:.3f} | "
            f"{row.usual:.3f} | {row.fit_seconds:.0f} | "
            f"{row.test_seconds * 1000 / row.tested:.1f} |",
            markup=False,
            soft_wrap=True,
        )
