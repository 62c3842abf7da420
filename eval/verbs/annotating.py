"""The verbs of ``python -m eval data`` around people who label: export, import, queue, suspects."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.annotation import doccano, labelstudio
from eval.annotation.annotations import Given, import_into
from eval.annotation.annotators import FILE, load_names
from eval.annotation.candidates import from_messages, from_run
from eval.annotation.sampling import draw
from eval.annotation.sheet import read_sheet, sheet
from eval.annotation.suspects import suspects as find_suspects
from eval.annotation.tasks import assign
from eval.data.dataset import DatasetFault, Row, load_dataset
from eval.measure.finished import load_run
from eval.run.items import as_item, chosen, parse_filters
from eval.run.predictions import replace
from eval.run.request import SEED
from eval.verbs.datasets import DATASET
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, one_line, people, results
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.sources.decoding import read_text


class Format(StrEnum):
    """What annotators work with."""

    LABELSTUDIO = "labelstudio"
    CSV = "csv"
    DOCCANO = "doccano"


Reading = tuple[list[Given], list[DatasetFault]]

Dataset = Annotated[Path, typer.Option(help="folder with train.jsonl, dev.jsonl and test.jsonl")]
Kind = Annotated[
    Format | None,
    typer.Option("--format", help="default: labelstudio; when importing, told by content"),
]


def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for the task files")],
    dataset: Dataset = DATASET,
    kind: Kind = None,
    annotators: Annotated[
        list[str] | None, typer.Option("--annotator", help="one task file each; may be repeated")
    ] = None,
    overlap: Annotated[
        float, typer.Option(min=0, max=1, help="share of the rows that all annotators label")
    ] = 0.2,
    blind: Annotated[bool, typer.Option(help="leave out the labels that were given")] = True,
    predictions: Annotated[
        Path | None, typer.Option(help="a run whose decisions are shown as suggestions")
    ] = None,
    queue_file: Annotated[
        Path | None, typer.Option("--queue", help="only the rows of a queue, in its order")
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="only these rows, such as split=test or lang=th"),
    ] = None,
) -> None:
    """Write task files for annotators, and Label Studio's labelling configuration from the
    taxonomy.

    Example: python -m eval data export -o tasks --annotator anna --annotator ben --filter
    split=test
    """
    taxonomy = open_application().taxonomy
    rows = _queued(_filtered(load_dataset(dataset), filters or []), queue_file)
    guesses, model = _guesses(predictions)
    output.mkdir(parents=True, exist_ok=True)
    for name, given in assign(rows, annotators or ["all"], overlap=overlap, seed=SEED).items():
        if kind is Format.CSV:
            replace(
                output / f"{name}.csv",
                sheet(given, blind=blind, guesses=guesses).encode("utf-8-sig"),
            )
        else:
            made = labelstudio.tasks(given, blind=blind, guesses=guesses, model=model)
            replace(
                output / f"{name}.json",
                (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode(),
            )
        people().print(f"{name}: {len(given)} rows", markup=False)
    if kind is not Format.CSV:
        replace(output / "labelling.xml", labelstudio.configuration(taxonomy).encode())


def import_labels(
    path: Annotated[
        Path,
        typer.Argument(
            help="file that annotators gave back: Label Studio JSON or JSON_MIN, CSV, doccano JSONL"
        ),
    ],
    dataset: Dataset = DATASET,
    kind: Kind = None,
    by: Annotated[
        str | None, typer.Option(help="annotator's name; default: as the file says")
    ] = None,
    guideline: Annotated[
        int, typer.Option(min=1, help="version of the guideline that was followed")
    ] = 1,
    replacing: Annotated[
        bool, typer.Option("--replace", help="change labels that the same annotator gave before")
    ] = False,
    names: Annotated[
        Path | None,
        typer.Option(
            "--annotators",
            help=f"names of annotators by what files call them; default: {FILE} of the dataset",
        ),
    ] = None,
) -> None:
    """Bring annotators' labels into the dataset. A result that cannot be read is named and set
    aside; where a label contradicts the dataset, nothing of the file is taken.

    Example: python -m eval data import tasks/anna.json --by second --guideline 1
    """
    taxonomy = open_application().taxonomy
    chosen = names or dataset / FILE
    known = load_names(chosen) if names or chosen.exists() else {}
    given, aside = _read(path, kind or _told_by_content(path), taxonomy)(
        by=by, guideline=guideline, names=known
    )
    _tell(aside)
    if not given:
        raise OperatorError(f"{path} holds no label that could be taken: nothing was imported")
    changed, faults = import_into(dataset, given, taxonomy, replace=replacing)
    _tell(faults)
    if faults:
        raise OperatorError(
            f"{len(faults)} faults in {path}: nothing was imported; mend them and import again"
        )
    said = ", ".join(sorted({one.by for one in given}))
    people().print(
        f"{len(given)} annotations read (by {said}), {len(aside)} results set aside, {changed} "
        f"rows changed; what is left to settle: python -m eval data lint {dataset}",
        markup=False,
        soft_wrap=True,
    )


def _read(path: Path, kind: Format, taxonomy: Taxonomy) -> Callable[..., Reading]:
    if kind is Format.CSV:
        return partial(read_sheet, path)
    read = labelstudio.read_tasks if kind is Format.LABELSTUDIO else doccano.read_lines
    return partial(read, path, taxonomy)


def _told_by_content(path: Path) -> Format:
    try:
        first = read_text(path).lstrip()[:1]
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read: {error}") from error
    return {"[": Format.LABELSTUDIO, "{": Format.DOCCANO}.get(first, Format.CSV)


def _tell(faults: Sequence[DatasetFault]) -> None:
    for fault in faults:
        people().print(f"{fault.where}: {fault.what}", markup=False, soft_wrap=True)


def queue(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|MESSAGES",
            help="a run, or a JSONL file of messages, which the local model decides",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="file for the queue, one JSON object a line")
    ],
    count: Annotated[int, typer.Option(min=1, help="how many to label")] = 200,
    seed: Annotated[int, typer.Option(help="seed of the draw")] = SEED,
) -> None:
    """Choose what to label next: uncertain, disagreeing, rare and random messages, each with its
    probability of being drawn.

    Examples: python -m eval data queue runs/mine -o queue.jsonl · python -m eval data queue
    chat.jsonl --count 100 -o queue.jsonl
    """
    candidates = from_run(source) if source.is_dir() else from_messages(source)
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
    if source.is_dir():
        people().print(
            f"give them to annotators with: python -m eval data export --queue {output} -o tasks",
            markup=False,
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


def _filtered(rows: Sequence[Row], filters: Sequence[str]) -> list[Row]:
    return [
        item.row
        for item in chosen(
            [as_item(row) for row in rows], parse_filters(filters), sample=None, seed=0
        )
    ]


def _queued(rows: Sequence[Row], path: Path | None) -> list[Row]:
    if path is None:
        return list(rows)
    by_id = {row.id: row for row in rows}
    try:
        ids = [
            json.loads(line)["row"]
            for line in path.read_text(encoding="utf-8").splitlines()
            if line
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{path} is no queue ({type(error).__name__}); make one with: python -m eval data "
            f"queue RUN -o {path}"
        ) from error
    return [by_id[one] for one in ids if one in by_id]


def _guesses(folder: Path | None) -> tuple[Mapping[str, Sequence[str]], str]:
    if folder is None:
        return {}, ""
    run = load_run(folder, open_application().taxonomy)
    return {one.id: one.labels for one in run.predictions if one.labels}, run.manifest.decider.model
