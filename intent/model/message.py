"""One comment or chat message, parsed at the door and trusted afterwards."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from intent.model.errors import Malformed

MAX_TEXT_BYTES = 8192
"""Longest text that is accepted, in bytes of UTF-8."""

MAX_KEY_CHARACTERS = 200
"""Longest platform, room, message, user, creator or item id, in characters."""


class Kind(StrEnum):
    """Where the message was written: under a stream for all to see, or to the shop alone."""

    COMMENT = "comment"
    CHAT = "chat"


class AuthorRole(StrEnum):
    """Who writes."""

    VIEWER = "viewer"
    HOST = "host"
    MODERATOR = "moderator"


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds a NUL character")
    return value


def _short_enough(value: str) -> str:
    size = len(value.encode("utf-8"))
    if size > MAX_TEXT_BYTES:
        raise ValueError(f"is {size} bytes long, the limit is {MAX_TEXT_BYTES}")
    return value


def _rfc3339(value: Any) -> Any:
    # Without this a bare number would pass as seconds since 1970, and nobody could say whether it
    # was meant so.
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or "T" not in value.upper():
        raise ValueError("must be an RFC 3339 time such as 2026-01-31T20:15:00+08:00")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


Text = Annotated[str, AfterValidator(_without_nul), AfterValidator(_short_enough)]
Key = Annotated[
    str, Field(min_length=1, max_length=MAX_KEY_CHARACTERS), AfterValidator(_without_nul)
]
Time = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_in_utc)]


class Context(BaseModel):
    """What the room offers and what is on screen, or what the host has just asked for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    offer: Text | None = None
    item: Text | None = None


class Reply(BaseModel):
    """The message that this one replies to: its id, its text, or both; the wire may carry the id
    alone, as a string.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_id: Key | None = None
    text: Text | None = None


def _role_if_known(value: Any) -> Any:
    return AuthorRole.VIEWER if value is None else value


def _as_reply(value: Any) -> Any:
    return {"message_id": value} if isinstance(value, str) else value


class Message(BaseModel):
    """One comment or chat message. Its identity is ``(platform, message_id)``; ``sent_at`` is held
    in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Key
    room_id: Key
    message_id: Key
    user_id: Key
    kind: Kind
    text: Text
    sent_at: Time
    creator_id: Key | None = None
    item_id: Key | None = None
    context: Context | None = None
    author_role: Annotated[AuthorRole, BeforeValidator(_role_if_known)] = AuthorRole.VIEWER
    reply_to: Annotated[Reply | None, BeforeValidator(_as_reply)] = None
    lang: Key | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """What makes the message the same message: ``(platform, message_id)``."""
        return self.platform, self.message_id


def parse_message(payload: bytes) -> Message:
    """Read one message from its wire shape, a JSON object in UTF-8.

    A surrogate without its other half, as some exporters cut emoji, becomes U+FFFD: the rest of the
    message is worth keeping.

    Raises:
        Malformed: with a reason that names the key and never quotes the payload.
    """
    try:
        payload.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Malformed(f"is no UTF-8 at byte {error.start}") from None
    try:
        return Message.model_validate_json(payload)
    except ValidationError as error:
        mended = _without_lone_surrogates(payload)
        if mended == payload:
            raise Malformed(_reason(error)) from None
        return parse_message(mended)


_SURROGATE = re.compile(r"[\ud800-\udfff]")


def _without_lone_surrogates(payload: bytes) -> bytes:
    """Return the payload with U+FFFD for every lone surrogate; the same payload if it has none."""
    text = payload.decode("utf-8", "surrogatepass")
    if "\\u" in text:
        try:
            # Pairs of escapes become the character that they stand for, halves stay what they are.
            text = json.dumps(json.loads(text), ensure_ascii=False)
        except (ValueError, RecursionError):
            return payload
    mended = _SURROGATE.sub("\ufffd", text)
    return mended.encode("utf-8") if mended != text else payload


def wire(message: Message) -> bytes:
    """Return the wire shape that :func:`parse_message` reads back as an equal message."""
    return message.model_dump_json(exclude_none=True).encode("utf-8")


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
