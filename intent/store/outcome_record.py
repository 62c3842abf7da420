"""Reads what is known of outcomes of a person: what they were shown, entered and ordered, and to
which of their messages that was linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from intent.store.identities import parts
from intent.store.rows import plain_row
from intent.store.schema import (
    clicks,
    conversion_credits,
    conversion_links,
    conversions,
    exposures,
    impressions,
    messages,
)

_WHO = ("id", "platform", "user_id")


def read_outcomes_of(
    connection: Connection, platform: str, user_id: str
) -> dict[str, list[dict[str, Any]]]:
    """Return a person's ``impressions``, ``clicks``, ``exposures`` to arms of experiments,
    ``conversions`` (those that name them, and
    those that are linked to a message of theirs, with all revisions), ``conversion_links`` and
    ``credits``, as plain values, each in one order.
    """
    m, k, c = messages.c, conversion_links.c, conversions.c

    def rows(query: Select[Any], *without: str) -> list[dict[str, Any]]:
        return [plain_row(row, without) for row in connection.execute(query).mappings()]

    own = {
        table.name: rows(
            select(table)
            .where(table.c.platform == platform, table.c.user_id == user_id)
            .order_by(table.c.id),
            *_WHO,
        )
        for table in (impressions, clicks, exposures)
    }
    beside = {}
    for table in (conversion_links, conversion_credits):
        theirs = (table.c.platform == m.platform) & (table.c.message_id == m.message_id)
        beside[table.name] = rows(
            select(table)
            .join_from(table, messages, theirs)
            .where(m.platform == platform, m.user_id == user_id)
            .order_by(table.c.id),
            "id",
        )
    linked = (
        select(k.conversion_id)
        .join_from(
            conversion_links,
            messages,
            (k.platform == m.platform) & (k.message_id == m.message_id),
        )
        .where(m.platform == platform, m.user_id == user_id)
    )
    named = select(c.conversion_id).where(c.platform == platform, c.user_id == user_id)
    of_them = or_(c.conversion_id.in_(named), c.conversion_id.in_(linked))
    ordered = rows(select(conversions).where(of_them).order_by(c.conversion_id, c.revision), "id")
    return {**own, "conversions": ordered, **beside}


def read_conversion_rows(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return all revisions of these conversions as plain values, in one order."""
    c, found = conversions.c, []
    for some in parts(ids):
        query = select(conversions).where(c.conversion_id.in_(some))
        rows = connection.execute(query.order_by(c.conversion_id, c.revision)).mappings()
        found += [plain_row(row, ("id",)) for row in rows]
    return found
