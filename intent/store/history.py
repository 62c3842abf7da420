"""The few messages that were said in a room before others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select

from intent.model.decision import DecidedBy
from intent.model.message import Message
from intent.store.decisions import current_decisions
from intent.store.engine import Database
from intent.store.rows import message_from
from intent.store.schema import messages


class SqlHistory:
    """Looks back in a room; ``count`` is how many messages, at most."""

    def __init__(self, database: Database, *, count: int) -> None:
        self._database = database
        self._count = count

    def before(self, asked: Sequence[Message]) -> list[Message]:
        """Return what was said in the room before the oldest of these messages, oldest first, and
        was not taken back; all of them are of one room.
        """
        if not asked or self._count == 0:
            return []
        oldest = min(asked, key=lambda message: message.sent_at)
        m, d = messages.c, current_decisions.c
        taken_back = exists().where(
            d.platform == m.platform,
            d.message_id == m.message_id,
            d.decided_by == DecidedBy.PLATFORM.value,
        )
        query = (
            select(messages)
            .where(
                m.platform == oldest.platform,
                m.room_id == oldest.room_id,
                m.sent_at <= oldest.sent_at,
            )
            .where(m.message_id.not_in([message.message_id for message in asked]), ~taken_back)
            .order_by(m.sent_at.desc(), m.message_id.desc())
            .limit(self._count)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [message_from(row) for row in reversed(rows)]
