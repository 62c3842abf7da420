"""A message that any model can label: it tells a bad server from bad messages."""

from __future__ import annotations

from datetime import UTC, datetime

from intent.model.message import Kind, Message
from intent.model.question import Claim, Question

_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = Claim(
    Question("canary", "canary", "canary", _MIDNIGHT, 0),
    Message(
        platform="canary",
        room_id="canary",
        message_id="canary",
        user_id="canary",
        kind=Kind.COMMENT,
        text="hello",
        sent_at=_MIDNIGHT,
    ),
    receipt=0,
    token="",
    attempts=1,
)
"""A message that any server takes: when it calls this a bad request too, it is not a message that
is to blame.
"""
