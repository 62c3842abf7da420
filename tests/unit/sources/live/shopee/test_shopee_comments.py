"""Comments of Shopee Live, as they come: read, or refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from intent.model.batch import Refused
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.door import Door
from intent.sources.live.shopee.shopee_comments import OnAir, item_shown, plain, read_comment

COMMENT: dict[str, Any] = {
    "comment_id": 88001,
    "content": "warna navy masih?",
    "timestamp": 1_795_176_000,
    "user_id": 7702,
    "username": "dewi_77",
}
ON_AIR = OnAir("55", "9001")
DOOR = Door(room_ids=True, now=lambda: datetime(2026, 11, 20, 13, 0, tzinfo=UTC))


def read(changes: dict[str, Any], on_air: OnAir = ON_AIR) -> Message | Refused:
    return read_comment({**COMMENT, **changes}, on_air, DOOR)


def test_a_comment_is_a_message_of_its_session() -> None:
    message = read({}, OnAir("55", "9001", "Promo 11.11", "Kaos navy", "17"))
    assert isinstance(message, Message)
    assert (message.room_id, message.message_id, message.user_id) == ("55", "55:88001", "7702")
    assert (message.creator_id, message.item_id, message.kind) == ("9001", "17", Kind.COMMENT)
    assert message.sent_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert message.context is not None
    assert (message.context.offer, message.context.item) == ("Promo 11.11", "Kaos navy")
    assert message.author_role is AuthorRole.VIEWER


def test_the_streamer_is_the_host() -> None:
    message = read({"user_id": 9001})
    assert isinstance(message, Message)
    assert message.author_role is AuthorRole.HOST
    assert message.context is None


def test_a_long_id_is_kept_to_its_last_digit() -> None:
    message = read({"comment_id": 2**62 + 1})
    assert isinstance(message, Message)
    assert message.message_id == "55:4611686018427387905"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"content": None}, "text: "),
        ({"content": ["x"]}, "text: "),
        ({"content": "a\0b"}, "text: holds a NUL character"),
        ({"content": "\U0001f600" * 3000}, "text: is 12000 bytes long"),
        ({"user_id": None}, "user_id: the author is missing"),
        ({"user_id": 7.1e18}, "user_id: is a number with a fraction"),
        ({"comment_id": None}, "message_id: "),
        ({"comment_id": True}, "message_id: "),
        ({"timestamp": None}, "sent_at: "),
        ({"timestamp": 9_999_999_999}, "sent_at: lies more than a day ahead"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    refused = read(changes)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)


@pytest.mark.parametrize("comment", [None, [], "x", 5, {}])
def test_what_is_no_comment_at_all_is_refused(comment: object) -> None:
    assert isinstance(read_comment(comment, ON_AIR, DOOR), Refused)


def test_an_item_with_any_name_refuses_no_comment() -> None:
    assert item_shown({"item_id": 17, "name": "Kaos\0 " + "x" * 9000}) == (
        "Kaos " + "x" * 495,
        "17",
    )
    assert item_shown({"item_id": None, "name": 5}) == (None, None)
    assert (plain(" "), plain(None)) == (None, None)
