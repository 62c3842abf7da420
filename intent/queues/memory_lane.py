"""In-memory twin of the ask lane."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from intent.model.message import Message
from intent.model.question import Claim, Priority, Question
from intent.queues.lane_choice import ALONG, MOMENT, like_the_first, says_anything_twice
from intent.queues.memory_rows import MemoryTransaction, Row, Rows


class MemoryLane:
    """The ask lane in memory; ``find`` looks a question's message up, ``lease`` in seconds,
    ``clock`` returns seconds.
    """

    def __init__(
        self,
        find: Callable[[str, str], Message],
        *,
        lease: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows: Rows[Question] = Rows(lease, clock)
        self._paused: datetime | None = None
        self._find = find

    def put(self, transaction: MemoryTransaction, questions: Sequence[Question]) -> None:
        """Add questions; one that waits already for the same run stays as it is."""
        transaction.at_commit.append(lambda: self._add(questions))

    def take(self, count: int, gather: float) -> list[Claim]:
        """Claim up to ``count`` questions of one room and one run, newest first, and with them what
        says the same; a suspect comes with its old batch once, and then alone.
        """
        if self._paused is not None:
            return []
        rows = self._batch(sorted(self._next(count, gather), key=_newest, reverse=True), count)
        died_alone = bool(rows) and rows[0].token is not None and rows[0].attempts > 1
        token = self._rows.claim(rows, counted=not died_alone)
        return [
            Claim(
                row.value,
                self._message(row),
                row.number,
                token,
                row.attempts,
            )
            for row in rows
        ]

    def _batch(self, rows: Sequence[Row[Question]], count: int) -> Sequence[Row[Question]]:
        first = rows[:count]
        if not first or first[0].attempts > 0:
            return rows[: count + ALONG]
        if len(first) < count or not says_anything_twice([self._message(row) for row in first]):
            return first
        since = first[-1].value.event_timestamp - MOMENT
        wider = [row for row in rows[: count + ALONG] if row.value.event_timestamp >= since]
        places = like_the_first([self._message(row) for row in wider], count)
        return [wider[place] for place in places]

    def _message(self, row: Row[Question]) -> Message:
        return self._find(row.value.platform, row.value.message_id)

    def drop(self, identities: AbstractSet[tuple[str, str]]) -> None:
        """Remove all questions about these messages."""
        self._rows.drop(lambda question: (question.platform, question.message_id) in identities)

    def _next(self, count: int, gather: float) -> list[Row[Question]]:
        available = self._rows.available()
        for priority in Priority:
            here = [row for row in available if row.value.priority is priority]
            suspects = [row for row in here if row.attempts > 0]
            if suspects:
                first = suspects[0]
                return (
                    [row for row in here if row.token == first.token]
                    if first.token and first.attempts == 1
                    else [first]
                )
            ripe = self._ripe(here, count, gather)
            if ripe:
                return (
                    max(ripe, key=lambda room: max(map(_newest, room)))
                    if priority is Priority.LIVE
                    else min(ripe, key=lambda room: room[0].number)
                )
        return []

    def _ripe(
        self, rows: Sequence[Row[Question]], count: int, gather: float
    ) -> list[list[Row[Question]]]:
        rooms: dict[tuple[str, str, str], list[Row[Question]]] = {}
        for row in rows:
            rooms.setdefault((row.value.run, row.value.platform, row.value.room_id), []).append(row)
        now = self._rows.clock()
        return [
            room
            for room in rooms.values()
            if len(room) >= count
            or room[0].available <= now - gather
            or room[-1].available > now  # put while a clock was ahead
        ]

    def done(self, transaction: MemoryTransaction, claims: Sequence[Claim]) -> list[Claim]:
        """Remove what is still claimed by these claims, and return exactly those."""
        return self._rows.settle(transaction, claims)

    def retry(self, claims: Sequence[Claim], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        self._rows.release(claims, delay=delay, counted=True)

    def release(self, claims: Sequence[Claim], delay: float = 0.0) -> None:
        """Let them come again in ``delay`` seconds, as if they had never been taken."""
        self._rows.release(claims, delay=delay, counted=False)

    def expire(self, age: float) -> int:
        """Drop live questions that were put more than ``age`` seconds ago and that nobody holds;
        return how many.
        """
        now = self._rows.clock()
        free = [
            row
            for row in list(self._rows.rows.values())
            if row.token is None or row.available <= now
        ]
        old = [
            row.number
            for row in free
            if row.value.priority is Priority.LIVE and row.put < now - age
        ]
        for number in old:
            del self._rows.rows[number]
        return len(old)

    def waiting(self) -> int:
        """How many questions are open, claimed ones included."""
        return len(self._rows.rows)

    def pause(self) -> None:
        """Claim nothing from now on."""
        self._paused = self._paused or datetime.now(UTC)

    def resume(self) -> None:
        """Claim again."""
        self._paused = None

    def paused(self) -> datetime | None:
        """Since when the lane is paused; None where it is not."""
        return self._paused

    def _add(self, questions: Sequence[Question]) -> None:
        waiting = {
            (row.value.platform, row.value.message_id, row.value.run)
            for row in self._rows.rows.values()
        }
        for question in questions:
            if (question.platform, question.message_id, question.run) not in waiting:
                self._rows.add(question)


def _newest(row: Row[Question]) -> tuple[datetime, int]:
    return row.value.event_timestamp, row.number
