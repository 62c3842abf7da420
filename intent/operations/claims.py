"""Opens, closes and shows claim rounds: who ordered what, in order of arrival. Nothing is ever
charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intent.claims.order_book import OrderLine, order_lines
from intent.model.claim_round import ClaimRound, Ordered
from intent.model.errors import WrongUse
from intent.store.claim_rounds import (
    RoundRequest,
    close_round,
    count_waiting,
    open_round,
    read_claim_messages,
    read_corrections,
    read_round,
    read_rounds,
    save_correction,
)
from intent.store.engine import Database


@dataclass(frozen=True, slots=True)
class ClaimSheet:
    """A round with its lines, as of one consistent view.

    Attributes:
        lines: in order of arrival, those that were taken back and those to ask about included.
        waiting: messages of the round that wait for their decision, and are not read yet.
    """

    held: ClaimRound
    lines: tuple[OrderLine, ...]
    waiting: int


def open_claims(database: Database, asked: RoundRequest) -> int:
    """Open a round and return its number.

    Raises:
        WrongUse: it would overlap another round of the room, or end before it begins.
    """
    with database.begin() as transaction:
        return open_round(transaction, asked)


def close_claims(database: Database, number: int, until: datetime | None, by: str) -> ClaimRound:
    """End a round, now where ``until`` is None, and return it.

    Raises:
        WrongUse: there is no such round, it has ended, or it would end before it begins.
    """
    with database.begin() as transaction:
        close_round(transaction, number, until, by)
        return read_round(transaction, number)


def list_claims(database: Database, *, room: str | None = None) -> list[ClaimRound]:
    """Return rounds, the newest first."""
    with database.read() as connection:
        return read_rounds(connection, room=room)


def show_claims(database: Database, number: int) -> ClaimSheet:
    """Return a round with its lines: computed from what is stored, each time anew.

    Raises:
        WrongUse: there is no such round.
    """
    with database.read() as connection:
        held = read_round(connection, number)
        corrections = read_corrections(connection, number)
        lines = order_lines(held.items, read_claim_messages(connection, held), corrections)
        return ClaimSheet(held, tuple(lines), count_waiting(connection, held))


def correct_claim(
    database: Database, number: int, message_id: str, orders: Sequence[Ordered], by: str
) -> None:
    """Say what a message orders, instead of what was read from it; nothing where ``orders`` is
    empty. What was said before is kept.

    Raises:
        WrongUse: there is no such round, message, item or variant.
    """
    with database.begin() as transaction:
        held = read_round(transaction, number)
        for one in orders:
            item = held.items.find(one.code)
            if item is None:
                raise WrongUse(f"round {number} has no item {one.code!r}")
            known: list[str | None] = [variant.name for variant in item.variants]
            known = known or [None]
            if one.variant not in known:
                names = ", ".join(str(name) for name in known if name) or "none"
                raise WrongUse(f"{item.code} has no variant {one.variant!r}; it has: {names}")
        save_correction(transaction, held, message_id, orders, by)
