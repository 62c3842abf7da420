"""What the LLM cost, and the replies that were paid for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, tuple_

from intent.model.attempt import Attempt
from intent.store.engine import Database, insert_for
from intent.store.identities import Identity, parts
from intent.store.schema import database_now, llm_attempts, llm_replies, messages

DELETED_AT_ONCE = 1_000
"""Replies deleted in one transaction, at most."""


class SqlLedger:
    """The ledger in SQL: one row for every call, also for those that failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def book(self, attempt: Attempt) -> None:
        """Write an attempt down, durably, before its reply is used."""
        row = {
            "request": attempt.request,
            "run": attempt.run,
            "platform": attempt.platform,
            "room_id": attempt.room_id,
            "prompt_version": attempt.prompt,
            "model": attempt.model,
            "messages": attempt.messages,
            "outcome": attempt.outcome.value,
            "input_tokens": attempt.input_tokens,
            "cached_tokens": attempt.cached_tokens,
            "cache_write_tokens": attempt.cache_write_tokens,
            "output_tokens": attempt.output_tokens,
            "nanodollars": attempt.nanodollars,
            "latency": attempt.latency,
            "started_timestamp": attempt.started,
        }
        with self._database.begin() as transaction:
            transaction.execute(llm_attempts.insert(), row)

    def spent(self, since: datetime) -> int:
        """Nanodollars booked since then."""
        query = select(func.coalesce(func.sum(llm_attempts.c.nanodollars), 0)).where(
            llm_attempts.c.started_timestamp >= since
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def summary(self, since: datetime) -> list[Spent]:
        """Return what was booked since then, by outcome."""
        c = llm_attempts.c
        sums = [
            func.sum(column).label(column.name)
            for column in (
                c.messages,
                c.input_tokens,
                c.cached_tokens,
                c.output_tokens,
                c.nanodollars,
            )
        ]
        query = (
            select(c.outcome, func.count().label("calls"), *sums)
            .where(c.started_timestamp >= since)
            .group_by(c.outcome)
            .order_by(c.outcome)
        )
        with self._database.read() as connection:
            return [
                Spent(outcome, *(int(value) for value in sums))
                for outcome, *sums in connection.execute(query)
            ]


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls with one outcome: how many, messages they asked about, tokens by kind, nanodollars."""

    outcome: str
    calls: int
    messages: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    nanodollars: int


class SqlReplies:
    """The response store in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys."""
        with self._database.read() as connection:
            found = connection.execute(
                select(llm_replies.c.key, llm_replies.c.reply).where(llm_replies.c.key.in_(keys))
            ).all()
        return {row.key: bytes(row.reply) for row in found}

    def keep(self, replies: Mapping[str, bytes], about: Collection[Identity] = (), /) -> None:
        """Keep all of these in one transaction, durably, before any is used; a key that is known
        stays as it is. Once one of the messages that they are ``about`` was erased, nothing is
        kept.
        """
        if not replies:
            return
        with self._database.begin() as transaction:
            if not _all_there(transaction, sorted(about)):
                return
            rows = [{"key": key, "reply": replies[key]} for key in sorted(replies)]
            transaction.execute(insert_for(transaction, llm_replies).on_conflict_do_nothing(), rows)

    def forget(self, age: float = 0.0) -> int:
        """Delete replies that were kept more than ``age`` seconds ago, a bounded number; return how
        many. To lose one costs another call at most.
        """
        with self._database.begin() as transaction:
            before = transaction.execute(select(database_now())).scalar_one() - timedelta(
                seconds=age
            )
            old = (
                select(llm_replies.c.key)
                .where(llm_replies.c.created_timestamp <= before)
                .order_by(llm_replies.c.key)
                .limit(DELETED_AT_ONCE)
            )
            return transaction.execute(
                delete(llm_replies).where(llm_replies.c.key.in_(old))
            ).rowcount


def _all_there(transaction: Connection, identities: Sequence[Identity]) -> bool:
    """Whether messages are stored; who would erase one of them waits for this transaction."""
    m = messages.c
    found = 0
    for some in parts(identities):
        held = select(m.platform).where(tuple_(m.platform, m.message_id).in_(some))
        rows = transaction.execute(held.with_for_update(read=True, key_share=True)).all()
        found += len(rows)
    return found == len(identities)
