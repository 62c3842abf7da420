"""Ids where a platform's own are not enough: unique in a room only, or not there at all."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import OrderedDict
from datetime import UTC, datetime

from intent.model.message import MAX_KEY_CHARACTERS, Message

REMEMBERED = 100_000
"""Messages among which equal ones are told apart."""


def in_room(room_id: str, message_id: str) -> str:
    """Return an id that no message of another room has: ``room:message``, or a hash of both where
    that is too long.
    """
    # The first colon ends the room, whatever the two hold.
    joined = f"{room_id.replace('%', '%25').replace(':', '%3A')}:{message_id}"
    if len(joined) <= MAX_KEY_CHARACTERS:
        return joined
    return "sha256:" + hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def with_room(message: Message) -> Message:
    """Return a message, and what it replies to, under ids that no other room has."""
    reply = message.reply_to
    if reply is not None and reply.message_id is not None:
        replied = in_room(message.room_id, reply.message_id)
        reply = reply.model_copy(update={"message_id": replied})
    own = in_room(message.room_id, message.message_id)
    return message.model_copy(update={"message_id": own, "reply_to": reply})


def computed_id(room_id: str, user_id: str, sent_at: datetime, text: str, ordinal: int = 0) -> str:
    """Return an id for a message without one: the same each time that it is read.

    Args:
        sent_at: when it was said, aware.
        ordinal: how many equal messages came before it.
    """
    instant = sent_at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [room_id, user_id, instant, unicodedata.normalize("NFC", text), ordinal]
    content = json.dumps(said).encode("ascii")
    return "sha256:" + hashlib.sha256(content).hexdigest()


class ComputedIds:
    """Counts equal messages, so that each gets an id of its own. A source that reads the same
    stretch again begins with a new one.
    """

    def __init__(self) -> None:
        self._met: OrderedDict[str, int] = OrderedDict()

    def next(self, room_id: str, user_id: str, sent_at: datetime, text: str) -> str:
        """Return the id of the next message that says this."""
        first = computed_id(room_id, user_id, sent_at, text)
        ordinal = self._met.get(first, 0)
        self._met[first] = ordinal + 1
        self._met.move_to_end(first)
        if len(self._met) > REMEMBERED:
            self._met.popitem(last=False)
        return computed_id(room_id, user_id, sent_at, text, ordinal) if ordinal else first
