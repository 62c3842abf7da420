"""Reads what was said in a stretch of a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from intent.model.decision import DecidedBy
from intent.model.message import AuthorRole
from intent.store.decisions import current_decisions
from intent.store.schema import messages


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A message as it was said; ``lead`` tells whether it is one."""

    said_at: datetime
    staff: bool
    lead: bool
    text: str


def read_said(
    connection: Connection, platform: str, room_id: str, since: datetime, until: datetime, most: int
) -> list[SaidLine]:
    """Return what was said in a stretch of a room, is decided and stands: oldest first, ``most`` at
    most.
    """
    m, d = messages.c, current_decisions.c
    query = (
        select(m.sent_at, m.author_role, d.is_lead, m.text)
        .join_from(
            messages,
            current_decisions,
            and_(d.platform == m.platform, d.message_id == m.message_id),
        )
        .where(
            m.platform == platform,
            m.room_id == room_id,
            m.sent_at >= since,
            m.sent_at < until,
            d.decided_by != DecidedBy.PLATFORM.value,
        )
        .order_by(m.sent_at)
        .limit(most)
    )
    return [
        SaidLine(row.sent_at, row.author_role != AuthorRole.VIEWER.value, row.is_lead, row.text)
        for row in connection.execute(query)
    ]
