"""Items of a chat: what people wrote, what was taken back, and everything else is counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intent.model.batch import Retraction
from intent.model.message import AuthorRole, Kind
from intent.sources.door import MAX_PAYLOAD_BYTES, Door
from intent.sources.live.youtube.chat_items import TYPES, ChatItems, ItemReader

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SAID = "2026-11-20T11:59:58.479833+00:00"
READER = ItemReader("aB3xY7kLm90", "UC-shop", Door(now=lambda: NOW), lambda: NOW)
WORDS = {"textMessageEvent", "superChatEvent", "memberMilestoneChatEvent"}
TAKEN_BACK = {"tombstone", "messageDeletedEvent", "messageRetractedEvent", "userBannedEvent"}


def item(kind: Any = "textMessageEvent", **snippet: Any) -> dict[str, Any]:
    """Return an item as both APIs give it."""
    return {
        "kind": "youtube#liveChatMessage",
        "id": "LCC.m-1",
        "snippet": {"type": kind, "publishedAt": SAID, "liveChatId": "chat-1", **snippet},
        "authorDetails": {"channelId": "UC-ana", "displayName": "Ana", "isChatOwner": False},
    }


def comment(text: Any = "two of the red one, please") -> dict[str, Any]:
    return item(textMessageDetails={"messageText": text}, displayMessage="shown")


def read(*items: Any) -> ChatItems:
    return READER.read(list(items), "page 1")


def test_a_comment_is_a_message_of_the_videos_room() -> None:
    (message,) = read(comment()).messages
    assert message.identity == ("youtube", "LCC.m-1")
    assert (message.room_id, message.creator_id) == ("aB3xY7kLm90", "UC-shop")
    assert (message.user_id, message.kind, message.author_role) == (
        "UC-ana",
        Kind.COMMENT,
        AuthorRole.VIEWER,
    )
    assert message.text == "two of the red one, please"
    assert message.sent_at == datetime.fromisoformat(SAID)


def test_what_is_shown_stands_in_for_a_comment_without_details() -> None:
    assert read(item(displayMessage="how much?")).messages[0].text == "how much?"


@pytest.mark.parametrize(
    ("flags", "role"),
    [
        ({"isChatOwner": True, "isChatModerator": True}, AuthorRole.HOST),
        ({"isChatModerator": True}, AuthorRole.MODERATOR),
        ({"isChatSponsor": True, "isVerified": True}, AuthorRole.VIEWER),
    ],
)
def test_the_owner_is_the_host(flags: dict[str, bool], role: AuthorRole) -> None:
    one = comment()
    one["authorDetails"] |= flags
    assert read(one).messages[0].author_role is role


def test_an_author_may_stand_in_the_snippet_alone() -> None:
    one = comment()
    del one["authorDetails"]
    one["snippet"]["authorChannelId"] = "UC-budi"
    assert read(one).messages[0].user_id == "UC-budi"


def test_the_words_of_a_super_chat_and_of_a_milestone_are_messages() -> None:
    paid = {"amountMicros": "50000000", "currency": "IDR", "userComment": "hold one for me"}
    months = {"memberMonth": 7, "userComment": "back again"}
    found = read(
        item("superChatEvent", superChatDetails=paid, displayMessage="Rp50 from Ana"),
        item("memberMilestoneChatEvent", memberMilestoneChatDetails=months),
    )
    assert [message.text for message in found.messages] == ["hold one for me", "back again"]


@pytest.mark.parametrize(
    "silent",
    [
        item("superChatEvent", superChatDetails={"userComment": ""}),
        item("superChatEvent"),
        item("memberMilestoneChatEvent", memberMilestoneChatDetails={"memberMonth": 3}),
        item("superStickerEvent", superStickerDetails={"amountMicros": "1"}),
        item("giftEvent", giftDetails={"comboCount": 3}),
        item("pollEvent"),
        item("holidayEvent"),
        item(99),
    ],
)
def test_what_holds_no_words_is_counted_and_left_out(silent: dict[str, Any]) -> None:
    found = read(silent, silent)
    kind = silent["snippet"]["type"]
    assert found.skipped == {kind if isinstance(kind, str) else "type 99": 2}
    assert (found.messages, found.refused, found.retractions) == ([], [], [])


@pytest.mark.parametrize("number", TYPES)
def test_every_type_has_one_meaning_by_number_and_by_name(number: int) -> None:
    details = {
        "textMessageDetails": {"messageText": "hi"},
        "superChatDetails": {"userComment": "hi"},
        "messageDeletedDetails": {"deletedMessageId": "m-0"},
        "messageRetractedDetails": {"retractedMessageId": "m-0"},
        "userBannedDetails": {"bannedUserDetails": {"channelId": "UC-bot"}},
    }
    by_number, by_name = read(item(number, **details)), read(item(TYPES[number], **details))
    assert by_number == by_name
    assert bool(by_number.messages) == (TYPES[number] in WORDS)
    assert bool(by_number.retractions) == (TYPES[number] in TAKEN_BACK)
    assert by_number.ended == (TYPES[number] == "chatEndedEvent")


def test_deletions_and_bans_are_retractions() -> None:
    at = datetime.fromisoformat(SAID)
    found = read(
        item("messageDeletedEvent", messageDeletedDetails={"deletedMessageId": "LCC.m-0"}),
        item("messageRetractedEvent", messageRetractedDetails={"retractedMessageId": "LCC.m-0"}),
        item(
            "userBannedEvent",
            userBannedDetails={
                "bannedUserDetails": {"channelId": "UC-bot"},
                "banType": "permanent",
            },
        ),
    )
    room = ("youtube", "aB3xY7kLm90")
    assert found.retractions == [
        Retraction(*room, at, "LCC.m-0", by="moderator"),
        Retraction(*room, at, "LCC.m-0", by="author"),
        Retraction(*room, at, user_id="UC-bot", by="moderator"),
    ]


def test_a_tombstone_takes_its_message_back_from_when_we_see_it() -> None:
    one = {"id": "LCC.m-0", "snippet": {"type": "tombstone", "publishedAt": SAID}}
    (gone,) = read(one).retractions
    assert (gone.message_id, gone.at, gone.by) == ("LCC.m-0", NOW, "platform")


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("messageDeletedEvent", {}),
        ("messageDeletedEvent", {"messageDeletedDetails": {"deletedMessageId": None}}),
        ("messageRetractedEvent", {}),
        ("userBannedEvent", {"userBannedDetails": {"bannedUserDetails": {}}}),
    ],
)
def test_a_retraction_that_names_nobody_never_means_the_whole_room(
    kind: str, details: dict[str, Any]
) -> None:
    found = read(item(kind, **details))
    assert (found.retractions, len(found.refused)) == ([], 1)
    assert found.refused[0].reason.endswith("_id: is missing")


def test_a_tombstone_without_an_id_is_refused() -> None:
    found = read({"snippet": {"type": "tombstone", "publishedAt": SAID}})
    assert [one.reason for one in found.refused] == ["message_id: is missing"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "message_id: is missing"),
        ({"id": 2**60}, "message_id: is a number of 2^53 or more"),
        ({"authorDetails": {}}, "user_id: is missing"),
        ({"authorDetails": []}, "authorDetails: "),
        ({"snippet": None}, "snippet: "),
        ({"snippet": {"publishedAt": SAID}}, "snippet.type: Field required"),
    ],
)
def test_an_item_with_something_missing_is_refused_with_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    found = read({**comment(), **changes}, comment())
    assert len(found.messages) == 1  # its neighbour is none the worse
    assert [one.reason.startswith(reason) for one in found.refused] == [True], found.refused
    assert found.refused[0].position == "page 1 item 1"


@pytest.mark.parametrize(
    "at", [None, "", "yesterday", 1795176000, "2026-11-20T11:59:58", "2027-01-01T00:00:00Z"]
)
def test_a_wrong_time_is_refused(at: object) -> None:
    found = read(item(publishedAt=at, textMessageDetails={"messageText": "hi"}))
    assert found.refused[0].reason.startswith("sent_at: ")


@pytest.mark.parametrize("text", [None, 7, {"a": 1}, "x" * 10_000_000])
def test_a_text_that_is_none_is_refused_and_kept_in_bounds(text: object) -> None:
    one = comment(text)
    del one["snippet"]["displayMessage"]
    (kept,) = read(one).refused
    assert kept.reason.startswith("text: ")
    assert len(kept.payload) <= MAX_PAYLOAD_BYTES


@pytest.mark.parametrize("nothing", [7, "text", None, [], {"a": 1}, True])
def test_what_is_no_item_is_refused(nothing: object) -> None:
    found = read(nothing)
    assert found.refused[0].payload == json.dumps(nothing).encode()


def test_items_that_are_no_list_are_refused_whole() -> None:
    assert len(READER.read({"a": 1}, "page 1").refused) == 1


def test_a_page_knows_its_earliest_and_latest_message() -> None:
    late = item(publishedAt="2026-11-20T11:59:59Z", displayMessage="last")
    found = read(comment(), late)
    assert found.first == datetime.fromisoformat(SAID)
    assert found.last == NOW - timedelta(seconds=1)
    assert (read().first, read().last) == (None, None)
