"""Reads what Twitch's EventSub sends: comments, what was taken back, and what the session needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from intent.model.batch import Refused, Retraction
from intent.model.errors import Malformed
from intent.model.message import AuthorRole, Message
from intent.sources.declaration import Declaration, Option, Secret
from intent.sources.door import Door
from intent.sources.payloads import as_id, items_of, keys_of, read_object

PLATFORM = "twitch"
CLIENT_ID, ACCESS_TOKEN = "TWITCH_CLIENT_ID", "TWITCH_ACCESS_TOKEN"
SCOPE = "user:read:chat"

COMMENT = "channel.chat.message"
DELETED = "channel.chat.message_delete"
CLEARED_AUTHOR = "channel.chat.clear_user_messages"
CLEARED_ROOM = "channel.chat.clear"
KINDS = (COMMENT, DELETED, CLEARED_AUTHOR, CLEARED_ROOM)
"""What is subscribed to."""

DECLARATION = Declaration(
    scheme="twitch-eventsub",
    title="Twitch chat, with an account",
    example="twitch-eventsub:channel",
    needs=(
        "An application (dev.twitch.tv/console) and a user token of it with the scope "
        f"`{SCOPE}`; where nobody asks for an account, `twitch:` does without",
    ),
    secrets=(
        Secret(CLIENT_ID, "the client id of the application"),
        Secret(ACCESS_TOKEN, f"a user token with the scope {SCOPE}"),
    ),
    options=(
        Option("shared", "`keep` takes copies of comments that other channels share", "skip"),
        Option("patience", "seconds that the server may be late, or has to welcome us", 10.0),
        Option("url", "where events are", "wss://eventsub.wss.twitch.tv/ws"),
        Option("api_url", "where they are subscribed to", "https://api.twitch.tv"),
        Option("login_url", "where the token is checked", "https://id.twitch.tv"),
    ),
    keeps=(
        "An event that comes twice, also under another metadata id, is stored once",
        "When the server moves the session, the old connection is read to its end",
        "What moderators delete, and all comments of those they ban, is taken back",
        "Every stretch that was not seen is a gap, also after `kill -9`",
    ),
    cannot=(
        "What was said in a gap cannot be fetched",
        "Twitch tells no time of writing: a comment is dated when its event was made",
        "The token is not renewed: it lasts some four hours for connecting, a running session "
        "goes on; then the source stops and asks for a new one",
    ),
    start="export TWITCH_CLIENT_ID=… TWITCH_ACCESS_TOKEN=…\nintent listen twitch-eventsub:channel",
)


@dataclass(frozen=True, slots=True)
class EventSubFrame:
    """One message of the protocol.

    Attributes:
        kind: ``session_welcome``, ``notification`` …
        at: when Twitch made it; None where it does not say so.
        event_kind: what was subscribed to.
        session, subscription, event: what it holds of these.
    """

    kind: str
    at: datetime | None
    event_kind: str
    session: Mapping[str, object]
    subscription: Mapping[str, object]
    event: Mapping[str, object]


def read_frame(frame: bytes) -> EventSubFrame:
    """Take a frame apart.

    Raises:
        Malformed: it is no JSON object, or says not what it is.
    """
    read = read_object(frame)
    metadata, payload = keys_of(read.get("metadata")), keys_of(read.get("payload"))
    kind = metadata.get("message_type")
    if not isinstance(kind, str):
        raise Malformed("metadata.message_type: is missing")
    subscription = keys_of(payload.get("subscription"))
    event_kind = metadata.get("subscription_type") or subscription.get("type")
    return EventSubFrame(
        kind,
        _instant(metadata.get("message_timestamp")),
        event_kind if isinstance(event_kind, str) else "",
        keys_of(payload.get("session")),
        subscription,
        keys_of(payload.get("event")),
    )


def is_copy(event: Mapping[str, object]) -> bool:
    """Whether a comment was shared into the channel by another one."""
    source = event.get("source_broadcaster_user_id")
    return source is not None and source != event.get("broadcaster_user_id")


def read_event(
    frame: EventSubFrame, door: Door, position: str
) -> Message | Retraction | Refused | None:
    """Read a comment or what was taken back; None where it is neither."""
    event = frame.event
    room_id = as_id(event.get("broadcaster_user_id"))
    if frame.event_kind == COMMENT:
        return door.message(_comment(event, room_id, frame.at), position)
    gone: dict[str, object] = {"platform": PLATFORM, "room_id": room_id, "at": frame.at}
    if frame.event_kind == DELETED:
        # An id that is missing must not read as all of the room.
        return door.retraction(
            {**gone, "message_id": as_id(event.get("message_id")) or ""}, position
        )
    if frame.event_kind == CLEARED_AUTHOR:
        return door.retraction(
            {**gone, "user_id": as_id(event.get("target_user_id")) or ""}, position
        )
    return door.retraction(gone, position) if frame.event_kind == CLEARED_ROOM else None


def _comment(
    event: Mapping[str, object], room_id: object, at: datetime | None
) -> dict[str, object]:
    reply = keys_of(event.get("reply"))
    parent = as_id(reply.get("parent_message_id"))
    return {
        "platform": PLATFORM,
        "room_id": room_id,
        "creator_id": room_id,
        "message_id": as_id(event.get("message_id")),
        "user_id": as_id(event.get("chatter_user_id")),
        "kind": "comment",
        "text": keys_of(event.get("message")).get("text"),
        "sent_at": at,
        "author_role": _role(event),
        "reply_to": {"message_id": parent, "text": reply.get("parent_message_body")}
        if parent
        else None,
    }


def _role(event: Mapping[str, object]) -> str:
    held = {keys_of(badge).get("set_id") for badge in items_of(event.get("badges"))}
    if "broadcaster" in held:
        return AuthorRole.HOST
    return AuthorRole.MODERATOR if held & {"moderator", "lead_moderator"} else AuthorRole.VIEWER


def _instant(value: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        return read.astimezone(UTC) if read is not None and read.tzinfo else None
    except (ValueError, OverflowError):
        return None
