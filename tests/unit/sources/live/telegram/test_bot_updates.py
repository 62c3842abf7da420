"""What Telegram tells a bot: messages, edits and deletions; everything else is passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.live.telegram.bot_updates import moved_to, read_update, telegram_door
from tests.unit.sources.live.telegram.fake_telegram import text

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
SENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def read(update: dict[str, Any]) -> list[Message | Refused | Retraction]:
    return list(read_update(update, telegram_door(lambda: NOW), NOW))


def one(update: dict[str, Any]) -> Message:
    (found,) = read(update)
    assert isinstance(found, Message), found
    return found


def test_a_message_of_a_group_is_a_comment_under_an_id_of_its_chat() -> None:
    message = one(text(5, reply_to_message={"message_id": 4, "text": "who wants one?"}))
    assert (message.platform, message.room_id, message.message_id) == (
        "telegram",
        "-1001",
        "-1001:5",
    )
    assert (message.user_id, message.kind, message.text) == ("42", Kind.COMMENT, "price?")
    assert message.sent_at == SENT + timedelta(seconds=5)
    assert message.reply_to is not None
    assert (message.reply_to.message_id, message.reply_to.text) == ("-1001:4", "who wants one?")


def test_a_private_chat_and_the_words_beside_a_photo_count_too() -> None:
    message = one(text(5, chat={"id": 42, "type": "private"}, text=None, caption="this one?"))
    assert (message.kind, message.text) == (Kind.CHAT, "this one?")


def test_an_edit_has_the_id_of_the_message_and_the_time_of_the_edit() -> None:
    edited = text(9, "price for two?", kind="edited_message", message_id=5, edit_date=1_795_176_090)
    message = one(edited)
    assert (message.message_id, message.sent_at) == ("-1001:5", SENT + timedelta(seconds=90))


@pytest.mark.parametrize(
    ("update", "role"),
    [
        (text(1), AuthorRole.VIEWER),
        (text(1, sender_chat={"id": -1001}), AuthorRole.MODERATOR),
        (text(1, sender_chat={"id": -1005}), AuthorRole.VIEWER),
        (text(1, sender_chat={"id": -1005}, is_automatic_forward=True), AuthorRole.HOST),
        (text(1, kind="channel_post", sender_chat={"id": -1001}), AuthorRole.HOST),
        (text(1, kind="business_message", chat={"id": 42, "type": "private"}), AuthorRole.VIEWER),
        (text(1, kind="business_message", chat={"id": 43, "type": "private"}), AuthorRole.HOST),
    ],
)
def test_who_writes_is_told_by_where_and_as_whom(update: dict[str, Any], role: AuthorRole) -> None:
    assert one(update).author_role is role


def test_one_customer_of_two_businesses_is_in_two_rooms() -> None:
    chat = {"id": 42, "type": "private"}
    first = one(text(1, kind="business_message", chat=chat, business_connection_id="b1"))
    second = one(text(1, kind="business_message", chat=chat, business_connection_id="b2"))
    assert (first.room_id, second.room_id) == ("b1:42", "b2:42")
    assert first.message_id != second.message_id
    gone = {"business_connection_id": "b1", "chat": chat, "message_ids": [1, 2]}
    taken_back = read({"update_id": 3, "deleted_business_messages": gone})
    assert taken_back == [
        Retraction("telegram", "b1:42", NOW, first.message_id, by="author"),
        Retraction("telegram", "b1:42", NOW, "b1%3A42:2", by="author"),
    ]


def test_a_group_that_became_a_supergroup_is_told() -> None:
    moved = {"update_id": 1, "message": {"chat": {"id": -5}, "migrate_to_chat_id": -1005}}
    assert moved_to(moved) == ("-5", "-1005")
    assert read(moved) == []
    assert moved_to(text(1)) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": 5}, "text: Input should be a valid string"),
        ({"text": "a\0b"}, "text: holds a NUL character"),
        ({"text": "x" * 9000}, "text: is 9000 bytes long"),
        ({"from": None}, "user_id: the author is missing"),
        ({"from": {"id": 1.5}}, "user_id: "),
        ({"chat": "x"}, "room_id: "),
        ({"message_id": [1]}, "message_id: "),
        ({"date": "soon"}, "sent_at: "),
        ({"date": 10**18}, "sent_at: "),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    (found,) = read(text(5, **changes))
    assert isinstance(found, Refused)
    assert found.reason.startswith(reason)
    assert found.position == "update 5"


def test_a_long_id_is_kept_to_its_last_digit() -> None:
    assert one(text(5, **{"from": {"id": 2**60 + 1}})).user_id == "1152921504606846977"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["chat", "id", "from", "text", "date", "message_ids", "message_id"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["message", "edited_message", "deleted_business_messages", "poll"]),
)
def test_no_update_is_an_exception(value: Any, kind: str) -> None:
    read({"update_id": 1, kind: value})
