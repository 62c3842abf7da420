"""Reads what Telegram tells a bot: messages, edits, and what was deleted in a business chat; polled
or pushed, it has one shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from intent.model.batch import Refused, Retraction
from intent.model.message import AuthorRole, Kind, Message
from intent.sources.declaration import Declaration, Option, Secret
from intent.sources.door import Door
from intent.sources.payloads import as_id, as_time, items_of, keys_of

PLATFORM = "telegram"
TOKEN = "TELEGRAM_BOT_TOKEN"  # noqa: S105  the name of a variable

DECLARATION = Declaration(
    scheme="telegram",
    title="Telegram, as a bot",
    example="telegram:@toko_bot",
    needs=(
        "A bot, which @BotFather makes in a minute; its name is the target",
        "The bot in the group or channel; in groups its privacy mode off (/setprivacy), or it sees "
        "commands alone",
        "No webhook set for the bot, and nobody else who polls it",
    ),
    secrets=(Secret(TOKEN, "the token that @BotFather showed"),),
    options=(
        Option("url", "the server of the Bot API", "https://api.telegram.org"),
        Option("hold", "seconds that Telegram may hold a question open", 25),
    ),
    keeps=(
        "Nothing that Telegram still has is lost: an update is confirmed after it was stored",
        "Edits are decided again, and what is deleted in a business chat is taken back",
        "Chats keep their messages apart: ids carry the chat",
    ),
    cannot=(
        "Telegram keeps updates for 24 hours: what came before is a gap, when nobody listened for "
        "longer",
        "Telegram does not tell a bot what is deleted in groups and channels",
        "A group that becomes a supergroup is another chat to Telegram, and another room here",
        "A bot does not see what other bots write",
    ),
    start="""\
export TELEGRAM_BOT_TOKEN=...
intent migrate
intent listen telegram:@toko_bot""",
)

NEW = ("message", "channel_post", "business_message")
EDITED = ("edited_message", "edited_channel_post", "edited_business_message")
DELETED = "deleted_business_messages"
USED = (*NEW, *EDITED, DELETED)
"""The kinds of updates that are asked for; every other one is passed over."""

Read = Message | Refused | Retraction


def telegram_door(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Door:
    """Return the rules for Telegram: ids of messages are unique in a chat only."""
    return Door(room_ids=True, now=now)


def read_update(update: Mapping[str, object], door: Door, now: datetime) -> Iterator[Read]:
    """Yield what one update says; nothing, if it holds no words.

    Args:
        update: one update, as Telegram sent it.
        door: made by :func:`telegram_door`.
        now: when it came, aware; Telegram does not say when something was deleted.
    """
    position = f"update {update.get('update_id')}"
    for kind in (*NEW, *EDITED):
        if kind in update:
            values = _message(keys_of(update[kind]), kind)
            if values is not None:
                yield door.message(values, position)
    if DELETED in update:
        gone = keys_of(update[DELETED])
        taken_back = {"platform": PLATFORM, "room_id": _room(gone), "at": now, "by": "author"}
        for message_id in items_of(gone.get("message_ids")):
            yield door.retraction({**taken_back, "message_id": as_id(message_id)}, position)


def moved_to(update: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the id of a group and that of the supergroup which it has become, if it says so."""
    said = keys_of(update.get("message"))
    new = as_id(said.get("migrate_to_chat_id"))
    old = as_id(keys_of(said.get("chat")).get("id"))
    return (old, new) if isinstance(old, str) and isinstance(new, str) else None


def _message(said: Mapping[str, object], kind: str) -> dict[str, object] | None:
    words = _words(said)
    if words is None and "chat" in said:
        return None  # a sticker, a photo without words, somebody who joined
    sender = keys_of(said.get("sender_chat")) or keys_of(said.get("from"))
    at = said.get("edit_date", said.get("date")) if kind in EDITED else said.get("date")
    private = keys_of(said.get("chat")).get("type") == "private"
    return {
        "platform": PLATFORM,
        "room_id": _room(said),
        "message_id": as_id(said.get("message_id")),
        "user_id": as_id(sender.get("id")),
        "kind": Kind.CHAT if private else Kind.COMMENT,
        "text": words,
        "sent_at": as_time(at),
        "author_role": _role(said, kind),
        "reply_to": _reply(keys_of(said.get("reply_to_message"))),
    }


def _words(said: Mapping[str, object]) -> object:
    return said.get("caption") if said.get("text") is None else said["text"]


def _room(said: Mapping[str, object]) -> object:
    chat, business = as_id(keys_of(said.get("chat")).get("id")), said.get("business_connection_id")
    # The same customer may write to two businesses that one bot looks after.
    return f"{business}:{chat}" if isinstance(business, str) and isinstance(chat, str) else chat


def _role(said: Mapping[str, object], kind: str) -> AuthorRole:
    chat = keys_of(said.get("chat")).get("id")
    if "channel_post" in kind or said.get("is_automatic_forward"):
        return AuthorRole.HOST
    if "business" in kind and keys_of(said.get("from")).get("id") != chat:
        return AuthorRole.HOST  # in a private chat the customer and the chat have one id
    # An administrator who writes in the name of the group.
    anonymous = chat is not None and keys_of(said.get("sender_chat")).get("id") == chat
    return AuthorRole.MODERATOR if anonymous else AuthorRole.VIEWER


def _reply(replied: Mapping[str, object]) -> dict[str, object] | None:
    if not replied:
        return None
    return {
        "message_id": as_id(replied.get("message_id")),
        "text": _words(replied),
    }
