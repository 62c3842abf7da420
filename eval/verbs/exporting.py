"""The verb of ``python -m eval data`` that gives rows to people who label or settle: export."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from eval.annotation import doccano, labelstudio
from eval.annotation.intake import entry_of
from eval.annotation.sheet import sheet
from eval.annotation.tasks import assign
from eval.data.dataset import ADJUDICATED, Entry, Row, load_entries
from eval.data.settling import disagreements
from eval.measure.finished import load_run
from eval.run.items import as_item, chosen, parse_filters
from eval.run.predictions import replace
from eval.run.request import SEED
from eval.verbs.datasets import DATASET
from intent.bootstrap.application import open_application
from intent.cli.screen import people
from intent.model.errors import Malformed, OperatorError
from intent.model.message import parse_message
from intent.sources.decoding import read_text


class Format(StrEnum):
    """What annotators work with."""

    LABELSTUDIO = "labelstudio"
    CSV = "csv"
    DOCCANO = "doccano"


class Only(StrEnum):
    """Which rows are given to people."""

    WAITING = "waiting"
    DISAGREEING = "disagreeing"


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
        typer.Option("--filter", help="only these settled rows, such as split=test or lang=th"),
    ] = None,
    only: Annotated[
        Only | None,
        typer.Option(
            help="waiting: what nobody has labelled; disagreeing: what somebody must settle, with "
            "what each annotator said"
        ),
    ] = None,
) -> None:
    """Write task files for annotators, and Label Studio's labelling configuration from the
    taxonomy.

    Examples: python -m eval data export -o tasks --annotator anna --annotator ben --filter
    split=test · python -m eval data export --dataset mine --only disagreeing -o settle
    """
    settles = only is Only.DISAGREEING
    rows = _only(_filtered(load_entries(dataset), filters or []), only)
    rows = _queued(rows, queue_file)
    if not rows:
        raise OperatorError(f"there is no such row in {dataset}: nothing was written")
    guesses, model = _guesses(predictions)
    output.mkdir(parents=True, exist_ok=True)
    names = annotators or [ADJUDICATED if settles else "all"]
    for name, given in assign(rows, names, overlap=overlap, seed=SEED).items():
        if kind is Format.CSV:
            by = "" if name == "all" else name
            text = sheet(given, blind=blind, guesses=guesses, by=by, adjudicated=settles)
            replace(output / f"{name}.csv", text.encode("utf-8-sig"))
        elif kind is Format.DOCCANO:
            replace(output / f"{name}.jsonl", doccano.lines(given).encode())
        else:
            made = labelstudio.tasks(
                given, blind=blind, guesses=guesses, model=model, adjudicated=settles
            )
            text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
            replace(output / f"{name}.json", text.encode())
        people().print(f"{name}: {len(given)} rows", markup=False)
    if kind in {None, Format.LABELSTUDIO}:
        configuration = labelstudio.configuration(open_application().taxonomy)
        replace(output / "labelling.xml", configuration.encode())


def _only(rows: Sequence[Entry], only: Only | None) -> list[Entry]:
    if only is Only.WAITING:
        return [row for row in rows if not row.labels]
    if only is Only.DISAGREEING:
        return [row for row in rows if any(disagreements(row))]
    return list(rows)


def _filtered(rows: Sequence[Entry], filters: Sequence[str]) -> list[Entry]:
    if not filters:
        return list(rows)
    settled = [as_item(row) for row in rows if isinstance(row, Row)]
    return [item.row for item in chosen(settled, parse_filters(filters), sample=None, seed=0)]


def _queued(rows: Sequence[Entry], path: Path | None) -> list[Entry]:
    """Return the rows of a queue; a message that is in no dataset yet is a row of its own."""
    if path is None:
        return list(rows)
    by_id = {row.id: row for row in rows}
    found, missing = [], 0
    try:
        for line in read_text(path).split("\n"):
            if line.strip():
                queued = json.loads(line)
                row = by_id.get(queued["row"])
                if row is None and "message" in queued:
                    row = entry_of(parse_message(json.dumps(queued["message"]).encode()))
                missing += row is None
                found += [] if row is None else [row]
    except (OSError, ValueError, KeyError, TypeError, Malformed) as error:
        raise OperatorError(
            f"{path} is no queue ({type(error).__name__}); make one with: python -m eval data "
            f"queue RUN -o {path}"
        ) from error
    if missing:
        people().print(f"{missing} rows of {path} are not here, and were left out", markup=False)
    return found


def _guesses(folder: Path | None) -> tuple[Mapping[str, Sequence[str]], str]:
    if folder is None:
        return {}, ""
    run = load_run(folder, open_application().taxonomy)
    return {one.id: one.labels for one in run.predictions if one.labels}, run.manifest.decider.model
