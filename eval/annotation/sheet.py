"""CSV for annotators with a spreadsheet: one line for each row and annotator."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from eval.annotation.annotations import Given
from eval.annotation.annotators import Signature
from eval.data.dataset import Annotation, DatasetFault, Entry, ExpectedSlot
from eval.data.settling import opinions
from intent.model.errors import OperatorError
from intent.model.spreadsheet import FORMULA_STARTS
from intent.sources.decoding import read_text

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
    "slots",
    "by",
    "guideline",
    "suggested",
)
_NEEDED = frozenset({"id", "labels"})
_DELIMITERS = (",", ";", "\t", "|")
_SLOT = re.compile(r"(?:^|[;\n])\s*([a-z][a-z_]*)\s*[:=]\s*")
_LARGEST_CELL = 1 << 20


def sheet(
    rows: Sequence[Entry],
    *,
    blind: bool,
    guesses: Mapping[str, Sequence[str]] | None = None,
    by: str = "",
    adjudicated: bool = False,
) -> str:
    """Return rows as CSV; blind, with empty columns for labels and slots. A cell that a spreadsheet
    would take for a formula begins with an apostrophe.

    Args:
        by: who is to label it.
        adjudicated: for whoever settles disagreements: one line a row, with what each annotator
            said under ``suggested``.
    """
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows:
        suggested = "+".join((guesses or {}).get(row.id, ()))
        if adjudicated:
            suggested = "\n".join(f"{who} {said}" for who, said in opinions(row).items())
        given = [("", "", by, "")] if blind or adjudicated else map(_given, row.labels)
        for cells in given:
            line = (*_known(row), *cells, suggested)
            writer.writerow([harmless(cell) for cell in line])
    return written.getvalue()


def read_sheet(
    path: Path,
    *,
    by: str | None = None,
    guideline: int = 1,
    names: Mapping[str, str] | None = None,
) -> tuple[list[Given], list[DatasetFault]]:
    """Read labels from CSV, whichever sign divides its cells, and every line that is set aside,
    with the reason; lines without labels are not done yet and are left out.

    Slots are ``kind: text``, one below the other or divided by ``;``. In a sheet without any, none
    were asked for.

    Args:
        by: the annotator's name, where the file has no column ``by``.
        names: names of annotators' own choice.

    Raises:
        OperatorError: the file cannot be read or lacks a column.
    """
    signature = Signature(by, guideline, names or {})
    lines = _lines(path)
    has_slots = any(cells.get("slots", "").strip() for _, cells in lines)
    given: list[Given] = []
    aside: list[DatasetFault] = []
    for number, cells in lines:
        where = f"line {number}"
        if not cells.get("labels", "").strip():
            if cells and "labels" not in cells:
                aside.append(DatasetFault(where, "has not as many cells as the first line"))
            continue
        try:
            slots = _slots(cells.get("slots", "")) if has_slots else None
            given.append(_taken(cells, where, signature, slots))
        except (KeyError, ValueError) as error:
            aside.append(DatasetFault(where, str(error)))
    return given, aside


def _taken(
    cells: Mapping[str, str],
    where: str,
    signature: Signature,
    slots: tuple[ExpectedSlot, ...] | None,
) -> Given:
    if cells.get(""):
        raise ValueError("has more cells than the first line")
    labels = tuple(one.strip() for one in re.split(r"[+,;/|\n]", cells["labels"]) if one.strip())
    text = cells.get("text")
    return Given(
        where,
        _bare(cells["id"]),
        signature.name(_bare(cells.get("by", ""))),
        labels,
        _bare(text) if text is not None else None,
        slots,
        signature.version(cells.get("guideline")),
    )


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return each line's cells by column, and the line's number as an editor counts."""
    try:
        text = read_text(path)
        if csv.field_size_limit() < _LARGEST_CELL:
            csv.field_size_limit(_LARGEST_CELL)
        reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        columns = [name.strip().casefold() for name in next(reader, [])]
        number, found = reader.line_num + 1, []
        for cells in reader:
            # A cell beyond the last column is told by a column without a name.
            found.append((number, dict(zip([*columns, ""], cells, strict=False))))
            number = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{path} cannot be read as CSV: {error}") from error
    missing = _NEEDED - set(columns)
    if missing:
        raise OperatorError(
            f"{path} lacks the column {', '.join(sorted(missing))}; export a sheet to see how it "
            "looks"
        )
    return found


def _delimiter(text: str) -> str:
    """Return the sign that divides the cells: the one under which the first line holds what must be
    there.
    """
    first = text.split("\n", 1)[0]
    known = set(COLUMNS)
    counted = {
        sign: len(known & {cell.strip(' "\r').casefold() for cell in first.split(sign)})
        for sign in _DELIMITERS
    }
    return max(_DELIMITERS, key=lambda sign: counted[sign])


def _slots(cell: str) -> tuple[ExpectedSlot, ...]:
    written = _bare(cell)
    begins = list(_SLOT.finditer(written))
    if not written.strip():
        return ()
    if not begins or begins[0].start() > 0:
        raise ValueError(f"the slots {cell!r} are not written as 'kind: text'")
    ends = [*(one.start() for one in begins[1:]), len(written)]
    said = [
        (one[1], written[one.end() : end].strip(" ;\n"))
        for one, end in zip(begins, ends, strict=True)
    ]
    if any(not text for _, text in said):
        raise ValueError(f"the slots {cell!r} hold one without a text")
    return tuple(dict.fromkeys(ExpectedSlot(kind=kind, text=text) for kind, text in said))


def _known(row: Entry) -> list[str]:
    message, context = row.input, row.input.context
    about = (
        context.offer if context else None,
        context.item if context else None,
        message.reply_to.text if message.reply_to else None,
    )
    return [
        row.id,
        row.metadata.lang,
        message.kind.value,
        message.author_role.value,
        *(value or "" for value in about),
        message.text,
    ]


def _given(held: Annotation) -> tuple[str, str, str, str]:
    slots = "\n".join(f"{slot.kind}: {slot.text}" for slot in held.slots or ())
    return "+".join(held.labels), slots, held.by, str(held.guideline)


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    # What already begins with an apostrophe gets another one, so that reading takes away exactly
    # what writing has put there.
    return f"'{cell}" if cell.startswith((*FORMULA_STARTS, "'")) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
