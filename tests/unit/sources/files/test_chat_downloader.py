"""chat-downloader: JSON, JSON lines and CSV of one chat say the same; every field may be missing."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from intent.model.batch import Retraction
from intent.model.errors import WrongUse
from tests.unit.sources.files.reading import ReadFile, json_lines, read_file

NOON = 1_795_176_000_000_000
BUDI = "UC" + "b" * 22


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "action_type": "add_chat_item",
        "author": {"id": BUDI, "name": "Budi", "images": [{"url": "https://x"}]},
        "message": f"berapa kak {number}?",
        "message_id": f"ChwKGkNO{number}",
        "message_type": "text_message",
        "time_in_seconds": number,
        "timestamp": NOON + number * 1_000_000,
        **changes,
    }


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict | list):
        return {prefix[:-1]: value}
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return {
        key: one for name, inner in pairs for key, one in flat(inner, f"{prefix}{name}.").items()
    }


def as_csv(*items: dict[str, Any]) -> str:
    rows = [flat(one) for one in items]
    names = sorted({name for row in rows for name in row})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


SHAPES = {
    "array": lambda *items: json.dumps(items, indent=1),
    "lines": json_lines,
    "csv": as_csv,
}


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Any:
    return SHAPES[request.param]


def read(content: str, **more: Any) -> ReadFile:
    return read_file(content, **{"room": "dQw00000000", **more})


def test_a_text_becomes_a_message_in_every_shape(shape: Any) -> None:
    whole = read(shape(item(1), item(2, message='two, "please"\nkak')))
    assert whole.format == "chat-downloader"
    assert whole.texts == ["berapa kak 1?", 'two, "please"\nkak']
    message = whole.messages[0]
    assert (message.platform, message.room_id) == ("youtube", "dQw00000000")
    assert (message.message_id, message.user_id) == ("ChwKGkNO1", BUDI)
    assert message.sent_at == datetime.fromtimestamp(NOON / 1e6 + 1, UTC)


@pytest.mark.parametrize(
    ("badge", "role"),
    [
        ({"title": "Owner"}, "host"),
        ({"name": "broadcaster"}, "host"),
        ({"title": "Moderator"}, "moderator"),
    ],
)
def test_badges_say_who_is_the_host_in_every_shape(shape: Any, badge: Any, role: str) -> None:
    author = {"id": BUDI, "name": "Budi", "badges": [{"title": "Member"}, badge]}
    assert read(shape(item(author=author))).messages[0].author_role == role


def test_the_platform_is_told_by_the_ids_or_asked_for() -> None:
    twitch = item(message_id="6b1d0c7e-0000-4000-8000-000000000001", author={"id": "7702"})
    assert read(json_lines(twitch)).messages[0].platform == "twitch"
    other = item(author={"id": "someone"})
    with pytest.raises(WrongUse, match="say --const platform="):
        read(json_lines(other))
    assert read(json_lines(other), constants=["platform=zoom"]).messages[0].platform == "zoom"


def test_the_room_is_asked_for() -> None:
    with pytest.raises(WrongUse, match="say --room"):
        read(json_lines(item()), room=None)


def test_deletions_and_bans_are_taken_back(shape: Any) -> None:
    whole = read(
        shape(
            item(1),
            {
                "message_type": "deleted_message",
                "target_message_id": "ChwKGkNO1",
                "action_type": "x",
            },
            {"message_type": "ban_user", "author": {"id": BUDI}, "action_type": "x"},
            {"message_type": "clear_chat", "action_type": "x"},
        )
    )
    at = datetime.fromtimestamp(NOON / 1e6 + 1, UTC)
    assert whole.retractions == [
        Retraction("youtube", "dQw00000000", at, "ChwKGkNO1"),
        Retraction("youtube", "dQw00000000", at, user_id=BUDI),
    ]
    assert whole.skipped == {"chat cleared": 1}


def test_what_has_no_text_is_passed_over_by_its_kind(shape: Any) -> None:
    whole = read(
        shape(
            item(1),
            item(2, message=None, message_type="paid_sticker"),
            item(3, message_type="ticker_paid_message_item"),
        )
    )
    assert whole.texts == ["berapa kak 1?"]
    assert whole.skipped == {"paid_sticker": 1, "said again in the strip above the chat": 1}


def test_what_is_missing_is_refused_with_its_name(shape: Any) -> None:
    whole = read(shape(item(1), item(2, author={}), item(3, timestamp=None)))
    assert whole.reasons == ["user_id: the author is missing", "sent_at: the item has no timestamp"]


def test_an_item_without_an_id_gets_the_same_one_each_time(shape: Any) -> None:
    text = shape(item(1, message_id=None), item(2, message_id=None))
    first, second = ([one.message_id for one in read(text).messages] for _ in range(2))
    assert first == second
    assert first[0].startswith("sha256:")


def test_an_array_that_was_cut_keeps_what_is_whole() -> None:
    text = json.dumps([item(1), item(2)])
    whole = read(text[: text.index("kak 2")])
    assert (whole.texts, whole.reasons) == (["berapa kak 1?"], ["is no JSON"])


def test_times_that_a_spreadsheet_has_rounded_are_refused() -> None:
    whole = read(as_csv(item(1), item(2, timestamp="1.79518E+15")))
    assert whole.reasons == ["sent_at: is no number of microseconds since 1970"]
