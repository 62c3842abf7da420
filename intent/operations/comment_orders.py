"""Writes what a claim round has sold as orders whose source is the comment itself."""

from __future__ import annotations

from datetime import datetime

from intent.claims.order_book import LineState, OrderLine
from intent.model.errors import Malformed
from intent.model.outcomes import Conversion, ConversionEvent, ConversionKind, ConversionStatus
from intent.operations.claims import ClaimSheet, show_claims
from intent.outcomes.files.said_values import micros_of
from intent.outcomes.reading import read_chosen, read_clock
from intent.outcomes.recording import OutcomeRecorder, Recorded
from intent.store.comment_orders import comment_order_id
from intent.store.engine import Database
from intent.store.outcome_erasure import COMMENT_SOURCE


def record_claim_orders(
    database: Database, recorder: OutcomeRecorder, number: int, currency: str | None
) -> Recorded:
    """Write each line of a round that there is stock for as an order, and what changed since as its
    newer revision; once more it adds nothing. A line that was taken back is a cancelled order.

    Args:
        currency: of the round's prices; without one orders have no value.

    Raises:
        WrongUse: there is no such round.
    """
    sheet = show_claims(database, number)
    with database.begin() as transaction:
        now = read_clock(transaction)
        lines = {_id(sheet, line): line for line in sheet.lines if line.code is not None}
        before = read_chosen(transaction, sorted(lines))
        events = (
            _changed(sheet, line, before.get(key), currency, now) for key, line in lines.items()
        )
        return recorder.conversions(transaction, [one for one in events if one is not None])


def _changed(
    sheet: ClaimSheet,
    line: OrderLine,
    before: Conversion | None,
    currency: str | None,
    now: datetime,
) -> ConversionEvent | None:
    """Return what is new of a line; None where all is known, or nothing was ever sold."""
    sold = line.state is LineState.SERVED and line.served > 0
    status = ConversionStatus.PLACED if sold else ConversionStatus.CANCELLED
    value = _value(sheet, line) if sold and currency else None
    if before is None and not sold:
        return None
    if before is not None and before.status is status and value in (None, before.value_micros):
        return None
    key, held = _id(sheet, line), sheet.held
    return ConversionEvent(
        source=COMMENT_SOURCE,
        source_event_id=f"{key}#{0 if before is None else before.revision + 1}",
        conversion_id=key,
        kind=ConversionKind.ORDER,
        # The first is as old as its comment, a change as old as its being seen.
        changed_timestamp=line.said_at if before is None else now,
        event_timestamp=line.said_at,
        status=status,
        stage=line.state.value,
        value_micros=value,
        currency=currency if value is not None else None,
        platform=held.platform,
        user_id=line.user_id,
        room_id=held.room_id,
        item_id=line.code,
        keys={"message_id": line.message_id},
    )


def _id(sheet: ClaimSheet, line: OrderLine) -> str:
    return comment_order_id(sheet.held.platform, line.message_id, line.code or "", line.variant)


def _value(sheet: ClaimSheet, line: OrderLine) -> int | None:
    item = sheet.held.items.find(line.code or "")
    if item is None or item.price is None:
        return None
    try:
        return micros_of(item.price) * line.served
    except Malformed:
        # A price is shown as it was typed; one that is no amount is no value.
        return None
