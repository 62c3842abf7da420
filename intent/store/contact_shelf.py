"""Finds messages that have contact details, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from intent.store.decisions import current_decisions
from intent.store.schema import contacts, messages


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which messages are meant; empty is all that are leads.

    Attributes:
        room: only this room_id.
        user: (platform, user_id) of one author.
        lead: (platform, message_id) of one message.
        since: said at or after this instant.
        chatter: those that are no leads, too; always of a named author or message.
        limit: at most so many.
    """

    room: str = ""
    user: tuple[str, str] | None = None
    lead: tuple[str, str] | None = None
    since: datetime | None = None
    chatter: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class WithContacts:
    """A message that has contact details; its text has placeholders for them."""

    platform: str
    message_id: str
    room_id: str
    user_id: str
    sent_at: datetime
    text: str


def find_contacts_of(connection: Connection, asked: ContactFilter) -> list[WithContacts]:
    """Return the messages that are meant, newest first."""
    m, c = messages.c, contacts.c
    has_some = exists().where(c.platform == m.platform, c.message_id == m.message_id)
    query = select(m.platform, m.message_id, m.room_id, m.user_id, m.sent_at, m.text)
    query = query.where(has_some).order_by(m.sent_at.desc(), m.platform, m.message_id)
    if asked.lead is not None:
        query = query.where(m.platform == asked.lead[0], m.message_id == asked.lead[1])
    if asked.user is not None:
        query = query.where(m.platform == asked.user[0], m.user_id == asked.user[1])
    if asked.room:
        query = query.where(m.room_id == asked.room)
    if asked.since is not None:
        query = query.where(m.sent_at >= asked.since)
    if not (asked.chatter or asked.user or asked.lead):
        d = current_decisions.c
        same = (d.platform == m.platform, d.message_id == m.message_id)
        query = query.where(exists().where(*same, d.is_lead))
    return [WithContacts(*row) for row in connection.execute(query.limit(asked.limit))]
