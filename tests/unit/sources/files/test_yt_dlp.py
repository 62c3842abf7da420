"""yt-dlp: actions of a YouTube chat, one a line; what was deleted is taken back."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest

from intent.model.batch import Retraction
from intent.model.errors import WrongUse
from tests.unit.sources.files.reading import ReadFile, json_lines, read_file, read_pipe

NOON = 1_795_176_000_000_000
AT = datetime.fromtimestamp(NOON / 1e6, UTC)


def said(number: int = 1, text: str = "berapa kak?", **more: Any) -> dict[str, Any]:
    return {
        "id": f"ChwKGkNO{number}",
        "timestampUsec": str(NOON + number * 1_000_000),
        "authorExternalChannelId": "UCbudi",
        "authorName": {"simpleText": "Budi"},
        "message": {"runs": [{"text": text}]},
        **more,
    }


def line(*actions: dict[str, Any], offset: int = 0) -> dict[str, Any]:
    replayed = {"actions": list(actions), "videoOffsetTimeMsec": str(offset)}
    return {"clickTrackingParams": "x", "replayChatItemAction": replayed}


def added(renderer: dict[str, Any], name: str = "liveChatTextMessageRenderer") -> dict[str, Any]:
    return {"addChatItemAction": {"item": {name: renderer}}}


def ticker(renderer: dict[str, Any]) -> dict[str, Any]:
    shown = {"renderer": {"liveChatPaidMessageRenderer": renderer}}
    item = {"showItemEndpoint": {"showLiveChatItemEndpoint": shown}}
    return {
        "addLiveChatTickerItemAction": {"item": {"liveChatTickerPaidMessageItemRenderer": item}}
    }


def read(*lines: dict[str, Any], **more: Any) -> ReadFile:
    return read_file(json_lines(*lines), **{"room": "dQw00000000", **more})


def test_a_text_becomes_a_message_of_the_room_that_was_said() -> None:
    whole = read(line(added(said())))
    (message,) = whole.messages
    assert whole.format == "yt-dlp"
    assert (message.platform, message.room_id) == ("youtube", "dQw00000000")
    assert (message.message_id, message.user_id) == ("ChwKGkNO1", "UCbudi")
    assert (message.text, message.author_role) == ("berapa kak?", "viewer")
    assert message.sent_at == datetime.fromtimestamp(NOON / 1e6 + 1, UTC)


def test_the_room_is_asked_for() -> None:
    with pytest.raises(WrongUse, match="say --room with the video's id"):
        read(line(added(said())), room=None)


def test_emoji_are_signs_and_those_of_the_channel_their_short_names() -> None:
    runs = [
        {"text": "mau "},
        {"emoji": {"emojiId": "😍", "shortcuts": [":heart_eyes:"]}},
        {"emoji": {"emojiId": "UC/x", "shortcuts": [":_hype:"], "isCustomEmoji": True}},
        {"emoji": {}},
    ]
    assert read(line(added(said(message={"runs": runs})))).texts == ["mau 😍:_hype:"]


@pytest.mark.parametrize(
    ("icon", "role"), [("OWNER", "host"), ("MODERATOR", "moderator"), ("VERIFIED", "viewer")]
)
def test_badges_say_who_is_the_host(icon: str, role: str) -> None:
    badge = {"liveChatAuthorBadgeRenderer": {"icon": {"iconType": icon}}}
    assert read(line(added(said(authorBadges=[badge])))).messages[0].author_role == role


@pytest.mark.parametrize("ticker_first", [True, False])
def test_a_super_chat_comes_twice_and_is_one_message(*, ticker_first: bool) -> None:
    paid = said(purchaseAmountText={"simpleText": "Rp20.000"})
    actions = [added(paid, "liveChatPaidMessageRenderer"), ticker(paid)]
    whole = read(line(*(reversed(actions) if ticker_first else actions)))
    assert whole.texts == ["berapa kak?"]
    assert whole.skipped == {"said again in the strip above the chat": 1}


@pytest.mark.parametrize("name", ["removeChatItemAction", "markChatItemAsDeletedAction"])
def test_a_deleted_message_is_taken_back_when_it_was_deleted(name: str) -> None:
    whole = read(
        line(added(said(0)), offset=5000), line({name: {"targetItemId": "ChwKGkNO0"}}, offset=8000)
    )
    at = datetime.fromtimestamp(NOON / 1e6 + 3, UTC)
    assert whole.retractions == [Retraction("youtube", "dQw00000000", at, "ChwKGkNO0")]


def test_a_banned_authors_messages_are_taken_back_together() -> None:
    ban = {"markChatItemsByAuthorAsDeletedAction": {"externalChannelId": "UCbudi"}}
    assert read(line(added(said(0))), line(ban)).retractions == [
        Retraction("youtube", "dQw00000000", AT, user_id="UCbudi")
    ]


def test_what_replaces_a_held_message_is_read() -> None:
    replaced = {"replacementItem": {"liveChatTextMessageRenderer": said()}, "targetItemId": "x"}
    assert read(line({"replaceChatItemAction": replaced})).texts == ["berapa kak?"]


def test_what_is_no_message_is_passed_over_by_its_kind() -> None:
    whole = read(
        line(added({"text": {}}, "liveChatViewerEngagementMessageRenderer")),
        line(added(said(), "liveChatPaidStickerRenderer")),
        line(added(said(message=None), "liveChatMembershipItemRenderer")),
        line({"clickTrackingParams": "x", "showLiveChatTooltipCommand": {}}),
        line({"removeChatItemAction": {"targetItemId": "x"}}),
    )
    assert (whole.messages, whole.refused) == ([], [])
    assert whole.skipped == {
        "liveChatViewerEngagementMessageRenderer": 1,
        "liveChatPaidStickerRenderer": 1,
        "notice without a text": 1,
        "showLiveChatTooltipCommand": 1,
        "deletion before the first message": 1,
    }


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"authorExternalChannelId": None}, "user_id: the author is missing"),
        ({"timestampUsec": "soon"}, "sent_at: is no number of microseconds since 1970"),
        ({"id": None}, "message_id: Input should be a valid string"),
    ],
)
def test_what_is_wrong_with_one_line_is_no_matter_to_the_others(
    broken: dict[str, Any], reason: str
) -> None:
    whole = read_file(
        json_lines(line(added(said(1))), line(added(said(2, **broken))))
        + "{broken\n"
        + json_lines({"replayChatItemAction": {}}, line(added(said(3)))),
        room="r",
    )
    assert [message.message_id for message in whole.messages] == ["ChwKGkNO1", "ChwKGkNO3"]
    assert whole.reasons == [reason, "is no JSON", "holds no action of a chat"]


def test_gzip_and_a_pipe_are_read_too() -> None:
    content = json_lines(line(added(said(1))), line(added(said(2)))).encode()
    assert len(read_file(gzip.compress(content), room="r").messages) == 2
    assert len(read_pipe(content, room="r").messages) == 2
