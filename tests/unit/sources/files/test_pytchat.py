"""pytchat: times are numbers, never the local clock beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intent.model.errors import WrongUse
from tests.unit.sources.files.reading import ReadFile, json_lines, read_file, read_pipe

NOON = 1_795_176_000_000
COLUMNS = "type,id,message,timestamp,datetime,author.name,author.channelId,author.isChatOwner,author.isChatModerator"


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "type": "textMessage",
        "id": f"ChwKGkNO{number}",
        "message": f"berapa kak {number}?",
        "timestamp": NOON + number * 1000,
        "datetime": "2026-11-21 03:00:00",
        "author": {"name": "Budi", "channelId": "UCbudi", "isChatOwner": False},
        **changes,
    }


def read(content: str | bytes, **more: Any) -> ReadFile:
    return read_file(content, **{"room": "dQw00000000", **more})


def test_lines_an_array_and_arrays_one_a_line_say_the_same() -> None:
    for text in (
        json_lines(item(1), item(2)),
        json.dumps([item(1), item(2)]),
        "[]\n" + json_lines([item(1)], [], [item(2)]),
    ):
        whole = read(text)
        assert (whole.format, whole.texts) == ("pytchat", ["berapa kak 1?", "berapa kak 2?"])


def test_the_time_is_the_number_and_not_the_clock_beside_it() -> None:
    (message,) = read(json_lines(item(0))).messages
    assert message.sent_at.timestamp() == NOON / 1000
    assert (message.platform, message.room_id, message.user_id) == (
        "youtube",
        "dQw00000000",
        "UCbudi",
    )


def test_a_sheet_of_flattened_names_is_read_too() -> None:
    whole = read(
        f"{COLUMNS}\ntextMessage,Chw1,mau dua,{NOON},2026-11-21 03:00:00,Budi,UCbudi,False,True\n"
        f'textMessage,Chw2,"satu, kak",{NOON}.0,2026-11-21 03:00:00,Ana,UCana,True,False\n'
    )
    assert (whole.format, whole.texts) == ("pytchat", ["mau dua", "satu, kak"])
    assert [message.author_role for message in whole.messages] == ["moderator", "host"]
    assert whole.messages[1].sent_at.timestamp() == NOON / 1000


@pytest.mark.parametrize(
    ("author", "role"),
    [({"isChatOwner": True}, "host"), ({"isChatModerator": True}, "moderator"), ({}, "viewer")],
)
def test_the_author_says_who_is_the_host(author: dict[str, Any], role: str) -> None:
    whole = read(json_lines(item(author={"channelId": "UCbudi", **author})))
    assert whole.messages[0].author_role == role


def test_what_has_no_text_is_passed_over_by_its_kind() -> None:
    whole = read(json_lines(item(1), item(2, message="", type="superSticker")))
    assert (whole.texts, whole.skipped) == (["berapa kak 1?"], {"superSticker": 1})


def test_what_is_missing_or_wrong_is_refused_and_the_rest_goes_on() -> None:
    whole = read(
        json_lines(item(1), item(2, author={}), item(3, timestamp=None), item(4, id=2**53), item(5))
    )
    assert whole.texts == ["berapa kak 1?", "berapa kak 5?"]
    assert [reason.split(" (")[0][:60] for reason in whole.reasons] == [
        "user_id: the author is missing",
        "sent_at: is no number of milliseconds since 1970",
        "message_id: is a number of 2^53 or more, which many programs",
    ]


def test_the_room_is_asked_for() -> None:
    with pytest.raises(WrongUse, match="say --room with the video's id"):
        read(json_lines(item()), room=None)


def test_half_an_emoji_and_utf_16_are_read() -> None:
    text = json.dumps([item(message="dua \ud83d kak")])
    assert read(text).texts == ["dua \ufffd kak"]
    assert read(json_lines(item()).encode("utf-16")).texts == ["berapa kak 1?"]


def test_a_pipe_is_read_too() -> None:
    assert len(read_pipe(json_lines(item(1), item(2)).encode(), room="r").messages) == 2
