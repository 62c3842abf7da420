"""Reads leads as receivers of webhooks are told of them: as they stand now, and never as they
stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, select, tuple_

from intent.model.decision import Slot
from intent.model.hook import PushedLead
from intent.store.identities import Identity, parts
from intent.store.schema import decisions, leads, messages


def read_pushed_leads(
    connection: Connection, identities: Sequence[Identity], *, kept: bool = False
) -> dict[Identity, PushedLead]:
    """Return what is known of messages that are or were leads; what was erased is left out.

    Args:
        kept: none of them can be erased before the transaction ends: who erases waits, and then
            finds what we have written.
    """
    found: dict[Identity, PushedLead] = {}
    for part in parts(identities):
        here = tuple_(leads.c.platform, leads.c.message_id).in_(part)
        query = pushed_leads().where(here).order_by(leads.c.platform, leads.c.message_id)
        if kept:
            query = query.with_for_update(read=True, key_share=True, of=leads)
        for row in connection.execute(query).mappings():
            found[row["platform"], row["message_id"]] = pushed_lead_from(row)
    return found


def pushed_leads() -> Select[Any]:
    """Return the query of all of them."""
    state, message, decision = leads.c, messages.c, decisions.c
    return (
        select(
            state.platform,
            state.message_id,
            state.room_id,
            state.user_id,
            state.event_timestamp,
            state.lead_probability,
            state.stands,
            state.state.label("handling"),
            state.answered_timestamp.is_not(None).label("answered"),
        )
        .add_columns(
            message.creator_id,
            message.item_id,
            message.category_id,
            message.offer,
            message.item,
            message.lang,
            message.text,
            decision.labels,
            decision.slots,
            decision.decided_by,
        )
        .join_from(
            leads,
            messages,
            and_(message.platform == state.platform, message.message_id == state.message_id),
        )
        .join(decisions, decision.id == state.decision_id)
    )


def pushed_lead_from(row: RowMapping) -> PushedLead:
    """Read one from its row."""
    return PushedLead(
        **{
            **row,
            "labels": tuple(row["labels"]),
            "slots": tuple(Slot(*pair) for pair in row["slots"]),
        }
    )
