"""Reads everything that is stored of a person, without a word of anybody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, select

from intent.model.data_subject import DataSubject, SubjectKind
from intent.store.contact_accesses import Through
from intent.store.outcome_record import read_outcomes_of
from intent.store.payload_subjects import subjects_of
from intent.store.rows import decision_from, plain_row
from intent.store.schema import (
    ask_lane,
    claim_corrections,
    contact_accesses,
    dead_letters,
    decisions,
    hook_deliveries,
    hooks,
    inbox,
    lead_actions,
    messages,
    retractions,
)
from intent.store.vault import Vault


def read_record(
    connection: Connection, platform: str, user_id: str, vault: Vault | None = None
) -> dict[str, Any]:
    """Return what is stored of a person as lists of plain values, each in one order: messages with
    all revisions of their decisions, questions to the LLM, what people corrected in the reading of
    their claims, what people did with their leads and noted there, who was told of these, dead
    letters, bans, their contact details, when these were looked at, and what was shown to them,
    entered and ordered.

    Who is answered stays as an id: the words that are quoted are somebody else's.
    """
    mine = (messages.c.platform == platform, messages.c.user_id == user_id)
    ordered = select(messages).where(*mine).order_by(messages.c.sent_at, messages.c.message_id)
    found = connection.execute(ordered).mappings().all()
    waiting = _identities(connection, _joined(inbox).where(*mine))
    revisions: dict[str, list[dict[str, Any]]] = {row["message_id"]: [] for row in found}
    history = _joined(decisions).where(*mine).order_by(decisions.c.revision)
    for row in connection.execute(history).mappings():
        revisions[row["message_id"]].append(_decision(row))

    def beside(table: Table, *without: str) -> list[dict[str, Any]]:
        query = _joined(table).where(*mine).order_by(table.c.id)
        rows = connection.execute(query).mappings()
        return [plain_row(row, ("id", "platform", *without)) for row in rows]

    return {
        "messages": [
            {
                **plain_row(row, ("reply_to_text", "platform", "user_id")),
                "waits": row["message_id"] in waiting,
                "decisions": revisions[row["message_id"]],
            }
            for row in found
        ],
        "questions": beside(ask_lane, "token"),
        "claim_corrections": beside(claim_corrections, "corrected_by"),
        "lead_actions": beside(lead_actions, "action_id", "acted_by"),
        "pushes": _pushes(connection, mine),
        "dead_letters": _letters(connection, platform, user_id, set(revisions)),
        "contacts": _contacts(connection, list(revisions), platform, vault),
        "contact_accesses": _accesses(connection, platform, user_id),
        "bans": _bans(connection, platform, user_id),
        **read_outcomes_of(connection, platform, user_id),
    }


def _bans(connection: Connection, platform: str, user_id: str) -> list[dict[str, Any]]:
    query = (
        select(retractions)
        .where(retractions.c.platform == platform, retractions.c.user_id == user_id)
        .order_by(retractions.c.room_id, retractions.c.retracted_timestamp)
    )
    rows = connection.execute(query).mappings()
    return [plain_row(row, ("platform", "user_id")) for row in rows]


def _contacts(
    connection: Connection, message_ids: Sequence[str], platform: str, vault: Vault | None
) -> list[dict[str, Any]]:
    if vault is None:
        return []
    kept = vault.kept(connection, [(platform, one) for one in message_ids])
    return [
        {"message_id": one, "kind": it.kind, "placeholder": it.placeholder, "text": it.text}
        for one in message_ids
        for it in kept.get((platform, one), ())
    ]


def _accesses(connection: Connection, platform: str, user_id: str) -> list[dict[str, Any]]:
    a = contact_accesses.c
    query = (
        select(a.message_id, a.seen_through, a.seen_timestamp)
        # an export changes nothing of the next one
        .where(a.platform == platform, a.user_id == user_id, a.seen_through != Through.EXPORT)
        .order_by(a.id)
    )
    return [plain_row(row, ()) for row in connection.execute(query).mappings()]


def _pushes(connection: Connection, mine: Sequence[ColumnElement[bool]]) -> list[dict[str, Any]]:
    d, h = hook_deliveries.c, hooks.c
    query = (
        select(h.name.label("receiver"), d.event, d.message_id, d.state, d.webhook_id)
        .add_columns(d.created_timestamp, d.ended_timestamp)
        .join_from(hook_deliveries, hooks, h.id == d.hook_id)
        .join(
            messages, (d.platform == messages.c.platform) & (d.message_id == messages.c.message_id)
        )
        .where(*mine)
        .order_by(d.id)
    )
    return [plain_row(row, ()) for row in connection.execute(query).mappings()]


def _joined(table: Table) -> Select[Any]:
    same = (table.c.platform == messages.c.platform, table.c.message_id == messages.c.message_id)
    return select(table).join_from(table, messages, same[0] & same[1])


def _identities(connection: Connection, query: Select[Any]) -> set[str]:
    return {row["message_id"] for row in connection.execute(query).mappings()}


def _letters(
    connection: Connection, platform: str, user_id: str, message_ids: set[str]
) -> list[dict[str, Any]]:
    subject = DataSubject(SubjectKind.USER, platform, user_id)
    d = dead_letters.c
    query = select(d.message_id, d.reason, d.payload, d.created_timestamp).order_by(d.id)
    return [
        {
            **plain_row(row, ("payload",)),
            "payload": bytes(row["payload"]).decode("utf-8", "replace"),
        }
        for row in connection.execute(query.execution_options(yield_per=500)).mappings()
        if row["message_id"] in message_ids
        or (row["message_id"] is None and subject in subjects_of(bytes(row["payload"])))
    ]


def _decision(row: RowMapping) -> dict[str, Any]:
    decision = decision_from(row)
    return {
        "revision": row["revision"],
        "run": row["run"],
        "visible": row["visible"],
        "known_since": row["created_timestamp"].isoformat(),
        "decided_by": decision.decided_by.value,
        "labels": list(decision.labels),
        "is_lead": decision.is_lead,
        "lead_probability": decision.lead_probability,
        "probabilities": dict(decision.probabilities),
        "slots": [[slot.kind, slot.text] for slot in decision.slots],
        "stated_price": decision.stated_price,
        "price_gap": decision.price_gap,
        "answer_seconds": decision.answer_seconds,
        "model": decision.versions.model,
        "prompt": decision.versions.prompt,
    }
