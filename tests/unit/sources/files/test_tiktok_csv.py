"""CSVs of TikTok comments: the names that exporters give their columns, and ids that were ruined."""

from __future__ import annotations

from typing import Any

import pytest

from intent.model.errors import WrongUse
from tests.unit.sources.files.reading import ReadFile, read_file

NOON = "2026-11-20T12:00:00.000Z"


def read(content: str, **more: Any) -> ReadFile:
    return read_file(content, **more)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            "cid,text,uniqueId,createTimeISO,videoWebUrl",
            f"7001,mau,budi,{NOON},https://www.tiktok.com/@toko/video/7900",
        ),
        ("cid;text;uniqueId;createTime;video_id;diggCount", "7001;mau;budi;1795176000;7900;3"),
        (
            "Comment ID,Comment text,Author username,Created at (UTC),Post ID",
            "7001,mau,budi,2026-11-20 12:00:00,7900",
        ),
        ("Comment ID\tComment\tauthor\tpublishedAt\tvideoId", f"7001\tmau\tbudi\t{NOON}\t7900"),
        ("id,text,author.uniqueId,create_time,aweme_id", "7001,mau,budi,1795176000,7900"),
        (
            '"Comment ID","text","nickname","createdAt","videoId"',
            f'"7001","mau","budi","{NOON}","7900"',
        ),
    ],
)
def test_columns_are_known_by_the_names_that_exporters_give_them(header: str, row: str) -> None:
    whole = read(f"{header}\n{row}\n")
    (message,) = whole.messages
    assert whole.format == "tiktok-csv"
    assert (message.platform, message.room_id, message.message_id) == ("tiktok", "7900", "7001")
    assert (message.user_id, message.text, whole.times) == ("budi", "mau", ["2026-11-20T12:00:00Z"])


def test_the_room_is_asked_for_where_no_column_names_the_video() -> None:
    text = f"cid,text,uniqueId,createTimeISO\n7001,mau,budi,{NOON}\n"
    with pytest.raises(WrongUse, match="--room"):
        read(text)
    assert read(text, room="live-7").messages[0].room_id == "live-7"


def test_a_room_that_was_said_wins_over_the_column() -> None:
    text = f"cid,text,uniqueId,createTimeISO,videoId\n7001,mau,budi,{NOON},7900\n"
    assert read(text, room="live-7").messages[0].room_id == "live-7"


def test_an_id_that_a_spreadsheet_ruined_is_refused_with_the_reason() -> None:
    text = f"cid,text,uniqueId,createTimeISO\n7.1E+18,mau,budi,{NOON}\n7001,dua,ana,{NOON}\n"
    whole = read(text, room="r")
    assert whole.texts == ["dua"]
    assert whole.reasons == [
        "message_id: is a long number that a spreadsheet has rounded (such as 7.1E+18); export it "
        "again, and keep the column as text"
    ]


def test_ids_that_all_end_in_zeros_are_refused_before_anything_is_stored() -> None:
    rows = "".join(f"71234567890123{one}0000,mau,budi,{NOON}\n" for one in "123")
    with pytest.raises(WrongUse, match="'cid' were rounded by a spreadsheet"):
        read(f"cid,text,uniqueId,createTimeISO\n{rows}", room="r")


def test_long_ids_that_kept_their_digits_are_what_they_are() -> None:
    rows = "".join(f"712345678901234567{one},mau,budi,{NOON}\n" for one in "08")
    whole = read(f"cid,text,uniqueId,createTimeISO\n{rows}", room="r")
    ids = [message.message_id for message in whole.messages]
    assert ids == ["7123456789012345670", "7123456789012345678"]


def test_without_a_column_of_ids_they_are_computed() -> None:
    text = f"text,uniqueId,createTimeISO\nmau,budi,{NOON}\nmau,budi,{NOON}\n"
    first, second = ([one.message_id for one in read(text, room="r").messages] for _ in range(2))
    assert first == second
    assert len(set(first)) == 2


def test_local_times_ask_for_their_zone() -> None:
    text = "cid,text,uniqueId,createdAt\n7001,mau,budi,2026-11-20 19:00:00\n"
    with pytest.raises(WrongUse, match="--timezone"):
        read(text, room="r")
    assert read(text, room="r", timezone="Asia/Jakarta").times == ["2026-11-20T12:00:00Z"]


def test_another_column_can_be_named_instead() -> None:
    text = f"cid,text,uniqueId,createTimeISO,secUid\n7001,mau,budi,{NOON},MS4w\n"
    assert read(text, room="r", columns=["user_id=secUid"]).messages[0].user_id == "MS4w"


def test_a_comment_without_an_author_is_refused() -> None:
    text = f"cid,text,uniqueId,createTimeISO\n7001,mau,,{NOON}\n"
    assert read(text, room="r").reasons == ["user_id: the author is missing"]


def test_a_sheet_with_common_names_alone_is_not_taken_for_tiktoks() -> None:
    with pytest.raises(WrongUse, match="its columns are not known"):
        read(f"id,text,author,createdAt\n7001,mau,budi,{NOON}\n", room="r")
