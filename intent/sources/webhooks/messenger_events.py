"""Reads what Messenger and Instagram push: chats with a page, comments under its posts and live
videos, edits and deletions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.declaration import Declaration
from intent.sources.door import Door
from intent.sources.payloads import as_id, as_time, items_of, keys_of, read_object
from intent.sources.webhooks.hub_signature import APP_SECRET, VERIFY_TOKEN
from intent.sources.webhooks.incoming import Incoming

_KEEPS = (
    "What an author takes back is retracted, and what is edited is decided again",
    "What the page itself writes is told as the host's",
)
_TIMELESS = (
    "Signatures of Meta have no time: what is sent again by somebody else changes nothing, because "
    "it is known already"
)

MESSENGER = Declaration(
    scheme="messenger",
    title="Messenger and comments on a Facebook page",
    example="/v1/webhooks/messenger",
    needs=(
        "An app of Meta with the fields *messages*, *message_edits* and *feed* of the page "
        "subscribed",
        "An address with TLS that Meta can reach",
    ),
    secrets=(APP_SECRET, VERIFY_TOKEN),
    keeps=_KEEPS,
    cannot=(
        "How many events Meta sends at once, and for how long it tries again, is not documented",
        _TIMELESS,
    ),
)

INSTAGRAM = Declaration(
    scheme="instagram",
    title="Instagram comments, live comments and messages",
    example="/v1/webhooks/instagram",
    needs=(
        "A professional account, and an app with *comments*, *live_comments* and *messages* "
        "subscribed; live comments need Advanced Access",
        "An address with TLS that Meta can reach",
    ),
    secrets=(APP_SECRET, VERIFY_TOKEN),
    keeps=_KEEPS,
    cannot=(
        "Live comments come while the broadcast lasts, and cannot be read afterwards",
        "Instagram does not say when a comment was written: the time of its notification counts",
        _TIMELESS,
    ),
)

Read = Message | Refused | Retraction
_COMMENTS = ("comments", "live_comments")


def read_messenger(request: Incoming, door: Door) -> Iterator[Read]:
    """Yield the messages and comments of a request about a Facebook page.

    Raises:
        Malformed: it is no JSON object.
    """
    for entry in items_of(read_object(request.body).get("entry")):
        yield from _chats(keys_of(entry), "messenger", door)
        for change in items_of(keys_of(entry).get("changes")):
            if keys_of(change).get("field") == "feed":
                value = keys_of(keys_of(change).get("value"))
                yield from _page_comment(value, keys_of(entry), door)


def read_instagram(request: Incoming, door: Door) -> Iterator[Read]:
    """Yield the messages and comments of a request about an Instagram account.

    Raises:
        Malformed: it is no JSON object.
    """
    for entry in items_of(read_object(request.body).get("entry")):
        yield from _chats(keys_of(entry), "instagram", door)
        for change in items_of(keys_of(entry).get("changes")):
            if keys_of(change).get("field") in _COMMENTS:
                value = keys_of(keys_of(change).get("value"))
                yield _instagram_comment(value, keys_of(entry), door)


def _chats(entry: Mapping[str, object], platform: str, door: Door) -> Iterator[Read]:
    page = as_id(entry.get("id"))
    for one in items_of(entry.get("messaging")):
        event = keys_of(one)
        said = keys_of(event.get("message")) or keys_of(event.get("message_edit"))
        sender = as_id(keys_of(event.get("sender")).get("id"))
        echo = said.get("is_echo") is True
        other = as_id(keys_of(event.get("recipient")).get("id")) if echo else sender
        place = {
            "platform": platform,
            "room_id": f"{page}:{other}",
            "message_id": as_id(said.get("mid")),
        }
        position = f"{platform} message {said.get('mid')}"
        at = as_time(event.get("timestamp"))
        if said.get("is_deleted") is True:
            yield door.retraction({**place, "at": at, "by": "author"}, position)
        elif "text" in said:
            values = {
                **place,
                "user_id": sender,
                "creator_id": page,
                "kind": Kind.CHAT,
                "text": said["text"],
                "sent_at": at,
                "author_role": AuthorRole.HOST if echo else AuthorRole.VIEWER,
                "reply_to": as_id(keys_of(said.get("reply_to")).get("mid")),
            }
            yield door.message(values, position)


def _page_comment(
    value: Mapping[str, object], entry: Mapping[str, object], door: Door
) -> Iterator[Read]:
    if value.get("item") != "comment":
        return
    page, author = as_id(entry.get("id")), as_id(keys_of(value.get("from")).get("id"))
    place = {
        "platform": "facebook",
        "room_id": as_id(value.get("post_id")),
        "message_id": as_id(value.get("comment_id")),
    }
    position = f"facebook comment {value.get('comment_id')}"
    at = as_time(value.get("created_time", entry.get("time")))
    if value.get("verb") in ("remove", "hide"):
        yield door.retraction(
            {**place, "at": as_time(entry.get("time")), "by": "platform"}, position
        )
    elif value.get("verb") in ("add", "edited"):
        values = {
            **place,
            "user_id": author,
            "creator_id": page,
            "kind": Kind.COMMENT,
            "text": value.get("message"),
            "sent_at": at,
            "author_role": AuthorRole.HOST if author == page else AuthorRole.VIEWER,
        }
        yield door.message(values, position)


def _instagram_comment(
    value: Mapping[str, object], entry: Mapping[str, object], door: Door
) -> Message | Refused:
    account, author = as_id(entry.get("id")), as_id(keys_of(value.get("from")).get("id"))
    number = as_id(value.get("id", value.get("comment_id")))
    values = {
        "platform": "instagram",
        "room_id": as_id(keys_of(value.get("media")).get("id")),
        "message_id": number,
        "user_id": author,
        "creator_id": account,
        "kind": Kind.COMMENT,
        "text": value.get("text"),
        "sent_at": as_time(entry.get("time")),
        "author_role": AuthorRole.HOST if author == account else AuthorRole.VIEWER,
        "reply_to": as_id(value.get("parent_id")),
    }
    return door.message(values, f"instagram comment {number}")
