"""WhatsApp exports: iPhone and Android, in the orders, clocks, calendars and words of many places."""

from __future__ import annotations

from typing import Any

import pytest

from intent.model.errors import WrongUse
from tests.unit.sources.files.reading import ReadFile, read_file, read_pipe

SAID: dict[str, Any] = {"timezone": "Asia/Jakarta", "room": "toko-mawar"}
AT_NIGHT = "2026-11-20T14:14:00Z"  # 21:14 in Jakarta
IN_THE_MORNING = "2026-11-20T02:14:00Z"


def read(text: str, **more: Any) -> ReadFile:
    return read_file(text, **{**SAID, **more})


@pytest.mark.parametrize(
    ("line", "time"),
    [
        # iPhone: Indonesia, Germany, the United States, Thailand, Taiwan, Saudi Arabia
        ("[20/11/26 21.14.05] Ana: berapa harganya kak?", "2026-11-20T14:14:05Z"),
        ("[20.11.26, 21:14:05] Ana: berapa harganya kak?", "2026-11-20T14:14:05Z"),
        ("[11/20/26, 9:14:05\u202fPM] Ana: berapa harganya kak?", "2026-11-20T14:14:05Z"),
        ("[20/11/2569 21:14:05] Ana: berapa harganya kak?", "2026-11-20T14:14:05Z"),
        ("\u200e[2026/11/20 下午9:14:05] Ana: berapa harganya kak?", "2026-11-20T14:14:05Z"),
        ("[٢٠\u200f/١١\u200f/٢٠٢٦، ٩:١٤:٠٥ م] Ana: berapa harganya kak?", "2026-11-20T14:14:05Z"),
        # Android: Mexico (with and without blanks), Spain, the United States, Canada, Korea,
        # Vietnam, Malaysia, South Africa, French Canada, Finland
        ("20/11/26, 9:14 p. m. - Ana: berapa harganya kak?", AT_NIGHT),
        ("20/11/26, 9:14\u202fp.\u00a0m. - Ana: berapa harganya kak?", AT_NIGHT),
        ("20/11/2026, 9:14 a.m. - Ana: berapa harganya kak?", IN_THE_MORNING),
        ("20/11/26 21:14 - Ana: berapa harganya kak?", AT_NIGHT),
        ("11/20/26, 9:14 PM - Ana: berapa harganya kak?", AT_NIGHT),
        ("2026-11-20, 9:14 p.m. - Ana: berapa harganya kak?", AT_NIGHT),
        ("2026. 11. 20. 오후 9:14 - Ana: berapa harganya kak?", AT_NIGHT),
        ("21:14, 20/11/2026 - Ana: berapa harganya kak?", AT_NIGHT),
        ("20/11/2026, 9:14 PTG - Ana: berapa harganya kak?", AT_NIGHT),
        ("2026/11/20, 21:14 - Ana: berapa harganya kak?", AT_NIGHT),
        ("2026-11-20 21 h 14 - Ana: berapa harganya kak?", AT_NIGHT),
        ("20.11.2026 klo 21.14 - Ana: berapa harganya kak?", AT_NIGHT),
        ("20/11/69 21:14 - Ana: berapa harganya kak?", AT_NIGHT),
        ("20/11/2026 21:14: Ana: berapa harganya kak?", AT_NIGHT),
    ],
)
def test_every_shape_of_a_line_is_read_right(line: str, time: str) -> None:
    whole = read(f"{line}\n")
    assert (whole.format, whole.times) == ("whatsapp", [time])
    assert (whole.messages[0].user_id, whole.texts) == ("Ana", ["berapa harganya kak?"])
    assert not whole.refused


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("12:30 AM", "2026-11-19T17:30:00Z"),
        ("12:30 PM", "2026-11-20T05:30:00Z"),
        ("12:30 a. m.", "2026-11-19T17:30:00Z"),
        ("中午12:30", "2026-11-20T05:30:00Z"),
        ("凌晨12:30", "2026-11-19T17:30:00Z"),
        ("21:14 p. m.", AT_NIGHT),
    ],
)
def test_noon_and_midnight_are_told_apart(written: str, time: str) -> None:
    assert read(f"20/11/2026, {written} - Ana: hi\n").times == [time]


def test_the_zone_is_of_the_day_and_not_of_today() -> None:
    summer, winter = "20/07/2026, 12:00 - Ana: hi\n", "20/11/2026, 12:00 - Ana: hi\n"
    assert read(summer + winter, timezone="Europe/Madrid").times == [
        "2026-07-20T10:00:00Z",
        "2026-11-20T11:00:00Z",
    ]


def test_a_message_of_many_lines_is_one_and_blank_lines_are_part_of_it() -> None:
    text = "20/11/2026, 21:14 - Ana: two please\n\nto Jalan Melati 3\n20/11/2026, 21:15 - Ben: ok\n"
    assert read(text).texts == ["two please\n\nto Jalan Melati 3", "ok"]


def test_windows_line_ends_are_no_part_of_a_text() -> None:
    text = "20/11/2026, 21:14 - Ana: two\r\nplease\r\n20/11/2026, 21:15 - Ben: ok\r\n"
    assert read(text).texts == ["two\nplease", "ok"]


def test_what_the_app_says_by_itself_is_passed_over_and_counted() -> None:
    whole = read(
        "20/11/2026, 21:10 - Messages and calls are end-to-end encrypted. Tap to learn more.\n"
        '20/11/2026, 21:11 - Ana changed the subject from "Toko: lama" to "Toko: baru"\n'
        "[20/11/2026, 21:12:00] Toko Mawar: \u200eAna joined using this group's invite link\n"
        "20/11/2026, 21:13 - Ana: <Media omitted>\n"
        "20/11/2026, 21:13 - Ana: <Multimedia omitido>\n"
        "20/11/2026, 21:13 - Ana: This message was deleted\n"
        "[20/11/2026, 21:14:00] Ana: \u200eimage omitted\n"
        "20/11/2026, 21:15 - Ana: mau dua\n"
    )
    assert whole.texts == ["mau dua"]
    assert whole.skipped == {"line of the app itself": 2, "attachment or notice": 5}


@pytest.mark.parametrize(
    "line",
    [
        "IMG-20261120-WA0003.jpg (file attached)\nhow much is this one?",
        "IMG-20261120-WA0003.jpg (archivo adjunto)\nhow much is this one?",
        "how much is this one? \u200e<attached: 00000012-PHOTO.jpg>",
        "\u200e<attached: 00000012-PHOTO.jpg>\nhow much is this one?",
        "how much is this one? \u200e<This message was edited>",
        "how much is this one? <This message was edited>",
    ],
)
def test_a_caption_is_what_was_said(line: str) -> None:
    assert read(f"20/11/2026, 21:14 - Ana: {line}\n").texts == ["how much is this one?"]


def test_names_are_the_same_however_the_phone_dresses_them() -> None:
    whole = read(
        "[20/11/2026, 21:14:00] ~\u202fAna: satu\n"
        "[20/11/2026, 21:14:01] Ana: dua\n"
        "[20/11/2026, 21:14:02] \u202a+62 800-0000-0000\u202c: tiga\n"
        "[20/11/2026, 21:14:03] +62 800-0000-0000: empat: lima\n"
    )
    names = [message.user_id for message in whole.messages]
    assert names == ["Ana", "Ana", "+62 800-0000-0000", "+62 800-0000-0000"]
    assert whole.texts[-1] == "empat: lima"


def test_the_shop_is_the_host_where_it_is_named() -> None:
    text = "20/11/2026, 21:14 - Ana: ada?\n20/11/2026, 21:15 - Toko Mawar: ada kak\n"
    roles = [one.author_role for one in read(text, hosts=["Toko Mawar"]).messages]
    assert roles == ["viewer", "host"]
    assert read(text).preview.notes == [
        "if one of these is the shop itself, say --host with the name: Ana, Toko Mawar"
    ]


def test_equal_messages_of_one_minute_are_two_and_the_same_two_again() -> None:
    text = "20/11/2026, 21:14 - Ana: mau\n20/11/2026, 21:14 - Ana: mau\n"
    first, second = read(text), read(text + "20/11/2026, 21:15 - Ben: ok\n")
    ids = [message.message_id for message in first.messages]
    assert len(set(ids)) == 2
    assert [message.message_id for message in second.messages][:2] == ids


@pytest.mark.parametrize(
    ("days", "order", "first"),
    [
        (("03/04/2024", "13/04/2024"), "dmy", "2024-04-03"),
        (("03/04/2024", "04/13/2024"), "mdy", "2024-03-04"),
        (("03/04/24", "03/05/24", "04/01/24"), "mdy", "2024-03-04"),  # a chat never goes back
        (("26-11-05", "26-11-06"), "ymd", "2026-11-05"),
        (("25-11-26", "26-11-26"), "dmy", "2026-11-25"),  # years pass less often than days
    ],
)
def test_the_order_of_dates_is_told_from_all_of_them(
    days: tuple[str, ...], order: str, first: str
) -> None:
    whole = read("".join(f"{day}, 12:00 - Ana: hi\n" for day in days))
    assert whole.times[0].startswith(first)
    assert f"as {order} in" in whole.preview.mapping["sent_at"]


def test_an_order_that_two_dates_far_down_tell_is_found_there() -> None:
    text = "03/04/2024, 12:00 - Ana: hi\n" * 10_000 + "14/04/2024, 12:00 - Ana: hi\n"
    assert read(text).times[0].startswith("2024-04-03")


@pytest.mark.parametrize("days", [("03/04/24",), ("03/04/24", "04/05/24")])
def test_dates_that_fit_two_orders_are_refused_until_somebody_says_which(
    days: tuple[str, ...],
) -> None:
    text = "".join(f"{day}, 12:00 - Ana: hi\n" for day in days)
    with pytest.raises(
        WrongUse, match=r"dmy is 03 April 2024 or mdy is 04 March 2024.*--date-order"
    ):
        read(text)
    assert read(text, date_order="mdy").times[0].startswith("2024-03-04")


def test_dates_that_fit_no_order_together_are_refused_line_by_line_once_it_is_said() -> None:
    text = "13/04/2024, 12:00 - Ana: hi\n04/14/2024, 12:00 - Ana: there\n"
    with pytest.raises(WrongUse, match="no one order fits all dates"):
        read(text)
    whole = read(text, date_order="dmy")
    assert (whole.texts, whole.reasons) == (
        ["hi"],
        ["sent_at: there is no day 04/14/2024, read as dmy"],
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "20/11/2026, 9:14 quux - Ana: hi",
            "sent_at: the word 'quux' beside the time is not known",
        ),
        ("20/11/2026, 29:14 - Ana: hi", "sent_at: there is no time 29:14:00"),
        (
            "29/05/1448, 21:14 - Ana: hi",
            "sent_at: the year 1448 is of a calendar that is not read here",
        ),
        (
            "20/11/2031, 21:14 - Ana: hi",
            "sent_at: lies more than a day ahead of this machine's clock",
        ),
        (f"20/11/2026, 21:14 - Ana: {'x' * 9000}", "text: is 9000 bytes long, the limit is 8192"),
    ],
)
def test_a_line_that_cannot_be_right_is_refused_with_its_reason_and_the_rest_goes_on(
    line: str, reason: str
) -> None:
    whole = read(f"{line}\n20/11/2026, 21:15 - Ben: ok\n", date_order="dmy")
    assert (whole.reasons, whole.texts) == ([reason], ["ok"])


@pytest.mark.parametrize(
    ("left_out", "remedy"),
    [("timezone", "--timezone Asia/Jakarta"), ("room", "--room with a name")],
)
def test_what_an_export_does_not_say_is_asked_for(left_out: str, remedy: str) -> None:
    with pytest.raises(WrongUse, match=remedy):
        read("20/11/2026, 21:14 - Ana: hi\n", **{left_out: None})


def test_a_zone_that_is_none_is_refused() -> None:
    for zone in ("WIB", "Asia", "../etc", ""):
        with pytest.raises(WrongUse, match="is no time zone; write its IANA name"):
            read("20/11/2026, 21:14 - Ana: hi\n", timezone=zone)


def test_a_pipe_is_read_too_where_its_beginning_tells_the_order() -> None:
    text = b"20/11/2026, 21:14 - Ana: two\nplease\n20/11/2026, 21:15 - Ben: ok\n"
    assert read_pipe(text, **SAID).texts == ["two\nplease", "ok"]


def test_bytes_that_are_no_text_cost_their_line_alone() -> None:
    whole = read_file(b"20/11/2026, 21:14 - Ana: caf\xe9\n20/11/2026, 21:15 - Ben: ok\n", **SAID)
    assert (whole.reasons, whole.texts) == (["is no UTF-8"], ["ok"])
