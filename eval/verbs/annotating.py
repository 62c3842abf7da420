"""The verb of ``python -m eval data`` that brings back what annotators gave: import."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from eval.annotation import doccano, labelstudio
from eval.annotation.annotations import Given, import_into
from eval.annotation.annotators import FILE, load_names
from eval.annotation.sheet import read_sheet
from eval.data.dataset import DatasetFault
from eval.verbs.datasets import DATASET, tell
from eval.verbs.exporting import Dataset, Format, Kind
from intent.bootstrap.application import open_application
from intent.cli.screen import people
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.sources.decoding import read_text

Reading = tuple[list[Given], list[DatasetFault]]


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
    tell(aside)
    if not given:
        raise OperatorError(f"{path} holds no label that could be taken: nothing was imported")
    changed, faults = import_into(dataset, given, taxonomy, replace=replacing)
    tell(faults)
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
