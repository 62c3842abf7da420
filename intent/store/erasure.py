"""Deletes what a person wrote, and everything that was made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, select, tuple_, update

from intent.model.decision import Entry
from intent.store.decisions import read_standings
from intent.store.identities import Identity
from intent.store.rows import message_from
from intent.store.schema import (
    ask_lane,
    dead_letters,
    decisions,
    earlier_versions,
    inbox,
    llm_replies,
    messages,
    retractions,
)
from intent.store.turns import in_turn

LETTERS_AT_ONCE = 200
"""Refused payloads that are looked through in one transaction, at most."""


class SqlErasure:
    """Erases in SQL, a bounded number of rows at a time."""

    def knows(self, transaction: Connection, platform: str, user_id: str) -> bool:
        """Whether a message of this person is stored, or a ban that names them."""
        return any(
            transaction.execute(
                select(table.c.platform)
                .where(table.c.platform == platform, table.c.user_id == user_id)
                .limit(1)
            ).first()
            for table in (messages, retractions)
        )

    def erase(
        self, transaction: Connection, platform: str, user_id: str, count: int
    ) -> tuple[int, list[Entry]]:
        """Delete the next messages of a person; return how many, and for each that was decided the
        decision that stood for readers.
        """
        in_turn(transaction, alone=False)
        m = messages.c
        mine = (
            select(messages)
            .where(m.platform == platform, m.user_id == user_id)
            .order_by(m.platform, m.message_id)
            .limit(count)
        )
        found = {
            (row["platform"], row["message_id"]): row
            for row in transaction.execute(mine).mappings()
        }
        # Bans name the person.
        r = retractions.c
        transaction.execute(delete(retractions).where(r.platform == platform, r.user_id == user_id))
        identities = list(found)
        if not identities:
            return 0, []
        # The queues first, as worker and asker do: one that decides one of these meanwhile waits
        # for the row, and then finds its claim gone.
        for queue in (inbox, ask_lane):
            _delete(transaction, queue, identities)
        standings = read_standings(transaction, identities)
        stood = [
            Entry(message_from(row), standings[identity].decision, standings[identity].revision)  # type: ignore[arg-type]
            for identity, row in found.items()
            if standings[identity].decision is not None
        ]
        for table in (decisions, dead_letters, earlier_versions, retractions, messages):
            _delete(transaction, table, identities)
        quoted = update(messages).where(
            m.platform == platform, m.reply_to_id.in_([message_id for _, message_id in identities])
        )
        transaction.execute(quoted.values(reply_to_text=None))
        return len(identities), stood

    def erase_refused(
        self, transaction: Connection, platform: str, user_id: str, after: int
    ) -> tuple[int, int | None]:
        """Delete the next refused payloads that name the person; return how many, and where to go
        on (None at the end).
        """
        d = dead_letters.c
        page = transaction.execute(
            select(d.id, d.payload)
            .where(d.message_id.is_(None), d.id > after)
            .order_by(d.id)
            .limit(LETTERS_AT_ONCE)
        ).all()
        mine = [row.id for row in page if _names(bytes(row.payload), platform, user_id)]
        transaction.execute(delete(dead_letters).where(d.id.in_(mine)))
        return len(mine), page[-1].id if page else None

    def erase_replies(self, transaction: Connection, count: int) -> int:
        """Delete kept replies of the LLM, which may quote anybody; return how many. To lose one
        costs another call at most.
        """
        some = select(llm_replies.c.key).order_by(llm_replies.c.key).limit(count)
        return transaction.execute(delete(llm_replies).where(llm_replies.c.key.in_(some))).rowcount


def _delete(transaction: Connection, table: Table, identities: Sequence[Identity]) -> None:
    transaction.execute(
        delete(table).where(tuple_(table.c.platform, table.c.message_id).in_(identities))
    )


def _names(payload: bytes, platform: str, user_id: str) -> bool:
    text = payload.decode("utf-8", "replace")
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        # Broken or cut: nobody can say what it is, but both names in it are reason enough.
        return all(
            json.dumps(name, ensure_ascii=False) in text or json.dumps(name) in text
            for name in (platform, user_id)
        )
    return (
        isinstance(value, dict)
        and value.get("platform") == platform
        and value.get("user_id") == user_id
    )
