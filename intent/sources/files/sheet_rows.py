"""Reads the rows of a sheet below its header, and mends what spreadsheets do to cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from intent.model.errors import Malformed
from intent.sources.door import MAX_PAYLOAD_BYTES
from intent.sources.files.file_format import AtHand, Read
from intent.sources.files.sheets import Sheet, cells, split_rows
from intent.sources.lines import Line

_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_WHOLE = re.compile(r"(\d{1,15})\.0+")
"""Up to here a table with gaps in a column writes 42 as 42.0, and loses nothing."""

_NUMBER = re.compile(r"\d{16,}")


def read_rows(
    chunks: Iterator[bytes | None],
    at_hand: AtHand,
    sheet: Sheet,
    read: Callable[[dict[str, Any], str], Iterable[Read]],
) -> Iterator[Read]:
    """Yield what ``read`` makes of every row, with its cells under the dotted names of their
    columns made nested, and its position; what is no row is refused.
    """

    def nest(row: dict[str, str], position: str) -> Iterable[Read]:
        return read(nested(list(row), list(row.values())), position)

    return read_cells(chunks, at_hand, sheet, nest)


def read_cells(
    chunks: Iterator[bytes | None],
    at_hand: AtHand,
    sheet: Sheet,
    read: Callable[[dict[str, str], str], Iterable[Read]],
) -> Iterator[Read]:
    """Yield what ``read`` makes of every row, as cells under the names of their columns, and its
    position; what is no row is refused.
    """
    before = sheet.skipped + 1

    def one(line: Line) -> Iterable[Read]:
        row = cells(line.payload, sheet.delimiter)
        if not any(row):
            return []
        if len(row) > len(sheet.header) and any(row[len(sheet.header) :]):
            raise Malformed(
                f"has {len(row)} cells where the header has {len(sheet.header)}; a text that holds "
                "the separator must stand in quotes"
            )
        named = dict(zip(sheet.header, row, strict=False))
        return read(named, f"{line.kind} {line.number}")

    rows = split_rows(chunks, sheet.delimiter, MAX_PAYLOAD_BYTES + 1)
    # The header is the first row that is not blank.
    return at_hand.each(_below(rows, before), one)


def _below(rows: Iterator[Line | None], before: int) -> Iterator[Line | None]:
    for row in rows:
        if row is not None and before and row.payload.strip(b" ,;\t|"):
            before -= 1
        else:
            yield row


def nested(names: Sequence[str], values: Sequence[str]) -> dict[str, Any]:
    """Return values under dotted names as objects in objects: ``author.id`` is the ``id`` of the
    ``author``.
    """
    whole: dict[str, Any] = {}
    for name, value in zip(names, values, strict=False):
        *path, last = name.split(".")
        place = whole
        for key in path:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[last] = value
    return whole


def as_id(cell: str | None) -> str | None:
    """Return an id as it was before a spreadsheet had it: without the signs that keep it a text,
    and without the fraction of a column with gaps.
    """
    if cell is None:
        return None
    plain = cell.strip()
    formula = _FORMULA.fullmatch(plain)
    plain = formula[1] if formula else plain.removeprefix("'")
    whole = _WHOLE.fullmatch(plain)
    return (whole[1] if whole else plain) or None


def is_rounded(ids: Iterable[str | None]) -> bool:
    """Return whether a column of long numbers was rounded by a spreadsheet, which keeps 15 digits
    and writes zeros for the rest: two that end so are no chance.
    """
    long = [one for one in ids if one is not None and _NUMBER.fullmatch(one)]
    return len(long) > 1 and all(one[15:].strip("0") == "" for one in long)
