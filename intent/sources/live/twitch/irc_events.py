"""Reads what Twitch's IRC says: comments, what is taken back, what the connection has to know."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Message
from intent.sources.declaration import Declaration, Option
from intent.sources.door import Door
from intent.sources.live.twitch.irc_line import IrcLine

PLATFORM = "twitch"

URL = "wss://irc-ws.chat.twitch.tv:443"

MOST_CHANNELS = 100
"""That Twitch lets one reader be in."""

DECLARATION = Declaration(
    scheme="twitch",
    title="Twitch chat",
    example="twitch:#channel",
    needs=(
        "Nothing but the network: chat is read without an account",
        f"At most {MOST_CHANNELS} channels in a source, such as `twitch:#one,#two`",
    ),
    options=(
        Option("shared", "`keep` takes copies of comments that other channels share", "skip"),
        Option(
            "connections",
            "`2` reads every comment twice and keeps it once, where a chat is so busy that Twitch "
            "drops some",
            1,
        ),
        Option(
            "silence", "seconds of silence after which the server is asked whether it lives", 60.0
        ),
        Option("patience", "seconds that it has to answer, and a channel to let us in", 10.0),
        Option("url", "where the chat is", URL),
    ),
    keeps=(
        "Rooms and authors are Twitch's own numbers, which stay when a name is changed; times are "
        "Twitch's",
        "A comment that comes twice is stored once: on two connections, after a reconnect, after a "
        "kill",
        "When the server asks to reconnect, the second connection is there before the first one "
        "leaves",
        "What moderators delete, and all comments of those they ban, is taken back",
        "Every stretch that was not seen is a gap of its channel, also after `kill -9`",
    ),
    cannot=(
        "What was said in a gap cannot be fetched: Twitch keeps no chat for readers",
        "Twitch drops comments of very busy chats by design, and nobody is told; a second "
        "connection catches some",
        "A gap begins up to two seconds early, because comments cross on their way, and is as "
        "exact as the clock of this machine",
        "Which moderator took a comment away is not told",
    ),
    start="intent listen 'twitch:#channel'",
)


class IrcKind(Enum):
    """What a line is to us."""

    COMMENT = auto()
    COPY = auto()
    """A comment of another channel, shared into this one under an id of its own."""
    TAKEN_BACK = auto()
    JOINED = auto()
    PING = auto()
    PONG = auto()
    RECONNECT = auto()
    NOTICE = auto()
    NOTHING = auto()
    UNKNOWN = auto()


_KINDS = {
    "PRIVMSG": IrcKind.COMMENT,
    "CLEARMSG": IrcKind.TAKEN_BACK,
    "CLEARCHAT": IrcKind.TAKEN_BACK,
    "ROOMSTATE": IrcKind.JOINED,
    "PING": IrcKind.PING,
    "PONG": IrcKind.PONG,
    "RECONNECT": IrcKind.RECONNECT,
    "NOTICE": IrcKind.NOTICE,
    **dict.fromkeys(
        ("CAP", "JOIN", "PART", "MODE", "HOSTTARGET", "WHISPER", "USERSTATE", "GLOBALUSERSTATE"),
        IrcKind.NOTHING,
    ),
}

NO_CHANNEL = {
    "msg_channel_suspended": "it does not exist, or Twitch has suspended it",
    "msg_room_not_found": "it does not exist",
    "tos_ban": "Twitch has closed it",
    "msg_banned": "it has banned us",
}
"""Notices that a channel does not let us in, by their id."""

_ACTION = "\x01ACTION"
_DODGE = " \U000e0000"
"""By which clients tell a comment from an equal one before it, that Twitch would not take twice."""


def kind_of(line: IrcLine) -> IrcKind:
    """Return what a line is to us."""
    if line.command.isdigit():
        return IrcKind.NOTHING
    if line.command == "USERNOTICE":  # a comment where somebody wrote one beside the occasion
        return _comment(line) if spoken(line.text) else IrcKind.NOTHING
    kind = _KINDS.get(line.command, IrcKind.UNKNOWN)
    return _comment(line) if kind is IrcKind.COMMENT else kind


def _comment(line: IrcLine) -> IrcKind:
    room = line.tags.get("room-id")
    return IrcKind.COPY if line.tags.get("source-room-id", room) != room else IrcKind.COMMENT


def read_comment(line: IrcLine, door: Door, position: str) -> Message | Refused:
    """Read a comment; what is missing or odd is refused."""
    tags = line.tags
    room = tags.get("room-id")
    values: dict[str, object] = {
        "platform": PLATFORM,
        "room_id": room,
        "message_id": tags.get("id"),
        "user_id": tags.get("user-id"),
        "kind": "comment",
        "text": spoken(line.text),
        "sent_at": line.sent_at,
        "creator_id": room,
        "author_role": _role(tags.get("badges", ""), tags.get("mod", "")),
        "reply_to": _reply(tags.get("reply-parent-msg-id"), tags.get("reply-parent-msg-body")),
    }
    return door.message(values, position)


def read_taken_back(
    line: IrcLine, door: Door, position: str, *, room_id: str | None, now: datetime
) -> Retraction | Refused:
    """Read what a moderator took away: a comment, all of an author, or all of a room.

    Args:
        room_id: of the line's channel; Twitch leaves it out of some lines.
        now: when it came, for lines without a time.
    """
    tags = line.tags
    values: dict[str, object] = {
        "platform": PLATFORM,
        "room_id": tags.get("room-id") or room_id,
        "at": line.sent_at or now,
        "by": "moderator",
    }
    if line.command == "CLEARMSG":
        # Without the id the door would read it as all of the room.
        values["message_id"] = tags.get("target-msg-id", "")
    elif line.text or "target-user-id" in tags:
        values["user_id"] = tags.get("target-user-id", "")
    return door.retraction(values, position)


def spoken(text: str) -> str:
    """Return what somebody wrote, without what their client put around it."""
    if text.startswith(_ACTION):
        text = text.removeprefix(_ACTION).removesuffix("\x01").removeprefix(" ")
    return text.rstrip(_DODGE)


def _role(badges: str, moderates: str) -> str:
    held = {badge.partition("/")[0] for badge in badges.split(",")}
    if "broadcaster" in held:
        return AuthorRole.HOST
    if moderates == "1" or held & {"moderator", "lead_moderator"}:
        return AuthorRole.MODERATOR
    return AuthorRole.VIEWER


def _reply(message_id: str | None, text: str | None) -> dict[str, str | None] | None:
    return {"message_id": message_id, "text": text} if message_id else None
