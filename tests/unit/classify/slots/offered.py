"""A message as it is read: a text, and what is on screen or on offer if anything is."""

from __future__ import annotations

from datetime import UTC, datetime

from intent.model.message import Context, Kind, Message


def said(text: str, item: str | None = None, offer: str | None = None) -> Message:
    return Message(
        platform="p",
        room_id="r",
        message_id="1",
        user_id="u",
        kind=Kind.COMMENT,
        text=text,
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
        context=Context(item=item, offer=offer) if item or offer else None,
    )
