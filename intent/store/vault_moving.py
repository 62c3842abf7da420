"""Moves contact details that older versions stored in plain into the vault, page by page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, tuple_, update

from intent.model.message import Message
from intent.store.hidden_payload import hidden_payload
from intent.store.identities import Identity
from intent.store.rows import message_from
from intent.store.schema import contacts, dead_letters, decisions, earlier_versions, messages
from intent.store.turns import in_turn
from intent.store.vault import Vault

_PLACEHOLDER = re.compile(r"\[[a-z]+(?: \d+)?\]")


def move_texts(
    transaction: Connection, vault: Vault, after: Identity | None, count: int
) -> tuple[int, Identity | None]:
    """Seal what the next messages hold in plain; return of how many, and where to go on (None at
    the end). What is sealed already stays sealed, so that it may stop at any moment.

    Raises:
        OperatorError: the master key is missing.
    """
    in_turn(transaction, alone=False)
    m = messages.c
    query = select(messages).order_by(m.platform, m.message_id).limit(count).with_for_update()
    if after is not None:
        query = query.where(tuple_(m.platform, m.message_id) > after)
    page = [message_from(row) for row in transaction.execute(query).mappings()]
    plain = [one for one in page if vault.hidden(one).message != one]
    # What was sealed of them before is sealed anew beside the rest, or its place would be lost.
    for stored, written in zip(plain, vault.opened(transaction, plain), strict=True):
        hidden = vault.hidden(written)
        vault.keep(transaction, [hidden])
        _rewrite(transaction, stored, hidden.message)
        for number, slots in _slots(transaction, stored.identity):
            moved = [[kind, hidden.details.without(text, written.text)] for kind, text in slots]
            again = update(decisions).where(decisions.c.id == number)
            transaction.execute(again.values(slots=moved))
        # Plain digests of texts with details: whoever knows the rest could try them all.
        v = earlier_versions.c
        same = (v.platform == stored.platform, v.message_id == stored.message_id)
        transaction.execute(delete(earlier_versions).where(*same))
    return len(plain), page[-1].identity if page else None


def move_letters(
    transaction: Connection, vault: Vault, after: int, count: int
) -> tuple[int, int | None]:
    """Take contact details out of the next dead letters; return of how many, and where to go on."""
    in_turn(transaction, alone=False)
    d = dead_letters.c
    query = select(d.id, d.payload, d.reason).where(d.id > after).order_by(d.id).limit(count)
    page = transaction.execute(query.with_for_update()).all()
    moved = 0
    for row in page:
        before = {"payload": bytes(row.payload), "reason": row.reason}
        values = {
            "payload": hidden_payload(before["payload"], vault.without_details),
            "reason": vault.without_details(row.reason),
        }
        if values != before:
            moved += 1
            transaction.execute(update(dead_letters).where(d.id == row.id).values(**values))
    return moved, page[-1].id if page else None


def count_details(connection: Connection) -> int:
    """Count contact details in the vault."""
    return connection.execute(select(func.count()).select_from(contacts)).scalar_one()


def plain_details(connection: Connection, vault: Vault) -> dict[str, int]:
    """Count rows that hold a contact detail in plain: messages by text and quoted text, decisions
    by slots, dead letters by payload and reason.
    """

    def holds(text: str | None) -> bool:
        # What stands beside a placeholder stood beside a detail when it was looked through first.
        beside = _PLACEHOLDER.sub("x", text or "")
        return vault.without_details(beside) != beside

    def is_plain_letter(payload: bytes, reason: str) -> bool:
        told = hidden_payload(payload, lambda text: "" if holds(text) else text)
        return told != payload or holds(reason)

    m, d, letter = messages.c, decisions.c, dead_letters.c

    def count(query: Select[Any], is_plain: Callable[..., bool]) -> int:
        rows = connection.execute(query.execution_options(yield_per=1000))
        return sum(is_plain(*row) for row in rows)

    return {
        "messages": count(
            select(m.text, m.reply_to_text), lambda text, quoted: holds(text) or holds(quoted)
        ),
        "decisions": count(
            select(d.slots), lambda slots: any(holds(text) for _, text in slots or ())
        ),
        "dead_letters": count(
            select(letter.payload, letter.reason),
            lambda payload, reason: is_plain_letter(bytes(payload), reason),
        ),
    }


def _rewrite(transaction: Connection, stored: Message, hidden: Message) -> None:
    m = messages.c
    here = update(messages).where(m.platform == stored.platform, m.message_id == stored.message_id)
    quoted = hidden.reply_to.text if hidden.reply_to is not None else None
    transaction.execute(here.values(text=hidden.text, reply_to_text=quoted))


def _slots(
    transaction: Connection, identity: Identity
) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    d = decisions.c
    query = select(d.id, d.slots).where(d.platform == identity[0], d.message_id == identity[1])
    for row in transaction.execute(query).all():
        if row.slots:
            yield row.id, row.slots
