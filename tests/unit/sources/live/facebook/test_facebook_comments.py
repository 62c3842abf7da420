"""Comments under Facebook Live, as they come: read, or refused with the reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from intent.model.batch import Refused
from intent.model.message import AuthorRole, Message
from intent.sources.door import Door
from intent.sources.live.facebook.facebook_comments import NOBODY, read_comment

COMMENT: dict[str, Any] = {
    "id": "55_7",
    "from": {"id": "7702"},
    "message": "still in stock?",
    "created_time": "2026-11-20T12:00:00+0000",
}
DOOR = Door(now=lambda: datetime(2026, 11, 20, 13, 0, tzinfo=UTC))


def read(changes: dict[str, Any]) -> Message | Refused:
    return read_comment({**COMMENT, **changes}, "55", "9001", "Big sale", DOOR)


def test_a_comment_is_a_message_of_its_video() -> None:
    message = read({"parent": {"id": "55_6"}})
    assert isinstance(message, Message)
    assert (message.room_id, message.message_id, message.user_id) == ("55", "55_7", "7702")
    assert message.sent_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert message.reply_to is not None
    assert message.reply_to.message_id == "55_6"
    assert (message.creator_id, message.author_role) == ("9001", AuthorRole.VIEWER)
    assert message.context is not None
    assert message.context.offer == "Big sale"


def test_the_page_is_the_host() -> None:
    message = read({"from": {"id": "9001"}})
    assert isinstance(message, Message)
    assert message.author_role is AuthorRole.HOST


@pytest.mark.parametrize("author", [None, {}, {"id": ""}, "x"])
def test_a_comment_of_nobody_is_refused_with_what_is_missing(author: object) -> None:
    refused = read({"from": author})
    assert isinstance(refused, Refused)
    assert refused.reason == NOBODY
    assert json.loads(refused.payload)["message"] == "still in stock?"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message": None}, "text: "),
        ({"message": "a\0b"}, "text: holds a NUL character"),
        ({"message": "\U0001f600" * 3000}, "text: is 12000 bytes long"),
        ({"id": None}, "message_id: "),
        ({"id": 1.5}, "message_id: "),
        ({"from": {"id": [1]}}, "user_id: "),
        ({"created_time": 1_795_176_000}, "sent_at: "),
        ({"created_time": "yesterday"}, "sent_at: "),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    refused = read(changes)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)


@pytest.mark.parametrize("comment", [None, [], "x", 5, {}])
def test_what_is_no_comment_at_all_is_refused(comment: object) -> None:
    assert isinstance(read_comment(comment, "55", None, None, DOOR), Refused)
