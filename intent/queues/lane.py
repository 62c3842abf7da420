"""The ask lane in SQL: decided messages wait here, room by room, for a better answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
)

from intent.model.question import Claim, Priority, Question
from intent.queues.claims import available, claim, clock, release, settle
from intent.queues.lane_choice import next_batch
from intent.store.engine import Database, insert_for
from intent.store.rows import message_from
from intent.store.schema import ask_lane, lane_pauses

EXPIRED_AT_ONCE = 1_000
"""Questions dropped in one transaction, at most."""


class SqlLane:
    """The ask lane in SQL; ``lease`` is how long a claim lasts, in seconds, and must outlast the
    deadline of a call.
    """

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
                "written_timestamp": now,
            }
            for question in questions
        ]
        transaction.execute(insert_for(transaction, ask_lane).on_conflict_do_nothing(), rows)

    def take(self, count: int, gather: float) -> list[Claim]:
        """Claim up to ``count`` questions of one room and one run, newest first, and with them what
        says the same; a suspect comes with its old batch once, and then alone.
        """
        with self._database.begin() as transaction:
            if transaction.execute(select(lane_pauses)).first() is not None:
                return []
            now = clock(transaction)
            rows = next_batch(transaction, now, count, now - timedelta(seconds=gather))
            if not rows:
                return []
            # A death counts once, so that the question comes alone, and then no more: what kills
            # an asker is not what a question says, which is only sent.
            more = 0 if rows[0]["token"] is not None and rows[0]["attempts"] > 1 else 1
            token = claim(transaction, ask_lane, rows, now, self._lease, counted=more > 0)
        return [
            Claim(_question(row), message_from(row), row["id"], token, row["attempts"] + more)
            for row in rows
        ]

    def done(self, transaction: Connection, claims: Sequence[Claim]) -> list[Claim]:
        """Remove what is still claimed by these claims, and return exactly those."""
        return settle(transaction, ask_lane, claims)

    def retry(self, claims: Sequence[Claim], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        with self._database.begin() as transaction:
            release(transaction, ask_lane, claims, delay=delay, counted=True)

    def release(self, claims: Sequence[Claim], delay: float = 0.0) -> None:
        """Let them come again in ``delay`` seconds, as if they had never been taken."""
        with self._database.begin() as transaction:
            release(transaction, ask_lane, claims, delay=delay, counted=False)

    def expire(self, age: float) -> int:
        """Drop live questions that were put more than ``age`` seconds ago and that nobody holds, a
        bounded number; return how many.
        """
        with self._database.begin() as transaction:
            now = clock(transaction)
            old = (
                select(ask_lane.c.id)
                .where(
                    ask_lane.c.priority == int(Priority.LIVE),
                    or_(ask_lane.c.token.is_(None), available(ask_lane, now)),
                )
                .where(ask_lane.c.wanted_timestamp < now - timedelta(seconds=age))
                .order_by(ask_lane.c.id)
                .limit(EXPIRED_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            numbers = transaction.scalars(old).all()
            transaction.execute(delete(ask_lane).where(ask_lane.c.id.in_(numbers)))
        return len(numbers)

    def waiting(self) -> int:
        """How many questions are open, claimed ones included."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(ask_lane)).scalar_one()

    def pause(self) -> None:
        """Claim nothing from now on, in no process; what is put waits, what runs comes to its
        end.
        """
        with self._database.begin() as transaction:
            if transaction.execute(select(lane_pauses)).first() is None:
                transaction.execute(insert(lane_pauses))

    def resume(self) -> None:
        """Claim again."""
        with self._database.begin() as transaction:
            transaction.execute(delete(lane_pauses))

    def paused(self) -> datetime | None:
        """Since when the lane is paused; None where it is not."""
        with self._database.read() as connection:
            return connection.scalar(select(lane_pauses.c.paused_timestamp))

    def overview(self) -> list[Waiting]:
        """Return what waits, by run and priority."""
        with self._database.read() as connection:
            now = clock(connection)
            held = case(
                (and_(ask_lane.c.token.is_not(None), ~available(ask_lane, now)), 1),
                else_=0,
            )
            query = select(
                ask_lane.c.run,
                ask_lane.c.priority,
                func.count().label("questions"),
                func.sum(held).label("held"),
                func.min(ask_lane.c.wanted_timestamp).label("oldest"),
            ).group_by(ask_lane.c.run, ask_lane.c.priority)
            rows = (
                connection.execute(query.order_by(ask_lane.c.priority, ask_lane.c.run))
                .mappings()
                .all()
            )
        return [
            Waiting(
                row["run"],
                Priority(row["priority"]),
                row["questions"],
                int(row["held"]),
                (now - row["oldest"]).total_seconds(),
            )
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open questions of one run and priority: how many, how many of them are being asked, and for
    how many seconds the oldest has waited.
    """

    run: str
    priority: Priority
    questions: int
    held: int
    oldest: float


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
