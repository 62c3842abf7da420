"""Opens, closes and shows claim rounds: who ordered what, in order of arrival. Nothing is ever
charged.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from intent.claims.order_book import LineState, OrderLine, order_lines
from intent.model.claim_round import ClaimRound, Ordered
from intent.model.errors import WrongUse
from intent.model.spreadsheet import defused
from intent.store.claim_rounds import (
    RoundRequest,
    close_round,
    count_waiting,
    holds_round,
    newest_round,
    open_round,
    read_claim_messages,
    read_corrections,
    read_round,
    read_rounds,
    save_correction,
)
from intent.store.engine import Database
from intent.store.turns import in_turn

COLUMNS = ("when", "who", "code", "variant", "quantity", "served", "state", "unclear", "message")
"""Columns of order lines, wherever they are shown or exported."""


@dataclass(frozen=True, slots=True)
class ClaimStock:
    """How many pieces of a variant, or of an item without variants, are spoken for.

    Attributes:
        stock: pieces that there are; None where nobody said.
        served: pieces of lines that there is stock for.
        waiting: pieces that were ordered beyond it.
    """

    code: str
    variant: str | None
    name: str
    price: str | None
    stock: int | None
    served: int
    waiting: int


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

    def stock(self) -> tuple[ClaimStock, ...]:
        """Return what is offered, and how much of it is spoken for."""
        counted = (LineState.SERVED, LineState.WAITING)
        wanted: dict[tuple[str | None, str | None], int] = {}
        served: dict[tuple[str | None, str | None], int] = {}
        for line in self.lines:
            if line.state in counted:
                key = (line.code, line.variant)
                wanted[key] = wanted.get(key, 0) + line.quantity
                served[key] = served.get(key, 0) + line.served
        found = []
        for item in self.held.items.items:
            variants: list[str | None] = [one.name for one in item.variants]
            for variant in variants or [None]:
                key = (item.code, variant)
                most, got = item.stock_of(variant), served.get(key, 0)
                late = wanted.get(key, 0) - got
                found.append(ClaimStock(*key, item.name, item.price, most, got, late))
        return tuple(found)


def open_claims(database: Database, asked: RoundRequest) -> int:
    """Open a round and return its number.

    Raises:
        WrongUse: it would overlap another round of the room, or end before it begins.
    """
    with database.begin() as transaction:
        return open_round(transaction, asked)


def open_claims_over(databases: Sequence[Database], home: Database, asked: RoundRequest) -> int:
    """Open a round in the shard of its room, with a number that none of the others has.

    Args:
        databases: all shards, in the order of their numbers.
        home: the one of the room.

    Raises:
        WrongUse: as :func:`open_claims`.
    """
    first, *others = databases
    with ExitStack() as opened:
        # One after the other: the first shard is held until the round is there.
        turn = opened.enter_context(first.begin())
        in_turn(turn, alone=True)
        numbers = [newest_round(turn)]
        for one in others:
            with one.read() as connection:
                numbers.append(newest_round(connection))
        transaction = turn if home is first else opened.enter_context(home.begin())
        return open_round(transaction, asked, max(numbers) + 1)


def has_claims(database: Database, number: int) -> bool:
    """Say whether a round is in a database."""
    with database.read() as connection:
        return holds_round(connection, number)


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


def line_cells(line: OrderLine) -> list[str]:
    """Return an order line in :data:`COLUMNS`."""
    return [
        line.said_at.isoformat(),
        line.user_id,
        line.code or "",
        line.variant or "",
        str(line.quantity),
        str(line.served),
        line.state.value,
        f"ask: {line.unclear}" if line.unclear else "",
        line.text,
    ]


def claims_csv(sheet: ClaimSheet) -> Iterator[str]:
    """Yield the lines of a CSV of order lines; no cell is taken for a formula."""
    written = io.StringIO()
    writer = csv.writer(written)
    for cells in (COLUMNS, *map(line_cells, sheet.lines)):
        writer.writerow([defused(cell) for cell in cells])
        yield written.getvalue()
        written.seek(0)
        written.truncate()


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
