"""Reads what Kick pushes: chat messages, and who was banned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.declaration import Declaration, Secret
from intent.sources.door import Door
from intent.sources.payloads import as_id, items_of, keys_of, read_object
from intent.sources.webhooks.incoming import Incoming

PLATFORM = "kick"

DECLARATION = Declaration(
    scheme="kick",
    title="Kick chat",
    example="/v1/webhooks/kick",
    needs=(
        "An app of Kick with the event *chat.message.sent* subscribed, and *moderation.banned* for "
        "bans",
        "An address with TLS that Kick can reach",
    ),
    secrets=(
        Secret(
            "KICK_PUBLIC_KEY", "Kick's public key (GET https://api.kick.com/public/v1/public-key)"
        ),
    ),
    keeps=(
        "Only what Kick has signed within five minutes is let in",
        "Who is banned is taken back, with everything said before",
    ),
    cannot=(
        "Kick tries three times and then ends the subscription: what was said meanwhile is lost, "
        "and Kick does not say that it was",
        "A message that a moderator deletes is not told",
    ),
)

_EMOTE = re.compile(r"\[emote:\d+:([^\]\s]*)\]")


def read_kick(request: Incoming, door: Door) -> Iterator[Message | Refused | Retraction]:
    """Yield the message or the ban of a request; nothing for other events.

    Raises:
        Malformed: it is no JSON object.
    """
    said = read_object(request.body)
    event = request.header("kick-event-type")
    if event == "chat.message.sent":
        yield _message(said, door)
    elif event == "moderation.banned":
        told = keys_of(said.get("metadata"))
        values = {
            "platform": PLATFORM,
            "room_id": as_id(keys_of(said.get("broadcaster")).get("user_id")),
            "user_id": as_id(keys_of(said.get("banned_user")).get("user_id")),
            "at": told.get("created_at"),
            "by": "moderator",
        }
        yield door.retraction(values, f"kick event {request.header('kick-event-message-id')}")


def _message(said: Mapping[str, object], door: Door) -> Message | Refused:
    channel = as_id(keys_of(said.get("broadcaster")).get("user_id"))
    sender = keys_of(said.get("sender"))
    author = as_id(sender.get("user_id"))
    replied = keys_of(said.get("replies_to"))
    words = said.get("content")
    values = {
        "platform": PLATFORM,
        "room_id": channel,
        "message_id": as_id(said.get("message_id")),
        "user_id": author,
        "creator_id": channel,
        "kind": Kind.COMMENT,
        "text": _EMOTE.sub(r"\1", words) if isinstance(words, str) else words,
        "sent_at": said.get("created_at"),
        "author_role": _role(sender, author == channel),
        "reply_to": {"message_id": as_id(replied.get("message_id")), "text": replied.get("content")}
        if replied
        else None,
    }
    return door.message(values, f"kick message {said.get('message_id')}")


def _role(sender: Mapping[str, object], owns_channel: bool) -> AuthorRole:
    badges = items_of(keys_of(sender.get("identity")).get("badges"))
    kinds = {str(keys_of(badge).get("type")) for badge in badges}
    if owns_channel or "broadcaster" in kinds:
        return AuthorRole.HOST
    return AuthorRole.MODERATOR if "moderator" in kinds else AuthorRole.VIEWER
