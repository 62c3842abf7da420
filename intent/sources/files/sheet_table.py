"""Reads any CSV or TSV whose columns were named, or have the names of the wire shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from intent.model.errors import Malformed, WrongUse
from intent.sources.files.date_order import DateOrder, DateSurvey
from intent.sources.files.file_format import (
    AtHand,
    FileFormat,
    FileReading,
    Read,
    Skipped,
    given_id,
)
from intent.sources.files.head import Head
from intent.sources.files.moments import has_zone, in_words, read_moment
from intent.sources.files.sheet_rows import as_id, is_rounded, read_cells
from intent.sources.files.sheets import Sheet
from intent.sources.files.told import COLUMNS
from intent.sources.ids import ComputedIds

IDS = (
    *("room_id", "message_id", "user_id"),
    *("creator_id", "item_id", "category_id", "reply_to"),
)
_SAMPLE = 50
_VIDEO = re.compile(r"https?://\S+/video/(\d+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of a sheet become messages.

    Attributes:
        columns: our key to the name of the column.
        fixed: our key to the value of all messages, where ``--const`` says no other.
        zone: of times that do not say theirs; None where all do.
        order: of dates such as 03/04/26; None where there are none.
    """

    columns: Mapping[str, str]
    fixed: Mapping[str, str]
    zone: tzinfo | None
    order: DateOrder | None


def _fits(head: Head) -> bool:
    # With --map any sheet is one; without it, one whose columns have our names.
    return head.sheet is not None and {"text", "user_id"} <= set(head.sheet.header)


def _prepare(at_hand: AtHand) -> FileReading:
    sheet = at_hand.head.sheet
    if sheet is None:
        raise WrongUse("this is no sheet: no sign separates the same number of cells in its rows")
    columns = {key: key for key in COLUMNS if key in sheet.header}
    return prepare_sheet(at_hand, sheet, {**columns, **at_hand.told.columns}, {"kind": "comment"})


def prepare_sheet(
    at_hand: AtHand, sheet: Sheet, columns: Mapping[str, str], fixed: Mapping[str, str]
) -> FileReading:
    """Find out how a sheet is read.

    Args:
        columns: our key to the name of the column.
        fixed: our key to the value of all messages, where ``--const`` says no other.

    Raises:
        WrongUse: a column is missing or stands twice, or its dates, zones or ids cannot be relied
            on.
    """
    _check_columns(at_hand, sheet, columns, fixed)
    rows = [dict(zip(sheet.header, row, strict=False)) for row in sheet.rows[:_SAMPLE]]
    for key in ("message_id", "user_id"):
        if key in columns and is_rounded(as_id(row.get(columns[key])) for row in rows):
            raise WrongUse(
                f"the ids in {columns[key]!r} were rounded by a spreadsheet: all end in zeros "
                "after 15 digits; export the file again, and open it in no spreadsheet before"
            )
    zone: tzinfo | None = at_hand.told.zone
    if zone is None and "utc" in columns["sent_at"].lower():
        zone = UTC
    times = [time for row in rows if (time := row.get(columns["sent_at"], "").strip())]
    if zone is None and any(has_zone(time) is False for time in times):
        raise WrongUse(
            f"the times in {columns['sent_at']!r} (such as {times[0][:40]}) do not say in which "
            "time zone they are; say --timezone with its IANA name, such as --timezone Asia/Jakarta"
        )
    plan = Plan(columns, fixed, zone, _order(at_hand, sheet, columns["sent_at"], times))
    mapping = {key: repr(name) for key, name in columns.items()}
    if "message_id" not in columns:
        mapping["message_id"] = "computed from room, author, time and text"
    return FileReading(lambda chunks: _Rows(at_hand, sheet, plan).read(chunks), mapping)


def _check_columns(
    at_hand: AtHand, sheet: Sheet, columns: Mapping[str, str], fixed: Mapping[str, str]
) -> None:
    there = "the columns are: " + ", ".join(name for name in sheet.header if name)
    missing = [name for name in columns.values() if name not in sheet.header]
    if missing:
        raise WrongUse(f"there is no column {missing[0]!r}; {there}")
    twice = [name for name in columns.values() if sheet.header.count(name) > 1]
    if twice:
        raise WrongUse(
            f"the column {twice[0]!r} stands twice, and which one is meant cannot be told; rename "
            f"the other in the file; {there}"
        )
    unknown = [key for key in ("text", "user_id", "sent_at") if key not in columns]
    if unknown:
        words = " ".join(f"--map {key}=…" for key in unknown)
        raise WrongUse(f"which column is {' and which is '.join(unknown)}? Say {words}; {there}")
    known = columns.keys() | fixed.keys() | at_hand.told.constants.keys()
    unsaid = [key for key in ("platform", "room_id") if key not in known]
    if unsaid:
        words = " ".join("--room …" if key == "room_id" else f"--const {key}=…" for key in unsaid)
        raise WrongUse(
            f"the file does not say {' and '.join(unsaid)}; say {words}, or --map; {there}"
        )


def _order(at_hand: AtHand, sheet: Sheet, column: str, times: list[str]) -> DateOrder | None:
    """Return how dates are written; None where no time is written with such dates.

    Raises:
        WrongUse: it cannot be told.
    """
    if at_hand.told.date_order is not None:
        return at_hand.told.date_order
    if not any(in_words(time) for time in times):
        return None
    survey = DateSurvey()

    def look(row: dict[str, str], _: str) -> Iterable[Read]:
        written = in_words(row.get(column, ""))
        if written is not None:
            survey.add(written.date)
        return []

    whole = at_hand.opened.chunks() if at_hand.opened.again else iter([at_hand.head.text])
    for _ in read_cells(whole, at_hand, sheet, look):
        pass
    return survey.order()


class _Rows:
    """Reads the rows of one sheet."""

    def __init__(self, at_hand: AtHand, sheet: Sheet, plan: Plan) -> None:
        self._at_hand, self._sheet, self._plan, self._ids = at_hand, sheet, plan, ComputedIds()

    def read(self, chunks: Iterator[bytes | None]) -> Iterator[Read]:
        return read_cells(chunks, self._at_hand, self._sheet, self._row)

    def _row(self, row: dict[str, str], position: str) -> Iterable[Read]:
        plan = self._plan
        values: dict[str, object] = dict(plan.fixed)
        for key, column in plan.columns.items():
            if cell := row.get(column):
                values[key] = _cell(key, cell)
        text = values.get("text")
        if not isinstance(text, str) or not text.strip():
            return [Skipped("row without a text")]
        if "sent_at" not in values:
            raise Malformed("sent_at: the cell is empty")
        values["sent_at"] = read_moment(str(values["sent_at"]), plan.zone, plan.order)
        if "message_id" not in plan.columns:
            values = given_id({**values, **self._at_hand.told.constants}, self._ids)
        return [self._at_hand.enter(values, position)]


def _cell(key: str, cell: str) -> str | None:
    video = _VIDEO.search(cell) if key == "room_id" else None
    if video is not None:
        return video[1]
    return as_id(cell) if key in IDS else cell


TABLE = FileFormat(
    name="table",
    title="Any CSV or TSV",
    example="intent ingest comments.csv --map text=Comment --map user_id=Author "
    "--map sent_at=Date --const platform=tiktok --room live-7",
    needs="`--map` for `text`, `user_id` and `sent_at`, `--const platform=…`, `--room`; "
    "`--timezone` and `--date-order` where times do not tell",
    notes=(
        "The separator (comma, semicolon, tab, bar) is told by content; cells in quotes may hold "
        "line feeds. Times may be RFC 3339, numbers since 1970 (seconds to nanoseconds, by their "
        "size), or as people write them.",
        "Without a column of ids they are computed from room, author, time and text: the same each "
        "time that the file is read. Ids that a spreadsheet has rounded are refused.",
    ),
    fits=_fits,
    prepare=_prepare,
)
