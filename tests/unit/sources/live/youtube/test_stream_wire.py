"""The wire of streamList: every field number, against bytes that were written by hand."""

from __future__ import annotations

import pytest

from intent.model.errors import Malformed
from intent.sources.live.youtube.stream_wire import FIELDS, read_response, written_request
from tests.youtube_wire import decoded, encoded

SNIPPETS = {
    "type": ((1, 15), 15),
    "publishedAt": ((4, "2026-11-20T12:00:00Z"), "2026-11-20T12:00:00Z"),
    "displayMessage": ((16, "two of the red one"), "two of the red one"),
    "authorChannelId": ((301, "UC-ana"), "UC-ana"),
    "textMessageDetails": ((19, encoded((1, "how much?"))), {"messageText": "how much?"}),
    "messageDeletedDetails": ((20, encoded((101, "m-1"))), {"deletedMessageId": "m-1"}),
    "messageRetractedDetails": ((21, encoded((201, "m-2"))), {"retractedMessageId": "m-2"}),
    "userBannedDetails": (
        (22, encoded((1, encoded((101, "UC-bot"))), (4, 300))),
        {"bannedUserDetails": {"channelId": "UC-bot"}},
    ),
    "superChatDetails": ((27, encoded((1, 50_000_000), (4, "hold"))), {"userComment": "hold"}),
    "memberMilestoneChatDetails": ((30, encoded((2, 7), (3, "hi"))), {"userComment": "hi"}),
}
"""Each field of a snippet: as it stands on Google's page, and as it is read."""


def response(snippet: bytes) -> bytes:
    return encoded((1007, encoded((2, snippet))))


@pytest.mark.parametrize("name", SNIPPETS)
def test_each_field_of_a_snippet_is_read_by_its_number(name: str) -> None:
    written, read = SNIPPETS[name]
    assert read_response(response(encoded(written))) == {"items": [{"snippet": {name: read}}]}


def test_every_field_of_a_snippet_is_shown_here() -> None:
    assert set(SNIPPETS) == set(FIELDS["Snippet"])


def test_the_fields_around_a_snippet_are_read_by_their_numbers() -> None:
    author = encoded((10101, "UC-ana"), (103, "Ana"), (4, True), (5, True), (6, True), (7, False))
    item = encoded((101, "m-1"), (2, encoded((1, 1))), (3, author))
    payload = encoded((2, "2026-11-20T14:00:00Z"), (1007, item), (1007, item), (100602, "page 2"))
    read = {
        "id": "m-1",
        "snippet": {"type": 1},
        "authorDetails": {"channelId": "UC-ana", "isChatOwner": True, "isChatModerator": False},
    }
    assert read_response(payload) == {
        "offlineAt": "2026-11-20T14:00:00Z",
        "items": [read, read],
        "nextPageToken": "page 2",
    }


def test_a_moderator_is_told_from_an_owner_and_a_sponsor() -> None:
    author = encoded((6, True), (7, True))
    payload = encoded((1007, encoded((3, author))))
    assert read_response(payload) == {"items": [{"authorDetails": {"isChatModerator": True}}]}


def test_the_request_bears_the_numbers_of_googles_page() -> None:
    payload = written_request("chat-1", "page 2", ["snippet", "authorDetails"])
    assert sorted(decoded(payload)) == [
        (1, b"chat-1"),
        (99, b"page 2"),
        (100, b"authorDetails"),
        (100, b"snippet"),
    ]
    assert decoded(written_request("chat-1", None, [])) == [(1, b"chat-1")]


def test_text_that_is_no_utf8_is_kept_as_far_as_it_can_be_read() -> None:
    payload = response(encoded((16, b"harga\xff?")))
    assert read_response(payload) == {"items": [{"snippet": {"displayMessage": "harga\ufffd?"}}]}


def test_fields_nobody_knows_and_fields_of_another_type_are_left_out() -> None:
    assert read_response(encoded((7, "?"), (100602, 12), (1007, encoded((999, 3))))) == {
        "items": [{}]
    }


@pytest.mark.parametrize("payload", [b"\xff", b"\x0a\x10a", b"<html>", b"\xfa\x3e\x05abc"])
def test_what_is_no_response_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed, match="is no response of streamList"):
        read_response(payload)


def test_an_empty_response_is_an_empty_page() -> None:
    assert read_response(b"") == {}
