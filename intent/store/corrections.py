"""Reads what people corrected: messages of which somebody said what they are, beside what the
machine had said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, and_, func, select, tuple_

from intent.model.decision import DecidedBy, Decision
from intent.model.lead import LeadAction
from intent.model.message import Message
from intent.store.identities import Identity, parts
from intent.store.rows import decision_from, message_from
from intent.store.schema import decisions, lead_actions, messages

_CORRECT = (LeadAction.NOT_A_LEAD.value, LeadAction.RELEASE.value)


@dataclass(frozen=True, slots=True)
class Correction:
    """A message for which a person's decision stands.

    Attributes:
        by: who decided.
        decided: what they decided.
        machine: what the local model said last, and what the LLM said last, of those that did.
    """

    message: Message
    by: str
    decided: Decision
    machine: tuple[Decision, ...]


def read_corrections(connection: Connection) -> list[Correction]:
    """Return messages for which a person's decision stands, the last corrected first; needs memory
    for all of them, which people made one by one.
    """
    a, newest = lead_actions.c, func.max(lead_actions.c.id)
    last = (
        select(newest.label("id"))
        .where(a.action.in_(_CORRECT))
        .group_by(a.platform, a.message_id)
        .subquery()
    )
    query = select(a.platform, a.message_id, a.acted_by).join(last, last.c.id == a.id)
    acted = {
        (row.platform, row.message_id): row.acted_by
        for row in connection.execute(query.order_by(a.id.desc()))
    }
    found: list[Correction] = []
    for part in parts(list(acted)):
        said, texts = _said(connection, part), _texts(connection, part)
        for identity in part:
            history = said.get(identity, [])
            if identity in texts and history and history[-1].decided_by is DecidedBy.HUMAN:
                known = {one.decided_by: one for one in history}
                machine = [known.get(kind) for kind in (DecidedBy.LOCAL, DecidedBy.LLM)]
                told = tuple(one for one in machine if one is not None)
                found.append(Correction(texts[identity], acted[identity], history[-1], told))
    return found


def _said(connection: Connection, part: Sequence[Identity]) -> dict[Identity, list[Decision]]:
    d = decisions.c
    here = and_(d.visible, tuple_(d.platform, d.message_id).in_(part))
    found: dict[Identity, list[Decision]] = {}
    for row in connection.execute(select(decisions).where(here).order_by(d.revision)).mappings():
        found.setdefault(_identity(row), []).append(decision_from(row))
    return found


def _texts(connection: Connection, part: Sequence[Identity]) -> dict[Identity, Message]:
    m = messages.c
    query = select(messages).where(tuple_(m.platform, m.message_id).in_(part))
    return {_identity(row): message_from(row) for row in connection.execute(query).mappings()}


def _identity(row: RowMapping) -> Identity:
    return row["platform"], row["message_id"]
