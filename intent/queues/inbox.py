"""The SQL inbox: messages wait here for their first decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, exists, func, select, text

from intent.model.batch import Accepted, Backlog, Batch, Delivery
from intent.model.errors import StoreUnavailable
from intent.model.message import Message
from intent.ports.features import FeatureState
from intent.queues.claims import available, claim, clock, release, settle, with_message
from intent.queues.put import NotAlone, put_batches
from intent.queues.rounds import Rounds
from intent.store.dead_letters import record_message
from intent.store.engine import Database
from intent.store.measured_tables import measure_tables
from intent.store.overview import waiting_since
from intent.store.rows import message_from
from intent.store.schema import FRESH, TRIED, inbox, messages
from intent.store.tombstones import Tombstones
from intent.store.vault import Vault

MEASURE_AFTER = 1_000
"""New messages of a process behind which PostgreSQL's planner looks at the tables, once; by itself
it does so within a minute.
"""


class SqlInbox:
    """The inbox in SQL; ``lease`` is how long a claim lasts, in seconds. What was decided can be
    taken back only where ``features`` are told of it, what was erased is dropped by ``tombstones``,
    and contact details are kept in ``vault`` alone, from where whoever decides a message gets them.
    """

    def __init__(
        self,
        database: Database,
        *,
        features: FeatureState | None = None,
        tombstones: Tombstones | None = None,
        vault: Vault | None = None,
        lease: float = 60.0,
        told: Callable[[Batch, Accepted], None] = lambda batch, accepted: None,
        members: int = 0,
    ) -> None:
        """Prepare; ``told`` is told of every batch that was put, and ``members`` is how many shards
        rooms are told apart by.
        """
        self._members = members
        self._database, self._features, self._told = database, features, told
        self._tombstones, self._vault = tombstones or Tombstones(), vault
        self._lease = timedelta(seconds=lease)
        self._rounds = Rounds()
        self._until_measured = MEASURE_AFTER
        self._suspects_turn = True  # so that after a crash what is fresh comes first

    def put(self, batch: Batch) -> Accepted:
        """Store all of a batch in one transaction, durably before returning; what is known already
        changes nothing.
        """
        return self.put_all([batch])[0]

    def put_all(self, batches: Sequence[Batch]) -> list[Accepted]:
        """Store several batches as if one were put after the other, in one transaction: all of
        them or none, durably before returning. Return what became of each, in their order.
        """
        accepted = self._put(batches)
        for batch, became in zip(batches, accepted, strict=True):
            self._told(batch, became)
        if self._until_measured > 0:
            self._until_measured -= sum(one.new for one in accepted)
            if self._until_measured <= 0:
                self._measure()
        return accepted

    def _put(self, batches: Sequence[Batch]) -> list[Accepted]:
        parts = (batches, self._features, self._tombstones, self._vault)
        more: Any = {"rounds": self._rounds, "members": self._members}
        try:
            with self._database.begin() as transaction:
                return put_batches(transaction, *parts, **more)
        except NotAlone:
            with self._database.begin() as transaction:
                return put_batches(transaction, *parts, **more, alone=True)

    def _measure(self) -> None:
        # Without it a claim reads every message of its platform, for every message that it takes.
        try:
            measure_tables(self._database, messages, inbox)
        except StoreUnavailable:
            self._until_measured = MEASURE_AFTER  # what was put is stored all the same

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` fresh messages of at most ``size`` bytes of text together, of each
        room in turn, or half of the suspects that a worker died of together; the two take turns.
        """
        self._suspects_turn = not self._suspects_turn
        with self._database.begin() as transaction:
            now = clock(transaction)
            for suspect in (self._suspects_turn, not self._suspects_turn):
                rows = (_suspects if suspect else _fresh)(transaction, now, count, size)
                if rows:
                    break
            else:
                return []
            # What dies in company may die for any message of it, so only claims alone count.
            token = claim(transaction, inbox, rows, now, self._lease, counted=len(rows) == 1)
            messages = [message_from(row) for row in rows]
            if self._vault is not None:
                messages = self._vault.opened(transaction, messages)
        return [
            _lent(row, message, token, now, suspect=suspect)
            for row, message in zip(rows, messages, strict=True)
        ]

    def done(self, transaction: Connection, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Remove what is still claimed by these deliveries, and return exactly those."""
        return settle(transaction, inbox, deliveries)

    def retry(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        with self._database.begin() as transaction:
            release(transaction, inbox, deliveries, delay=delay, counted=True)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Let them come again at once, as if they had never been taken."""
        with self._database.begin() as transaction:
            release(transaction, inbox, deliveries, delay=0.0, counted=False)

    def dead_letter(self, delivery: Delivery, reason: str) -> bool:
        """Make a dead letter of it; False when the claim was lost meanwhile."""
        with self._database.begin() as transaction:
            if not self.done(transaction, [delivery]):
                return False
            message = delivery.message
            if self._vault is not None:
                # An error quotes what it failed on.
                reason = self._vault.without_details(reason)
                message = self._vault.hidden(message).message
            record_message(transaction, message, reason, delivery.attempts)
        return True

    def due(self) -> float | None:
        """Seconds until the next message may be claimed, 0 if one may now; None if none waits."""
        with self._database.read() as connection:
            now = clock(connection)
            free = exists().where(available(inbox, now))
            first = select(func.min(inbox.c.available_timestamp), free)
            at, is_free = connection.execute(first).one()
        if at is None:
            return None
        return 0.0 if is_free else float((at - now).total_seconds())

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(inbox)).scalar_one()

    def backlog(self, most: int) -> Backlog:
        """Return what waits, counted up to ``most``: it may be asked every second."""
        some = select(inbox.c.id).limit(most).subquery()
        with self._database.read() as connection:
            waiting = connection.execute(select(func.count()).select_from(some)).scalar_one()
            since = waiting_since(connection)
            oldest = (clock(connection) - since).total_seconds() if since is not None else 0.0
        return Backlog(waiting, max(oldest, 0.0))


def _lent(
    row: RowMapping, message: Message, token: str, now: datetime, *, suspect: bool
) -> Delivery:
    return Delivery(
        message,
        row["id"],
        token,
        row["attempts"] + 1,
        row["revision"],
        suspect,
        waited=max((now - row["accepted_timestamp"]).total_seconds(), 0.0),
        traceparent=row["traceparent"],
    )


def _fresh(transaction: Connection, now: datetime, count: int, size: int) -> list[RowMapping]:
    fresh = select(inbox).where(text(FRESH), available(inbox, now))
    first = fresh.order_by(inbox.c.round_number, inbox.c.id).limit(count)
    return _within(_locked(transaction, first), size)


def _suspects(transaction: Connection, now: datetime, count: int, size: int) -> list[RowMapping]:
    tried = select(inbox).where(text(f"({TRIED})"), available(inbox, now))
    oldest = tried.order_by(inbox.c.available_timestamp, inbox.c.id).limit(1)
    first = transaction.execute(oldest).mappings().one_or_none()
    if first is None:
        return []
    if first["token"] is None:  # it could not be decided, and nobody died of it
        return _locked(transaction, tried.where(inbox.c.id == first["id"]))
    # A token that is still there is that of a worker who died; one of those that it held together
    # is to blame. Half of them, and half of that if it dies again, finds the one in few steps.
    together = tried.where(inbox.c.token == first["token"])
    held = transaction.execute(
        select(func.count()).select_from(together.limit(count).subquery())
    ).scalar_one()
    half = together.order_by(inbox.c.id).limit(max(held // 2, 1))
    return _within(_locked(transaction, half), size)


def _locked(transaction: Connection, candidates: Select[Any]) -> list[RowMapping]:
    query = with_message(
        transaction, candidates, [(inbox.c.round_number, False), (inbox.c.id, False)]
    )
    return list(transaction.execute(query).mappings())


def _within(rows: list[RowMapping], size: int) -> list[RowMapping]:
    batch: list[RowMapping] = []
    total = 0
    for row in rows:
        total += len(row["text"].encode("utf-8"))
        if batch and total > size:
            break
        batch.append(row)
    return batch
