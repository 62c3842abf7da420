"""Adds to decisions what features need and no classifier sees: the price that a message names
beside the one on screen, and how soon a host answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, tuple_

from intent.model.decision import Decision, Entry
from intent.model.message import AuthorRole, Message
from intent.model.prices import named_price
from intent.store.decision_tables import current_decisions
from intent.store.identities import Identity, parts
from intent.store.schema import decisions, messages


@dataclass(frozen=True, slots=True)
class _Ask:
    """A message that a host may have answered."""

    room_id: str
    said: datetime
    is_lead: bool


def with_told(transaction: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Return entries whose decisions say which price is named, how far it is from the one on
    screen, and how soon an answer came; what they say already stays.

    An answer is the first message of a host or moderator in reply to what is decided to be a lead
    by now: in this transaction or before. What is found out later is found by a later revision.
    """
    priced = [_with_price(entry) for entry in entries]
    answering = [entry for entry in priced if _may_answer(entry)]
    if not answering:
        return priced
    asks = _asks(transaction, answering, priced)
    answered = _answered(transaction, answering)
    return [
        _with_answer(entry, asks, answered) if _may_answer(entry) else entry for entry in priced
    ]


def _with_price(entry: Entry) -> Entry:
    decision = entry.decision
    if decision.retracted or decision.stated_price is not None:
        return entry
    context = entry.message.context
    stated, gap = named_price(decision.slots, context.item if context else None)
    if stated is None:
        return entry
    return _with(entry, replace(decision, stated_price=stated, price_gap=gap))


def _may_answer(entry: Entry) -> bool:
    return (
        entry.message.author_role is not AuthorRole.VIEWER
        and not entry.decision.retracted
        and entry.decision.answer_seconds is None
        and _asked(entry.message) is not None
    )


def _asked(message: Message) -> Identity | None:
    """Return which message a message replies to."""
    number = message.reply_to.message_id if message.reply_to else None
    return None if number is None else (message.platform, number)


def _asks(
    transaction: Connection, answering: Iterable[Entry], entries: Iterable[Entry]
) -> dict[Identity, _Ask]:
    """Return what was replied to, as it stands; entries that are about to be saved count first."""
    wanted = list({asked for entry in answering if (asked := _asked(entry.message))})
    d, found = current_decisions.c, {}
    for part in parts(wanted):
        query = select(
            d.platform, d.message_id, d.room_id, d.event_timestamp, d.is_lead, d.author_role
        ).where(tuple_(d.platform, d.message_id).in_(part))
        for row in transaction.execute(query):
            lead = row.is_lead and row.author_role == AuthorRole.VIEWER.value
            found[row.platform, row.message_id] = _Ask(row.room_id, row.event_timestamp, lead)
    for entry in entries:
        message = entry.message
        if entry.visible and message.identity in wanted:
            found[message.identity] = _Ask(message.room_id, message.sent_at, entry.is_lead)
    return found


def _answered(transaction: Connection, answering: Iterable[Entry]) -> dict[Identity, str]:
    """Return which of the messages that were replied to have an answer, and the answer's id."""
    wanted = list({asked for entry in answering if (asked := _asked(entry.message))})
    m, d = messages.c, decisions.c
    same: Any = and_(d.platform == m.platform, d.message_id == m.message_id)
    found = {}
    for part in parts(wanted):
        query = (
            select(m.platform, m.reply_to_id, m.message_id)
            .join(decisions, same)
            .where(tuple_(m.platform, m.reply_to_id).in_(part), d.answer_seconds.is_not(None))
        )
        for row in transaction.execute(query):
            found[row.platform, row.reply_to_id] = row.message_id
    return found


def _with_answer(entry: Entry, asks: dict[Identity, _Ask], answered: dict[Identity, str]) -> Entry:
    message, identity = entry.message, _asked(entry.message)
    ask = asks.get(identity) if identity else None
    if identity is None or ask is None:
        return _as_before(entry)
    elapsed = (message.sent_at - ask.said).total_seconds()
    first = answered.setdefault(identity, message.message_id) if ask.is_lead else None
    if elapsed < 0 or ask.room_id != message.room_id or first != message.message_id:
        return entry
    return _with(entry, replace(entry.decision, answer_seconds=int(elapsed)))


def _as_before(entry: Entry) -> Entry:
    """Keep what the decision before knew of a message that is gone by now."""
    known = entry.previous.answer_seconds if entry.previous else None
    return entry if known is None else _with(entry, replace(entry.decision, answer_seconds=known))


def _with(entry: Entry, decision: Decision) -> Entry:
    return replace(entry, decision=decision)
