"""The ask lane in SQL: decided messages wait here, room by room, for a better answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select

from intent.ports import Claim, Priority, Question
from intent.queues.claims import claim, clock, release, settle, with_message
from intent.store.engine import Database, insert_for
from intent.store.rows import message_from
from intent.store.schema import ask_lane


class SqlLane:
    """The ask lane in SQL; ``lease`` is how long a claim lasts, in seconds, and must outlast the deadline of a call."""

    def __init__(self, database: Database, *, lease: float = 120.0) -> None:
        self._database = database
        self._lease = timedelta(seconds=lease)

    def put(self, transaction: Connection, questions: Sequence[Question]) -> None:
        """Add questions; one that waits already for the same run stays as it is."""
        if not questions:
            return
        now = clock(transaction)
        rows = [
            {
                "platform": question.platform,
                "message_id": question.message_id,
                "run": question.run,
                "room_id": question.room_id,
                "priority": int(question.priority),
                "event_timestamp": question.event_timestamp,
                "revision": question.revision,
                "attempts": 0,
                "available_timestamp": now,
            }
            for question in questions
        ]
        transaction.execute(insert_for(transaction, ask_lane).on_conflict_do_nothing(), rows)

    def take(self, count: int, gather: float) -> list[Claim]:
        """Claim up to ``count`` questions of one room and one run, newest first."""
        with self._database.begin() as transaction:
            now = clock(transaction)
            room = _ripe_room(transaction, now, count, now - timedelta(seconds=gather))
            if room is None:
                return []
            available = (
                select(ask_lane)
                .where(ask_lane.c.available_timestamp <= now, ask_lane.c.run == room["run"], ask_lane.c.priority == room["priority"])
                .where(ask_lane.c.platform == room["platform"], ask_lane.c.room_id == room["room_id"])
                .order_by(ask_lane.c.event_timestamp.desc(), ask_lane.c.id.desc())
                .limit(count)
            )
            rows = transaction.execute(with_message(available, [(ask_lane.c.event_timestamp, True), (ask_lane.c.id, True)])).mappings().all()
            if not rows:
                return []
            token = claim(transaction, ask_lane, rows, now + self._lease)
        return [Claim(_question(row), message_from(row), row["id"], token, row["attempts"] + 1) for row in rows]

    def done(self, transaction: Connection, claims: Sequence[Claim]) -> list[Claim]:
        """Remove what is still claimed by these claims, and return exactly those."""
        return settle(transaction, ask_lane, claims)

    def retry(self, claims: Sequence[Claim], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        with self._database.begin() as transaction:
            release(transaction, ask_lane, claims, delay=delay, counted=True)

    def give_back(self, claims: Sequence[Claim], delay: float = 0.0) -> None:
        """Let them come again in ``delay`` seconds, as if they had never been taken."""
        with self._database.begin() as transaction:
            release(transaction, ask_lane, claims, delay=delay, counted=False)

    def waiting(self) -> int:
        """How many questions are open, claimed ones included."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(ask_lane)).scalar_one()


def _ripe_room(transaction: Connection, now: datetime, count: int, gathered_before: datetime) -> RowMapping | None:
    room = (ask_lane.c.run, ask_lane.c.platform, ask_lane.c.room_id, ask_lane.c.priority)
    oldest = func.min(ask_lane.c.available_timestamp)
    query = (
        select(*room)
        .where(ask_lane.c.available_timestamp <= now)
        .group_by(*room)
        .having((func.count() >= count) | (oldest <= gathered_before))
        .order_by(ask_lane.c.priority, oldest)
        .limit(1)
    )
    return transaction.execute(query).mappings().one_or_none()


def _question(row: RowMapping) -> Question:
    return Question(
        platform=row["platform"],
        message_id=row["message_id"],
        room_id=row["room_id"],
        event_timestamp=row["event_timestamp"],
        revision=row["revision"],
        run=row["run"],
        priority=Priority(row["priority"]),
    )
