"""Cuts CSV and TSV into rows in bounded memory, and tells by content what separates their cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from intent.model.errors import Malformed
from intent.sources.lines import Gathering, Line

DELIMITERS = ",;\t|"
_SHOWN_ROWS = 50
_LONGEST_LINE = 2**20
"""More bytes than this are not held for the sake of one row."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the first bytes of a sheet say.

    Attributes:
        delimiter: what stands between two cells.
        header: the names of the columns, in order.
        rows: the first rows below the header, as many cells each as the header has.
        skipped: lines before the header: ``sep=;``, as Excel writes it.
    """

    delimiter: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    skipped: int = 0


def sheet_of(text: bytes, *, complete: bool) -> Sheet | None:
    """Return the sheet that begins with these bytes; None if they begin none.

    Args:
        text: in UTF-8.
        complete: nothing follows; otherwise the last row may be half of one, and is left out.
    """
    skipped, told = 0, ""
    first = text.split(b"\n", 1)[0].strip().lower()
    if first.startswith(b"sep=") and len(first) == 5:
        skipped, told = 1, first[4:].decode("ascii", "replace")
    sheets = [
        sheet
        for delimiter in (told or DELIMITERS)
        if (sheet := _cut_by(text, delimiter, skipped, complete=complete)) is not None
    ]
    # The right one leaves the most rows whole, and then has the most columns.
    return max(sheets, key=lambda sheet: (_whole(sheet), len(sheet.header)), default=None)


def _cut_by(text: bytes, delimiter: str, skipped: int, *, complete: bool) -> Sheet | None:
    lines = [line for line in split_rows(iter([text]), delimiter, len(text)) if line is not None]
    lines = lines if complete else lines[:-1]
    rows: list[list[str]] = []
    for line in lines[skipped : _SHOWN_ROWS + skipped]:
        try:
            rows.append(cells(line.payload, delimiter))
        except Malformed:
            if not any(map(any, rows)):
                return None  # the header is none
    rows = [row for row in rows if any(row)]
    if not rows or len(rows[0]) < 2 or not all(name.strip() for name in rows[0][:1]):
        return None
    header = tuple(name.strip() for name in rows[0])
    return Sheet(delimiter, header, tuple(tuple(row) for row in rows[1:]), skipped)


def _whole(sheet: Sheet) -> float:
    if not sheet.rows:
        return 0.0
    return sum(len(row) == len(sheet.header) for row in sheet.rows) / len(sheet.rows)


def cells(row: bytes, delimiter: str) -> list[str]:
    """Return the cells of one row.

    Raises:
        Malformed: it is no UTF-8, or no row.
    """
    try:
        text = row.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise Malformed("is no UTF-8; save the sheet as CSV UTF-8") from None
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        raise Malformed(f"is no row of a sheet: {error}") from None


def split_rows(chunks: Iterator[bytes | None], delimiter: str, limit: int) -> Iterator[Line | None]:
    """Yield the rows of a sheet, counted from 1, and None for a pause. A line feed within quotes
    ends no row. A quote that is never closed costs its line, and not the rest of the sheet.

    Args:
        chunks: the bytes of the stream, in UTF-8; None where it pauses.
        delimiter: one sign of ASCII.
        limit: bytes of a row to keep; a longer one is cut there, and is no row.

    Raises:
        Malformed: a line is so long that this is no sheet.
    """
    pattern, number, rest = _row(delimiter), 1, b""
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        rest += chunk
        at = 0
        while True:
            found = pattern.match(rest, at)
            if found is None and len(rest) - at > limit:
                found = _LINE.match(rest, at)
            if found is None or (found.end() == len(rest) and found[0].endswith(b"\r")):
                break
            yield _as_line(found[0], number, limit)
            number, at = number + 1, found.end()
        rest = rest[at:]
        if len(rest) > _LONGEST_LINE + limit:
            raise Malformed(f"has a line of more than {len(rest):,} bytes, which no sheet has")
    while rest:
        found = pattern.match(rest + b"\n") or _LINE.match(rest + b"\n")
        assert found is not None
        yield _as_line(rest[: found.end()], number, limit)
        number, rest = number + 1, rest[found.end() :]


_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)")


@cache
def _row(delimiter: str) -> re.Pattern[bytes]:
    sign = re.escape(delimiter.encode("ascii"))
    quoted = rb'"(?:[^"]++|"")*+"[^' + sign + rb"\r\n]*+"
    plain = rb'(?!")[^' + sign + rb"\r\n]*+"
    cell = rb"(?:" + quoted + rb"|" + plain + rb")"
    return re.compile(cell + rb"(?:" + sign + cell + rb")*+(?:\r\n|\r|\n)")


def _as_line(row: bytes, number: int, limit: int) -> Line:
    line = Gathering(limit, "row")
    line.add(row.rstrip(b"\r\n"))
    return line.finished(number)
