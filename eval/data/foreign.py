"""Labels of messages whose texts lie elsewhere: joins a table of rows and hashes to the folder that
holds the texts, so that a dataset can be kept without a word of what people wrote.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.data.dataset import ADJUDICATED, SECOND, Annotation, Expected, Metadata, Row, WireMessage
from intent.model.errors import OperatorError
from intent.model.message import AuthorRole
from intent.model.taxonomy import Taxonomy

FIRST = "first"
"""The first of the two readings; the other is ``second``."""

HALVES = ("calibration", "judged")
"""What may be looked at to mend and to calibrate, and what only judges."""

GUIDELINE = 2
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Foreign:
    """A labelled message and the half that it stands in."""

    row: Row
    half: str


def digest(text: str) -> str:
    """Return the hash by which a text is known again: the first 16 hexadecimal digits of
    SHA-256.
    """
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def join(table: Path, folder: Path, taxonomy: Taxonomy) -> list[Foreign]:
    """Return the messages of ``folder`` that the table names, with their labels.

    Args:
        table: tab-separated with the columns file, row (from 1), sha256, lang, half, first, second
            and settled; labels are the taxonomy's codes joined by ``+``.

    Raises:
        OperatorError: a file is missing, a row is not the text that was labelled, or the table is
            wrong.
    """
    lines: dict[str, list[str]] = {}
    found = []
    for number, line in enumerate(_rows(table), 2):
        name = line["file"]
        texts = lines.setdefault(name, [] if name in lines else _lines(folder / name))
        try:
            found.append(_foreign(line, texts, taxonomy))
        except (KeyError, ValueError, IndexError) as error:
            raise OperatorError(
                f"{table}, line {number}: row {line['row']} of {name} cannot be joined ({error}); "
                "give the folder that was labelled, unchanged"
            ) from error
    return found


def _rows(table: Path) -> Iterable[dict[str, str]]:
    try:
        with table.open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened, delimiter="\t"))
    except OSError as error:
        raise OperatorError(f"the labels {table} cannot be read: {error.strerror}") from error


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be read ({error.strerror}); give the folder that holds the texts"
        ) from error


def _foreign(line: dict[str, str], texts: Sequence[str], taxonomy: Taxonomy) -> Foreign:
    number = int(line["row"])
    if not 0 < number <= len(texts):
        raise IndexError("the file is shorter")
    given = json.loads(texts[number - 1])
    if digest(given["text"]) != line["sha256"]:
        raise ValueError("another text stands there")
    if line["half"] not in HALVES:
        raise ValueError(f"the half {line['half']!r} is unknown")
    held = {
        by: _labels(line[column], taxonomy)
        for by, column in ((FIRST, "first"), (SECOND, "second"), (ADJUDICATED, "settled"))
    }
    stem = line["file"].removesuffix(".jsonl")
    row = Row(
        id=f"{stem}-{number}",
        input=_message(given),
        expected=Expected(labels=held[ADJUDICATED], slots=()),
        labels=tuple(
            Annotation(by=by, labels=labels, guideline=GUIDELINE) for by, labels in held.items()
        ),
        metadata=Metadata(lang=line["lang"], business=stem, hard=None, why=None, split="dev"),
    )
    return Foreign(row, line["half"])


def _message(given: dict[str, Any]) -> WireMessage:
    known = {name: given[name] for name in WireMessage.model_fields if name in given}
    optional = {"creator_id": None, "author_role": AuthorRole.VIEWER, "context": None}
    try:
        return WireMessage.model_validate(optional | known)
    except ValidationError as error:
        raise ValueError(f"no message of ours: {error.errors()[0]['msg']}") from error


def _labels(codes: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    names = {label.code: label.name for label in taxonomy.labels}
    return taxonomy.in_order([names[code] for code in codes.split("+")])
