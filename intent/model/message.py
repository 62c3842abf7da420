"""One comment or chat message, parsed at the door and trusted afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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
"""Longest platform, room, message, user, creator, item or category id, in characters."""

EXACT_INTEGERS = 2**53
"""From here on JavaScript, and whatever holds numbers as it does, no longer tells neighbours
apart.
"""


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


def _whole(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # Halves that stand together are one character; a lone one becomes U+FFFD, and the rest of
        # the text is worth keeping.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _as_text(value: Any) -> Any:
    # Ids are text. Many exporters write them as numbers, and a large one was rounded by JavaScript
    # before it came here: it would name somebody else.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        raise ValueError("is a number with a fraction or an exponent; write the id as text")
    if abs(value) >= EXACT_INTEGERS:
        raise ValueError("is a number of 2^53 or more, which many programs round; write it as text")
    return str(value)


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


Text = Annotated[
    str, BeforeValidator(_whole), AfterValidator(_without_nul), AfterValidator(_short_enough)
]
Key = Annotated[
    str, Field(min_length=1, max_length=MAX_KEY_CHARACTERS), AfterValidator(_without_nul)
]
Id = Annotated[Key, BeforeValidator(_as_text)]
Time = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_in_utc)]


class Context(BaseModel):
    """What the room offers and what is on screen, or what the host has just asked for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    offer: Text | None = None
    item: Text | None = None


class Reply(BaseModel):
    """The message that this one replies to: its id, its text, or both; the wire may carry the id
    alone.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_id: Id | None = None
    text: Text | None = None


def _role_if_known(value: Any) -> Any:
    return AuthorRole.VIEWER if value is None else value


_TRACE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def read_traceparent(value: Any) -> str | None:
    """Return a W3C trace context (www.w3.org/TR/trace-context) as it came; None for what is none,
    for no message is refused for it.
    """
    return value if isinstance(value, str) and _TRACE.fullmatch(value) else None


def _as_reply(value: Any) -> Any:
    is_id = isinstance(value, str | int | float) and not isinstance(value, bool)
    return {"message_id": value} if is_id else value


class Message(BaseModel):
    """One comment or chat message. Its identity is ``(platform, message_id)``; ``sent_at`` is held
    in UTC. ``traceparent`` is the trace of the request that brought it: it is kept while the
    message waits, and is no part of what was said, so it is never written out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Key
    room_id: Id
    message_id: Id
    user_id: Id
    kind: Kind
    text: Text
    sent_at: Time
    creator_id: Id | None = None
    item_id: Id | None = None
    category_id: Id | None = None
    context: Context | None = None
    author_role: Annotated[AuthorRole, BeforeValidator(_role_if_known)] = AuthorRole.VIEWER
    reply_to: Annotated[Reply | None, BeforeValidator(_as_reply)] = None
    lang: Key | None = None
    traceparent: Annotated[str | None, BeforeValidator(read_traceparent)] = Field(
        None, exclude=True, repr=False
    )

    @property
    def identity(self) -> tuple[str, str]:
        """What makes the message the same message: ``(platform, message_id)``."""
        return self.platform, self.message_id

    @property
    def substance(self) -> tuple[str | None, ...]:
        """All that a decision may rest on, to be compared: text, kind, the author's role, offer,
        item, text replied to.
        """
        context, reply = self.context, self.reply_to
        return (
            self.text,
            self.kind.value,
            self.author_role.value,
            context.offer if context else None,
            context.item if context else None,
            reply.text if reply else None,
        )


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
            raise Malformed(refusal(error)) from None
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


def read_message(values: Mapping[str, object]) -> Message:
    """Read one message from the keys of its wire shape, as a source has collected them.

    Raises:
        Malformed: with a reason that names the key and never quotes the values.
    """
    try:
        return Message.model_validate(dict(values))
    except ValidationError as error:
        raise Malformed(refusal(error)) from None


def wire(message: Message) -> bytes:
    """Return the wire shape that :func:`parse_message` reads back as an equal message, but for the
    trace that it came with.
    """
    return message.model_dump_json(exclude_none=True).encode("utf-8")


def refusal(error: ValidationError) -> str:
    """Return the first thing that is wrong, with its key and without its value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
