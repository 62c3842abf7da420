"""What the inbox and the ask lane share: claims on rows of a queue table, told apart by a token.

A claim moves ``available_timestamp`` to the end of its lease and writes a fresh token; that is all
the state there is. A row whose lease ran out is simply available again, and whoever was overtaken
finds the token gone. A row that was written later than now was written under a clock that was
ahead: nobody can say when its lease ends, and it is available too. PostgreSQL hands different rows
to concurrent takers with SKIP LOCKED; SQLite has one writer at a time.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
    true,
    update,
)

from intent.store.identities import within
from intent.store.schema import database_now, messages


class Lent(Protocol):
    """Anything lent under a claim: a delivery, or a question of the ask lane."""

    @property
    def receipt(self) -> int: ...

    @property
    def token(self) -> str: ...

    @property
    def attempts(self) -> int: ...


L = TypeVar("L", bound=Lent)

CLOCK_STEP = timedelta(seconds=1)
"""A clock that goes back by less was only set right."""


def clock(transaction: Connection) -> datetime:
    """Return the database's clock."""
    return transaction.execute(select(database_now())).scalar_one().astimezone(UTC)


def available(queue: Table, now: datetime) -> ColumnElement[bool]:
    """Return *may be claimed*."""
    return or_(queue.c.available_timestamp <= now, queue.c.written_timestamp > now + CLOCK_STEP)


def claim(
    transaction: Connection,
    queue: Table,
    rows: Sequence[RowMapping],
    now: datetime,
    lease: timedelta,
    *,
    counted: bool = True,
) -> str:
    """Lend rows, and return the claim's token. ``counted`` says whether a claim that nobody ends
    counts as an attempt.
    """
    token = secrets.token_hex(16)
    values = {
        "token": token,
        "attempts": queue.c.attempts + (1 if counted else 0),
        "available_timestamp": now + lease,
        "written_timestamp": now,
    }
    claimed = within(transaction, queue.c.id, [row["id"] for row in rows])
    transaction.execute(update(queue).where(claimed).values(values))
    return token


def settle(transaction: Connection, queue: Table, lent: Sequence[L]) -> list[L]:
    """Remove the rows whose claim is still valid, and return what was lent under them."""
    gone: set[int] = set()
    for token, numbers in _by_token(lent).items():
        mine = (
            delete(queue)
            .where(within(transaction, queue.c.id, numbers), queue.c.token == token)
            .returning(queue.c.id)
        )
        gone.update(transaction.scalars(mine).all())
    return [one for one in lent if one.receipt in gone]


def release(
    transaction: Connection, queue: Table, lent: Sequence[Lent], *, delay: float, counted: bool
) -> None:
    """End the claims that are still valid: available again in ``delay`` seconds, the attempt
    counted or not.
    """
    now = clock(transaction)
    groups: dict[tuple[str, int], list[int]] = {}
    for one in lent:
        groups.setdefault((one.token, one.attempts), []).append(one.receipt)
    for (token, attempts), numbers in groups.items():
        here = within(transaction, queue.c.id, numbers)
        mine = update(queue).where(here, queue.c.token == token)
        values = {
            "attempts": attempts if counted else attempts - 1,
            "token": None,
            "available_timestamp": now + timedelta(seconds=delay),
            "written_timestamp": now,
        }
        transaction.execute(mine.values(values))


def with_message(
    transaction: Connection, candidates: Select[Any], order: Sequence[Any]
) -> Select[Any]:
    """Join locked rows of a queue table to their messages, and to the text that a message replies
    to where only its id came in.
    """
    locked = candidates.with_for_update(skip_locked=True).cte("candidates")
    message, is_it = _looked_up(transaction, messages, locked.c.platform, locked.c.message_id)
    replied, is_that = _looked_up(
        transaction, messages.alias("replied"), message.c.platform, message.c.reply_to_id
    )
    of_message = [column for column in message.c if column.name != "reply_to_text"]
    taken = {column.name for column in of_message}
    return (
        select(*(column for column in locked.c if column.name not in taken), *of_message)
        .add_columns(func.coalesce(message.c.reply_to_text, replied.c.text).label("reply_to_text"))
        .select_from(locked.join(message, is_it).outerjoin(replied, is_that))
        .order_by(
            *(
                locked.c[term.name] if not descending else locked.c[term.name].desc()
                for term, descending in order
            )
        )
    )


def _looked_up(
    transaction: Connection, among: FromClause, platform: Any, message_id: Any
) -> tuple[FromClause, ColumnElement[bool]]:
    """Return messages and what joins the one of an identity.

    PostgreSQL knows nothing of what a CTE holds, and may pair everything of a platform with
    everything else of it; there each row looks up its own.
    """
    is_it = and_(among.c.platform == platform, among.c.message_id == message_id)
    if transaction.dialect.name != "postgresql":
        return among, is_it
    return select(among).where(is_it).limit(1).lateral(), true()


def _by_token(lent: Sequence[Lent]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for one in lent:
        groups.setdefault(one.token, []).append(one.receipt)
    return groups
