"""Reads CSVs of TikTok comments, as exporters and scrapers name their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intent.model.errors import WrongUse
from intent.sources.files.file_format import AtHand, FileFormat, FileReading
from intent.sources.files.head import Head
from intent.sources.files.sheet_table import prepare_sheet

NAMES: Mapping[str, Sequence[str]] = {
    "message_id": ("comment id", "commentid", "comment_id", "cid", "id"),
    "text": ("comment text", "comment_text", "text", "comment", "content"),
    "user_id": (
        "author username",
        "uniqueid",
        "unique_id",
        "username",
        "author.uniqueid",
        "author",
        "user",
        "nickname",
    ),
    "sent_at": (
        "created at (utc)",
        "createtimeiso",
        "createdat",
        "created_at",
        "publishedat",
        "created at",
        "createtime",
        "create_time",
    ),
    "room_id": ("videoid", "video_id", "post id", "postid", "aweme_id", "videoweburl", "video url"),
}
"""Our key to names of columns that hold it, in small letters; the first that is there counts."""

_TIKTOKS = frozenset(
    {
        "comment id",
        "cid",
        "uniqueid",
        "unique_id",
        "author username",
        "createtimeiso",
        "diggcount",
        "digg_count",
        "videoweburl",
        "aweme_id",
        "post id",
        "author.uniqueid",
    }
)
"""Names of which a sheet has one if it is of TikTok: its own words, and those of its exporters."""


def _columns(head: Head) -> dict[str, str]:
    names = {name.lower(): name for name in head.sheet.header} if head.sheet else {}
    return {
        key: names[found]
        for key, known in NAMES.items()
        if (found := next((name for name in known if name in names), None)) is not None
    }


def _fits(head: Head) -> bool:
    if head.sheet is None or not {"text", "user_id", "sent_at"} <= _columns(head).keys():
        return False
    return bool(_TIKTOKS & {name.lower() for name in head.sheet.header})


def _prepare(at_hand: AtHand) -> FileReading:
    sheet = at_hand.head.sheet
    if sheet is None:
        raise WrongUse("this is no sheet: no sign separates the same number of cells in its rows")
    columns = {**_columns(at_hand.head), **at_hand.told.columns}
    if "room_id" in at_hand.told.constants:
        columns.pop("room_id", None)
    return prepare_sheet(at_hand, sheet, columns, {"platform": "tiktok", "kind": "comment"})


TIKTOK_CSV = FileFormat(
    name="tiktok-csv",
    title="CSV of TikTok comments",
    example="intent ingest comments.csv --room VIDEO_ID",
    needs="`--room` where no column names the video; `--timezone` where times do not tell",
    notes=(
        "There is no standard; the usual names of columns are known, and `--map` says others.",
        "Ids of 19 digits that a spreadsheet has rounded (7.1E+18) are refused: two comments would "
        "share one. Without a column of ids they are computed.",
    ),
    fits=_fits,
    prepare=_prepare,
)
