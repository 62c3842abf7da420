"""Turns what was said in a round into order lines, in order of arrival: a pure function over
messages and corrections, so that the same round gives the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intent.claims.claim_reading import ClaimReader, ClaimReading, Mention, Move, ordered
from intent.model.claim_round import ClaimCorrection, ClaimItem, ClaimItems, ClaimMessage, Ordered
from intent.model.message import AuthorRole

_WANTS = 0.5
_SUPPORT = 0.5
_SHORT = 3
"""Words of a message that orders without a word of ordering and without naming an item."""


class LineState(StrEnum):
    """What became of an order line."""

    SERVED = "served"
    """There is stock for it, or nobody said how much there is."""
    WAITING = "waiting"
    """It exceeds the stock, and comes next when something is taken back."""
    CANCELLED = "cancelled"
    """Its author took it back."""
    ASK = "ask"
    """It is unclear what is meant: ask."""


@dataclass(slots=True)
class OrderLine:
    """One line of a round.

    Attributes:
        code, variant, quantity: None for what has to be asked.
        unclear: what to ask; None where all is said.
        served: pieces that there is stock for; the rest waits.
        corrected_by: who said so instead of what was read; None where nobody did.
    """

    message_id: str
    user_id: str
    said_at: datetime
    text: str
    code: str | None
    variant: str | None
    quantity: int
    unclear: str | None = None
    state: LineState = LineState.SERVED
    served: int = 0
    corrected_by: str | None = None


class OrderBook:
    """The lines of one round while its messages come in."""

    def __init__(self, items: ClaimItems, corrections: Mapping[str, ClaimCorrection]) -> None:
        self._items, self._reader, self._corrections = items, ClaimReader(items), corrections
        self.lines: list[OrderLine] = []
        self._of: dict[str, list[OrderLine]] = {}

    def take(self, message: ClaimMessage) -> None:
        """Read the next message in order of arrival."""
        correction = self._corrections.get(message.message_id)
        if correction is not None:
            for one in correction.ordered:
                self._add(message, one, by=correction.by)
            return
        if message.author_role is not AuthorRole.VIEWER or _is_no_order(message):
            return
        reading = self._reader.read(message.text)
        if reading.move is Move.CANCEL:
            self._cancel(message, reading)
        elif reading.move is Move.CHANGE:
            self._change(message, reading)
        elif reading.move is not Move.NONE and not _is_support(message):
            self._order(message, reading)

    def _order(self, message: ClaimMessage, reading: ClaimReading) -> None:
        if reading.mentions:
            for mention in reading.mentions:
                self._mention(message, mention, add=reading.move is Move.ADD)
            return
        pending = self._pending(message.user_id)
        item = self._meant(message, reading, pending)
        said = reading.quantity is not None or bool(reading.variant)
        if not said and not (reading.orders and message.purchase >= _WANTS):
            return
        if not reading.orders and not pending and len(message.text.split()) > _SHORT:
            return
        variant = reading.variant[0] if len(reading.variant) == 1 else None
        if item is None:
            if reading.quantity is not None or reading.variant:
                self._ask(message, None, "which item?")
            return
        self._mention(
            message,
            Mention(
                item.code, variant, reading.quantity or (pending.quantity if pending else None)
            ),
            add=reading.move is Move.ADD,
        )

    def _meant(
        self, message: ClaimMessage, reading: ClaimReading, pending: OrderLine | None
    ) -> ClaimItem | None:
        """Return the item that a message without one means; None where that is unclear."""
        items = self._items.items
        if len(items) == 1:
            return items[0]
        if pending is not None and pending.code is not None:
            return self._items.find(pending.code)
        if len(reading.variant) == 1:
            fitting = [
                one for one in items if any(v.name == reading.variant[0] for v in one.variants)
            ]
            if len(fitting) == 1:
                return fitting[0]
        for text in (*message.item, message.answered or ""):
            shown = self._reader.read(text) if text else ClaimReading(Move.NONE)
            if len(shown.mentions) == 1:
                return self._items.find(shown.mentions[0].code)
        return None

    def _mention(self, message: ClaimMessage, mention: Mention, *, add: bool) -> None:
        item = self._items.find(mention.code)
        if item is None:
            return
        pending = self._pending(message.user_id)
        if item.variants and mention.variant is None:
            held = self._standing(message.user_id, item.code)
            if add and len({one.variant for one in held}) == 1:
                mention = Mention(item.code, held[0].variant, mention.quantity)
            elif held and not add:
                return
            else:
                self._ask(message, item.code, "which variant?", mention.quantity or 1)
                return
        variant = mention.variant if item.variants else None
        if pending is not None:
            pending.state = LineState.CANCELLED
        same = [one for one in self._standing(message.user_id, item.code) if one.variant == variant]
        if same and not add:
            if mention.quantity not in (None, sum(one.quantity for one in same)):
                self._ask(message, item.code, "how many in all?", mention.quantity or 1)
            return
        self._add(message, Ordered(item.code, variant, ordered(mention).quantity))

    def _cancel(self, message: ClaimMessage, reading: ClaimReading) -> None:
        mine = [
            one
            for one in self._of.get(message.user_id, ())
            if one.state in (LineState.SERVED, LineState.ASK)
        ]
        codes = {one.code for one in reading.mentions}
        meant = [one for one in mine if not codes or one.code in codes]
        if len({(one.code, one.variant) for one in meant}) > 1 and not codes:
            self._ask(message, None, "take back which line?")
            return
        for one in meant:
            one.state = LineState.CANCELLED

    def _change(self, message: ClaimMessage, reading: ClaimReading) -> None:
        codes = {one.code for one in reading.mentions}
        mine = [
            one
            for one in self._of.get(message.user_id, ())
            if one.state is LineState.SERVED and (not codes or one.code in codes)
        ]
        if len({one.code for one in mine}) != 1:
            return
        variant = next((one.variant for one in reading.mentions if one.variant), None)
        variant = variant or (reading.variant[-1] if reading.variant else mine[-1].variant)
        quantity = next((one.quantity for one in reading.mentions if one.quantity), None)
        quantity = quantity or reading.quantity or mine[-1].quantity
        if (variant, quantity) == (mine[-1].variant, mine[-1].quantity):
            return
        for one in mine:
            one.state = LineState.CANCELLED
        self._add(message, Ordered(str(mine[0].code), variant, quantity))

    def _standing(self, user_id: str, code: str) -> list[OrderLine]:
        mine = self._of.get(user_id, ())
        return [one for one in mine if one.state is LineState.SERVED and one.code == code]

    def _pending(self, user_id: str) -> OrderLine | None:
        mine = self._of.get(user_id, ())
        return next((one for one in reversed(mine) if one.state is LineState.ASK), None)

    def _ask(self, message: ClaimMessage, code: str | None, what: str, quantity: int = 1) -> None:
        line = OrderLine(
            message.message_id, message.user_id, message.said_at, message.text, code, None, quantity
        )
        line.unclear, line.state = what, LineState.ASK
        self._keep(line)

    def _add(self, message: ClaimMessage, one: Ordered, *, by: str | None = None) -> None:
        line = OrderLine(
            message.message_id,
            message.user_id,
            message.said_at,
            message.text,
            one.code,
            one.variant,
            one.quantity,
        )
        line.corrected_by = by
        self._keep(line)

    def _keep(self, line: OrderLine) -> None:
        self.lines.append(line)
        self._of.setdefault(line.user_id, []).append(line)


def order_lines(
    items: ClaimItems,
    messages: Iterable[ClaimMessage],
    corrections: Mapping[str, ClaimCorrection] | None = None,
) -> list[OrderLine]:
    """Return the lines of a round in order of arrival, with what the stock serves; a line that was
    taken back frees its pieces for the first that waits.

    Args:
        messages: in order of arrival.
        corrections: by message_id.
    """
    book = OrderBook(items, corrections or {})
    for message in messages:
        book.take(message)
    _serve(items, book.lines)
    return book.lines


def _serve(items: ClaimItems, lines: list[OrderLine]) -> None:
    left: dict[tuple[str, str | None], int | None] = {}
    for line in lines:
        if line.state is not LineState.SERVED or line.code is None:
            continue
        item = items.find(line.code)
        key = (line.code, line.variant)
        stock = left.setdefault(key, item.stock_of(line.variant) if item else None)
        line.served = line.quantity if stock is None else min(line.quantity, stock)
        if stock is not None:
            left[key] = stock - line.served
        if line.served < line.quantity:
            line.state = LineState.WAITING


def _is_no_order(message: ClaimMessage) -> bool:
    if message.by_human:
        return "purchase_intent" not in message.labels
    return "spam" in message.labels


def _is_support(message: ClaimMessage) -> bool:
    return not message.by_human and message.support >= _SUPPORT > message.purchase
