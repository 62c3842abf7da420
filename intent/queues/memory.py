"""In-memory twin of the inbox, for tests and demos: the same promises, without a database or a
disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from intent.model.batch import (
    Accepted,
    Backlog,
    Batch,
    Delivery,
    Gap,
    Position,
    Refused,
    Retraction,
)
from intent.model.message import Message
from intent.ports.features import FeatureState
from intent.queues.known import Arrivals, Became, compared
from intent.queues.memory_decisions import MemoryDecisions
from intent.queues.memory_lane import MemoryLane
from intent.queues.memory_rows import MemoryTransaction, MemoryTransactions, Row, Rows
from intent.queues.rounds import Room, Rounds
from intent.store.identities import Identity


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: Message
    revision: int
    round_number: int


class MemoryInbox:
    """The inbox in memory; ``lease`` in seconds, ``clock`` returns seconds. What was decided can be
    taken back where it is given the decisions, the lane and what counts features.
    """

    def __init__(
        self,
        *,
        decisions: MemoryDecisions | None = None,
        lane: MemoryLane | None = None,
        features: FeatureState | None = None,
        lease: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._decisions = decisions or MemoryDecisions()
        self._lane, self._features = lane, features
        self._rows: Rows[_Waiting] = Rows(lease, clock)
        self._rounds = Rounds()
        self._suspects_turn = True  # so that after a crash what is fresh comes first
        self._known: dict[Identity, Message] = {}
        self._earlier: dict[Identity, set[str]] = {}
        self._retractions: dict[tuple[str, str, str | None, str | None], Retraction] = {}
        self._positions: dict[str, Position] = {}
        self._gaps: dict[tuple[str, str, datetime], Gap] = {}
        self.dead_letters: list[tuple[Message, str]] = []
        self.refused: dict[str, Refused] = {}

    def put(self, batch: Batch) -> Accepted:
        """Store a batch; what is known already changes nothing."""
        refused = self._keep(batch.refused)
        self._note(batch)
        new, arrivals = self._sorted_out(batch.messages)
        self._keep(arrivals.conflicting)
        if arrivals.edited:
            self._take_back(set(arrivals.edited), undecided=False)
            self._known.update(arrivals.edited)
        for identity, digest in arrivals.replaced:
            self._earlier.setdefault(identity, set()).add(digest)
        waiting = dict.fromkeys([*new, *arrivals.edited])
        messages = [self._known[identity] for identity in waiting]
        rooms = [(message.platform, message.room_id) for message in messages]
        for message, number in zip(messages, self._deal(rooms), strict=True):
            before = self._decisions.current(message.identity)
            self._rows.add(_Waiting(message, before.revision + 1 if before else 0, number))
        gone = {
            identity
            for one in self._retractions.values()
            for identity in (self._known if one in batch.retractions else waiting)
            if _means(one, self._known[identity])
        }
        return Accepted(
            new=len(new),
            repeated=arrivals.became.count(Became.REPEATED),
            refused=refused,
            edited=arrivals.became.count(Became.EDITED),
            conflicts=arrivals.conflicting,
            retracted=self._take_back(gone, undecided=True),
        )

    def put_all(self, batches: Sequence[Batch]) -> list[Accepted]:
        """Store several batches, one after the other, and say what became of each."""
        return [self.put(batch) for batch in batches]

    def _deal(self, rooms: Sequence[Room]) -> list[int]:
        if not rooms:
            return []
        waits = (row.value.round_number for row in self._rows.rows.values() if not _is_tried(row))
        return self._rounds.deal(rooms, min(waits, default=None))

    def _keep(self, refused: Sequence[Refused]) -> int:
        before = len(self.refused)
        self.refused = {**{one.digest: one for one in refused}, **self.refused}
        return len(self.refused) - before

    def _note(self, batch: Batch) -> None:
        for gap in batch.gaps:
            key = (gap.platform, gap.room_id, gap.since)
            old = self._gaps.get(key, gap)
            self._gaps[key] = replace(
                gap, until=gap.until or old.until, source=gap.source or old.source
            )
        if batch.position is not None:
            self._positions[batch.position.source] = batch.position
        for one in batch.retractions:
            means = (one.platform, one.room_id, one.message_id, one.user_id)
            before = self._retractions.get(means, one)
            self._retractions[means] = one if one.at >= before.at else before

    def _sorted_out(self, came: Sequence[Message]) -> tuple[list[Identity], Arrivals]:
        new: list[Identity] = []
        rest: list[Message] = []
        for message in came:
            if message.identity in self._known:
                rest.append(message)
            else:
                self._known[message.identity] = message
                new.append(message.identity)
        known = {message.identity: self._known[message.identity] for message in rest}
        return new, compared(rest, known, self._earlier)

    def _take_back(self, identities: set[Identity], *, undecided: bool) -> int:
        waited = self._rows.drop(lambda row: row.message.identity in identities)
        if self._lane is not None:
            self._lane.drop(identities)
        self.dead_letters = [
            letter for letter in self.dead_letters if letter[0].identity not in identities
        ]
        stood = [self._known[identity] for identity in sorted(identities)]
        with MemoryTransactions().begin() as transaction:
            entries = self._decisions.save(
                transaction, self._decisions.retract(stood, undecided=undecided)
            )
            if self._features is not None:
                self._features.add(transaction, entries)
            elif any(entry.previous is not None for entry in entries):
                raise ValueError("features must be uncounted with what is taken back")
        taken = {row.message.identity for row in waited}
        return len(taken | {entry.message.identity for entry in entries})

    def position(self, source: str) -> Position | None:
        """Return where a source stood after the last batch that was put; None if it never did."""
        return self._positions.get(source)

    def gaps(self) -> list[Gap]:
        """Return all stretches in which a source was blind, oldest first."""
        return sorted(self._gaps.values(), key=lambda gap: (gap.since, gap.platform, gap.room_id))

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` fresh messages of at most ``size`` bytes of text together, of each
        room in turn, or half of the suspects that a worker died of together; the two take turns.
        """
        self._suspects_turn = not self._suspects_turn
        fresh, suspects = self._fresh(count), self._suspects(count)
        suspect = bool(suspects) and (self._suspects_turn or not fresh)
        batch = _within(suspects if suspect else fresh, size)
        token = self._rows.claim(batch, counted=len(batch) == 1)
        return [
            Delivery(
                row.value.message,
                row.number,
                token,
                row.attempts if len(batch) == 1 else row.attempts + 1,
                row.value.revision,
                suspect,
                waited=self._rows.clock() - row.put,
                traceparent=row.value.message.traceparent,
            )
            for row in batch
        ]

    def _fresh(self, count: int) -> list[Row[_Waiting]]:
        fresh = [row for row in self._rows.available() if not _is_tried(row)]
        return sorted(fresh, key=lambda row: (row.value.round_number, row.number))[:count]

    def _suspects(self, count: int) -> list[Row[_Waiting]]:
        tried = [row for row in self._rows.available() if _is_tried(row)]
        if not tried or tried[0].token is None:
            return tried[:1]
        together = [row for row in tried if row.token == tried[0].token]
        half = max(len(together[:count]) // 2, 1)
        return sorted(together, key=lambda row: row.number)[:half]

    def done(
        self, transaction: MemoryTransaction, deliveries: Sequence[Delivery]
    ) -> list[Delivery]:
        """Remove what is still claimed by these deliveries, and return exactly those."""
        return self._rows.settle(transaction, deliveries)

    def retry(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        self._rows.release(deliveries, delay=delay, counted=True)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Let them come again at once, as if they had never been taken."""
        self._rows.release(deliveries, delay=0.0, counted=False)

    def dead_letter(self, delivery: Delivery, reason: str) -> bool:
        """Make a dead letter of it; False when the claim was lost meanwhile."""
        if not self._rows.valid([delivery]):
            return False
        del self._rows.rows[delivery.receipt]
        self.dead_letters.append((delivery.message, reason))
        return True

    def due(self) -> float | None:
        """Seconds until the next message may be claimed, 0 if one may now; None if none waits."""
        if self._rows.available():
            return 0.0
        rows = self._rows.rows.values()
        return min((row.available - self._rows.clock() for row in rows), default=None)

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""
        return len(self._rows.rows)

    def backlog(self, most: int) -> Backlog:
        """Return what waits, counted up to ``most``."""
        since = min((row.put for row in self._rows.rows.values()), default=None)
        oldest = 0.0 if since is None else self._rows.clock() - since
        return Backlog(min(len(self._rows.rows), most), oldest)


def _is_tried(row: Row[_Waiting]) -> bool:
    return row.token is not None or row.attempts > 0


def _within(rows: Sequence[Row[_Waiting]], size: int) -> list[Row[_Waiting]]:
    batch: list[Row[_Waiting]] = []
    total = 0
    for row in rows:
        total += len(row.value.message.text.encode("utf-8"))
        if batch and total > size:
            break
        batch.append(row)
    return batch


def _means(one: Retraction, message: Message) -> bool:
    if (one.platform, one.room_id) != (message.platform, message.room_id):
        return False
    if one.user_id is not None and one.user_id != message.user_id:
        return False
    if one.message_id is None:
        return message.sent_at <= one.at
    return one.message_id == message.message_id
