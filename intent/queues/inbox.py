"""The SQL inbox: messages wait here for their first decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, func, select

from intent.model.batch import Accepted, Batch, Delivery
from intent.ports.features import FeatureState
from intent.queues.claims import claim, clock, release, settle, with_message
from intent.queues.put import put_batch
from intent.store.dead_letters import record_message
from intent.store.engine import Database
from intent.store.rows import message_from
from intent.store.schema import inbox


class SqlInbox:
    """The inbox in SQL; ``lease`` is how long a claim lasts, in seconds. What was decided can be
    taken back only where ``features`` are told of it.
    """

    def __init__(
        self, database: Database, *, features: FeatureState | None = None, lease: float = 60.0
    ) -> None:
        self._database, self._features = database, features
        self._lease = timedelta(seconds=lease)

    def put(self, batch: Batch) -> Accepted:
        """Store all of a batch in one transaction, durably before returning; what is known already
        changes nothing.
        """
        with self._database.begin() as transaction:
            return put_batch(transaction, batch, self._features)

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` fresh messages of at most ``size`` bytes of text together, or one
        suspect alone.
        """
        with self._database.begin() as transaction:
            now = clock(transaction)
            available = (
                select(inbox)
                .where(inbox.c.available_timestamp <= now)
                .order_by(inbox.c.available_timestamp, inbox.c.id)
                .limit(count)
            )
            found = (
                transaction.execute(
                    with_message(
                        available, [(inbox.c.available_timestamp, False), (inbox.c.id, False)]
                    )
                )
                .mappings()
                .all()
            )
            rows = _suspect_or_batch(list(found), size)
            if not rows:
                return []
            token = claim(transaction, inbox, rows, now + self._lease)
        return [
            Delivery(message_from(row), row["id"], token, row["attempts"] + 1, row["revision"])
            for row in rows
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
            record_message(transaction, delivery.message, reason, delivery.attempts)
        return True

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(inbox)).scalar_one()


def _suspect_or_batch(rows: list[RowMapping], size: int) -> list[RowMapping]:
    if rows and rows[0]["attempts"] > 0:
        return rows[
            :1
        ]  # it was claimed before and never settled: whatever it does to its worker, it does alone
    batch: list[RowMapping] = []
    total = 0
    for row in rows:
        total += len(row["text"].encode("utf-8"))
        if row["attempts"] > 0 or (batch and total > size):
            break
        batch.append(row)
    return batch
