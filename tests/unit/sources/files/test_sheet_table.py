"""Any CSV or TSV: columns that were named, separators told by content, what spreadsheets ruin."""

from __future__ import annotations

import codecs
from typing import Any

import pytest

from intent.model.errors import WrongUse
from tests.unit.sources.files.reading import ReadFile, read_file, read_pipe

MAP = ["text=Comment", "user_id=Author", "sent_at=Date"]
ROW = "mau dua kak,budi,2026-11-20T20:00:00+08:00\n"
SAID: dict[str, Any] = {"columns": MAP, "constants": ["platform=tiktok"], "room": "live-7"}


def read(content: str | bytes, **more: Any) -> ReadFile:
    return read_file(content, **{**SAID, **more})


def test_named_columns_and_constants_make_messages() -> None:
    whole = read(f"Comment,Author,Date\n{ROW}", constants=["platform=tiktok", "creator_id=toko"])
    (message,) = whole.messages
    assert whole.format == "table"
    assert (message.platform, message.room_id, message.creator_id) == ("tiktok", "live-7", "toko")
    assert (message.text, message.user_id, message.kind) == ("mau dua kak", "budi", "comment")
    assert whole.times == ["2026-11-20T12:00:00Z"]
    assert whole.preview.mapping["text"] == "'Comment'"
    assert whole.preview.messages == whole.messages


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_line_ends_are_told_by_content(sign: str, end: str) -> None:
    rows = ['"dua, tolong; kak | ya"', "budi", "2026-11-20T20:00:00Z"]
    text = end.join([sign.join(["Comment", "Author", "Date"]), sign.join(rows), ""])
    assert read(text).texts == ["dua, tolong; kak | ya"]
    assert read(text.rstrip()).texts == ["dua, tolong; kak | ya"]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: b"sep=,\n" + text.encode(),
        lambda text: b"\n\n" + text.encode(),
    ],
)
def test_marks_encodings_and_excels_first_line_are_no_part_of_a_name(encode: Any) -> None:
    assert read(encode("Comment,Author,Date\n" + ROW.replace("kak", "ก๊อป"))).texts == [
        "mau dua ก๊อป"
    ]


def test_quotes_hold_line_feeds_and_signs_that_end_no_line() -> None:
    text = 'Comment,Author,Date\n"dua\nkak ""ya""\u2028ok",budi,2026-11-20T20:00:00Z\n'
    whole = read(text + text.split("\n", 1)[1].replace("dua", "tiga"))
    assert whole.texts == ['dua\nkak "ya"\u2028ok', 'tiga\nkak "ya"\u2028ok']


def test_a_quote_that_is_never_closed_costs_little() -> None:
    rows = "".join(f"mau {number},budi,2026-11-20T20:00:00Z\n" for number in range(3000))
    whole = read(f'Comment,Author,Date\n{ROW}"open,budi,2026-11-20T20:00:00Z\n{rows}')
    assert len(whole.messages) > 2990
    assert len(whole.refused) <= 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("mau, dua,budi,2026-11-20T20:00:00Z", "has 4 cells where the header has 3; a text"),
        ("mau,,2026-11-20T20:00:00Z", "user_id: the author is missing"),
        ("mau,budi,", "sent_at: the cell is empty"),
        ("mau,budi,yesterday", "sent_at: is no time"),
        ("mau,budi,2026-13-20T20:00:00Z", "sent_at: is no time"),
        ("mau,7.1E+18,2026-11-20T20:00:00Z", "user_id: is a long number that a spreadsheet"),
        ("mau,budi", "sent_at: the cell is empty"),
    ],
)
def test_what_is_wrong_with_one_row_is_no_matter_to_the_others(row: str, reason: str) -> None:
    whole = read(f"Comment,Author,Date\n{ROW}{row}\n\n{ROW.replace('dua', 'tiga')}")
    assert whole.texts == ["mau dua kak", "mau tiga kak"]
    assert len(whole.reasons) == 1
    assert whole.reasons[0].startswith(reason)
    assert whole.refused[0].position in ("file row 3", "file row 3")


def test_a_row_that_is_no_utf_8_is_refused_with_what_to_do() -> None:
    whole = read(f"Comment,Author,Date\n{ROW}".encode() + b"caf\xe9,budi,2026-11-20T20:00:00Z\n")
    assert whole.reasons == ["is no UTF-8; save the sheet as CSV UTF-8"]


def test_a_row_without_a_text_is_passed_over() -> None:
    whole = read(f"Comment,Author,Date\n,budi,2026-11-20T20:00:00Z\n{ROW}")
    assert (whole.texts, whole.skipped) == (["mau dua kak"], {"row without a text": 1})


def test_without_ids_they_are_computed_and_equal_rows_are_two() -> None:
    text = f"Comment,Author,Date\n{ROW}{ROW}"
    first, second = ([one.message_id for one in read(text).messages] for _ in range(2))
    assert first == second
    assert len(set(first)) == 2
    assert read(text).preview.mapping["message_id"].startswith("computed")


@pytest.mark.parametrize(
    ("cell", "known"),
    [("'7123", "7123"), ('"=""7123"""', "7123"), ("7123.0", "7123"), ("7e18", "7e18")],
)
def test_ids_are_what_they_were_before_a_spreadsheet_had_them(cell: str, known: str) -> None:
    text = f"Comment,Author,Date,ID\nmau,budi,2026-11-20T20:00:00Z,{cell}\n"
    whole = read(text, columns=[*MAP, "message_id=ID"])
    assert [message.message_id for message in whole.messages] == [known]


def test_ids_that_lost_their_last_digits_are_refused_before_anything_is_stored() -> None:
    rows = "".join(f"mau {one},budi,2026-11-20T20:00:00Z,71234567890123{one}0000\n" for one in "12")
    with pytest.raises(WrongUse, match="'ID' were rounded by a spreadsheet"):
        read(f"Comment,Author,Date,ID\n{rows}", columns=[*MAP, "message_id=ID"])


@pytest.mark.parametrize(
    ("written", "more"),
    [
        ("1795176000", {}),
        ("1795176000000", {}),
        ("1795176000000000", {}),
        ("1795176000000000000", {}),
        ("2026-11-20 12:00:00 UTC", {}),
        ("2026-11-20 12:00:00.000000000+00:00", {}),
        ("2026-11-20T12:00:00.123456789Z", {}),
        ("2026-11-20 19:00", {"timezone": "Asia/Jakarta"}),
        ("20/11/2026 7:00 PM", {"timezone": "Asia/Jakarta"}),
        ("20/11/2026 12:00 UTC", {}),
        ("11/12/2026 19:00", {"timezone": "Asia/Jakarta", "date_order": "mdy"}),
    ],
)
def test_times_are_read_as_they_are_written(written: str, more: dict[str, Any]) -> None:
    day = "2026-11-12" if written.startswith("11/") else "2026-11-20"
    if written.startswith("1795"):
        assert read(f'Comment,Author,Date\nmau,budi,"{written}"\n', **more).times == [
            "2026-11-20T12:00:00Z"
        ]
    else:
        whole = read(f'Comment,Author,Date\nmau,budi,"{written}"\n', **more)
        assert whole.times == [f"{day}T12:00:00Z"]


def test_a_zone_that_is_missing_is_asked_for_unless_the_column_says_it() -> None:
    rows = "Comment,Author,{}\nmau,budi,2026-11-20 12:00:00\n"
    with pytest.raises(WrongUse, match=r"do not say in which time zone.*--timezone Asia/Jakarta"):
        read(rows.format("Date"))
    named = [*MAP[:2], "sent_at=Created at (UTC)"]
    assert read(rows.format("Created at (UTC)"), columns=named).times == ["2026-11-20T12:00:00Z"]


def test_the_order_of_dates_is_told_from_the_whole_sheet_and_not_from_its_sorting() -> None:
    rows = ["04/05/2026 12:00", "05/04/2026 12:00"]
    text = "Comment,Author,Date\n" + "".join(f"mau,budi,{row}\n" for row in rows)
    with pytest.raises(WrongUse, match="can be read in several ways"):
        read(text, timezone="UTC")  # newest first or oldest first: nobody knows
    assert (
        read(f"{text}mau,budi,13/04/2026 12:00\n", timezone="UTC").times[0].startswith("2026-05-04")
    )


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        (
            {"columns": ["text=Comment", "user_id=Author"]},
            "Say --map sent_at=…; the columns are: Comment",
        ),
        ({"columns": [*MAP, "lang=Language"]}, "there is no column 'Language'; the columns are:"),
        ({"constants": []}, "say --const platform=…"),
        ({"room": None}, "say --room …"),
        ({"columns": ["words=Comment"]}, "--map 'words=Comment' is not understood"),
        ({"constants": ["text=hi"]}, "--const 'text=hi' is not understood"),
        ({"constants": ["platform"]}, "write KEY=VALUE"),
        ({"columns": ()}, "its columns are not known; say which hold what: --map text="),
    ],
)
def test_what_must_be_said_is_asked_for_with_the_words_to_say(more: Any, remedy: str) -> None:
    with pytest.raises(WrongUse) as error:
        read(f"Comment,Author,Date\n{ROW}", **more)
    assert remedy in str(error.value)


def test_a_column_that_stands_twice_is_refused_where_it_is_read() -> None:
    text = f"Comment,Author,Date,{{}}\n{ROW.strip()},x\n"
    with pytest.raises(WrongUse, match=r"the column 'Date' stands twice.*rename the other"):
        read(text.format("Date"))
    assert read(text.format("Comment 2")).texts == ["mau dua kak"]


def test_columns_with_our_own_names_need_no_map() -> None:
    text = (
        "platform,room_id,message_id,user_id,text,sent_at,author_role,offer,item,lang\n"
        "shopee,r,m1,u,mau,2026-11-20T12:00:00Z,host,batik,the blue one,id\n"
    )
    (message,) = read_file(text).messages
    assert (message.message_id, message.author_role, message.lang) == ("m1", "host", "id")
    assert message.context is not None
    assert (message.context.offer, message.context.item) == ("batik", "the blue one")


def test_what_the_room_offers_can_be_said_for_all_messages() -> None:
    said = ["platform=tiktok", "offer=batik", "kind=chat", "lang=id"]
    (message,) = read(f"Comment,Author,Date\n{ROW}", constants=said).messages
    assert message.context is not None
    assert (message.context.offer, message.kind, message.lang) == ("batik", "chat", "id")


def test_a_pipe_is_read_too() -> None:
    content = f"Comment,Author,Date\n{ROW}{ROW.replace('dua', 'tiga')}".encode()
    assert read_pipe(content, **SAID).texts == ["mau dua kak", "mau tiga kak"]


def test_rows_come_out_the_same_however_the_stream_is_cut() -> None:
    from intent.sources.files.sheets import split_rows

    text = b'a,"b\r\nc"\r\n"d""e",5" pipe\r\n\r\n,"",x\ry'
    whole = [row.payload for row in split_rows(iter([text]), ",", 100) if row]
    assert whole == [b'a,"b\r\nc"', b'"d""e",5" pipe', b"", b',"",x', b"y"]
    for size in range(1, len(text)):
        parts = iter([text[at : at + size] for at in range(0, len(text), size)])
        assert [row.payload for row in split_rows(parts, ",", 100) if row] == whole
