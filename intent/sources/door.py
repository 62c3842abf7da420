"""The door: whatever a source reads becomes a message or a retraction here, or is refused with its
reason; nothing that comes in ends a source.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from intent.model.batch import Refused, Retraction
from intent.model.errors import Malformed
from intent.model.message import Id, Key, Message, Time, parse_message, read_message, refusal
from intent.sources.ids import in_room, with_room

MAX_PAYLOAD_BYTES = 65_536
"""A longer payload is no message; it is kept up to here as a dead letter."""

AHEAD = timedelta(days=1)
"""What is dated further ahead of our clock is refused: it would freeze every counter that forgets
with time.
"""

_RUINED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}")
"""How spreadsheets write long numbers. Ids in hexadecimal hold no such sign."""


class _TakenBack(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Key
    room_id: Id
    at: Time
    message_id: Id | None = None
    user_id: Id | None = None
    by: Literal["author", "moderator", "platform"] = "moderator"


class Door:
    """Lets in what keeps the rules of identity, time and size."""

    def __init__(
        self,
        *,
        room_ids: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Set the rules.

        Args:
            room_ids: the platform's message ids are unique in a room only; the room is put before
                each.
            now: the time of day, aware.
        """
        self._room_ids, self._now = room_ids, now

    def payload(
        self, payload: bytes, position: str, *, digest: str | None = None
    ) -> Message | Refused:
        """Read one message from its wire shape, JSON in UTF-8.

        Args:
            payload: all of its bytes.
            position: where it stood in its source, for people.
            digest: its SHA-256, where that is known already.
        """
        try:
            if len(payload) > MAX_PAYLOAD_BYTES:
                raise Malformed(f"is {len(payload)} bytes long, the limit is {MAX_PAYLOAD_BYTES}")
            return self._let_in(parse_message(payload))
        except Malformed as error:
            return refused(str(error), payload, position, digest=digest)

    def message(self, values: Mapping[str, object], position: str) -> Message | Refused:
        """Read one message from the keys of its wire shape, as a source has collected them."""
        try:
            if values.get("user_id") in (None, ""):
                raise Malformed("user_id: the author is missing")
            return self._let_in(read_message(values))
        except Malformed as error:
            return refused(str(error), _shown(values), position)

    def retraction(self, values: Mapping[str, object], position: str) -> Retraction | Refused:
        """Read one retraction from the names of its fields."""
        try:
            read = _TakenBack.model_validate(dict(values))
            self._check_time("at", read.at)
        except ValidationError as error:
            return refused(refusal(error), _shown(values), position)
        except Malformed as error:
            return refused(str(error), _shown(values), position)
        gone = read.message_id
        if gone is not None and self._room_ids:
            gone = in_room(read.room_id, gone)
        return Retraction(read.platform, read.room_id, read.at, gone, read.user_id, read.by)

    def _let_in(self, message: Message) -> Message:
        for key in ("room_id", "message_id", "user_id"):
            if _RUINED.fullmatch(getattr(message, key)):
                raise Malformed(
                    f"{key}: is a long number that a spreadsheet has rounded (such as 7.1E+18); "
                    "export it again, and keep the column as text"
                )
        self._check_time("sent_at", message.sent_at)
        return with_room(message) if self._room_ids else message

    def _check_time(self, key: str, at: datetime) -> None:
        if at > self._now() + AHEAD:
            raise Malformed(f"{key}: lies more than a day ahead of this machine's clock")


def refused(reason: str, payload: bytes, position: str, *, digest: str | None = None) -> Refused:
    """Return a payload that is not let in, cut to what is kept of it."""
    whole = digest or hashlib.sha256(payload).hexdigest()
    return Refused(reason, payload[:MAX_PAYLOAD_BYTES], whole, position)


def _shown(values: Mapping[str, object]) -> bytes:
    # In the wire's shape, so that what a person wrote is found again when they are to be forgotten.
    return json.dumps(dict(values), default=str, ensure_ascii=False).encode(
        "utf-8", "backslashreplace"
    )
