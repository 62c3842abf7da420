"""CSV for annotators with a spreadsheet: one line for each row and annotator."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from eval.annotation.annotations import Given
from eval.data.dataset import DatasetFault, Row
from intent.model.errors import OperatorError

COLUMNS = (
    "id",
    "lang",
    "kind",
    "author_role",
    "offer",
    "item",
    "reply_to",
    "text",
    "labels",
    "by",
    "guideline",
    "suggested",
)
_NEEDED = frozenset({"id", "labels"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sheet(
    rows: Sequence[Row], *, blind: bool, guesses: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return rows as CSV; blind, with an empty column for labels. A cell that a spreadsheet would
    take for a formula begins with an apostrophe.
    """
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows:
        message, context = row.input, row.input.context
        about = (
            context.offer if context else None,
            context.item if context else None,
            message.reply_to.text if message.reply_to else None,
        )
        known = [
            row.id,
            row.metadata.lang,
            message.kind.value,
            message.author_role.value,
            *(value or "" for value in about),
            message.text,
        ]
        suggested = "+".join((guesses or {}).get(row.id, ()))
        held = (
            [("", "", "")]
            if blind
            else [("+".join(one.labels), one.by, str(one.guideline)) for one in row.labels]
        )
        for labels, by, guideline in held:
            writer.writerow(
                [_harmless(cell) for cell in (*known, labels, by, guideline, suggested)]
            )
    return written.getvalue()


def read_sheet(
    path: Path, *, by: str | None, guideline: int
) -> tuple[list[Given], list[DatasetFault]]:
    """Read labels from CSV; lines without labels are not done yet and are left out.

    Args:
        by: the annotator's name, where the file has no column ``by``.

    Raises:
        OperatorError: the file cannot be read or lacks a column.
    """
    try:
        lines = list(
            csv.DictReader(
                path.read_text(encoding="utf-8-sig").splitlines(keepends=True), strict=True
            )
        )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{path} cannot be read as CSV: {error}") from error
    missing = _NEEDED - set(lines[0] if lines else _NEEDED)
    if missing:
        raise OperatorError(
            f"{path} lacks the column {', '.join(sorted(missing))}; export a sheet to see how it "
            "looks"
        )
    given: list[Given] = []
    faults: list[DatasetFault] = []
    for number, line in enumerate(lines, 2):
        where = f"line {number}"
        if None in line or None in line.values():
            faults.append(DatasetFault(where, "has not as many cells as the first line"))
        elif line["labels"].strip():
            who, version = by or line.get("by", "").strip(), line.get("guideline") or str(guideline)
            if not version.isdigit():
                faults.append(
                    DatasetFault(where, f"the guideline {version!r} is no version number")
                )
                continue
            labels = tuple(label.strip() for label in line["labels"].replace(",", "+").split("+"))
            text = line.get("text")
            given.append(
                Given(
                    where,
                    line["id"],
                    who,
                    labels,
                    _bare(text) if text is not None else None,
                    None,
                    int(version),
                )
            )
    return given, faults


def _harmless(cell: str) -> str:
    # What already begins with an apostrophe gets another one, so that reading takes away exactly
    # what writing has put there.
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
