"""Turns rows into values and values into rows, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from intent.model.decision import DecidedBy, Decision, Entry, Slot, Versions
from intent.model.message import Context, Message, Reply
from intent.store.schema import INTENTS, MILLION


def decision_from(row: Mapping[str, Any] | RowMapping) -> Decision:
    """Read a decision back from a row of ``decisions`` or ``current_decisions``."""
    return Decision(
        probabilities={intent: row[f"p_{intent}"] / MILLION for intent in INTENTS},
        labels=tuple(row["labels"]),
        lead_probability=row["lead_probability"] / MILLION,
        is_lead=row["is_lead"],
        decided_by=DecidedBy(row["decided_by"]),
        versions=Versions(
            taxonomy=row["taxonomy_version"],
            prompt=row["prompt_version"],
            model=row["model_version"],
            calibration=row["calibration_version"],
        ),
        slots=tuple(Slot(*pair) for pair in row["slots"]),
        from_cache=row["from_cache"],
        degraded=row["degraded"],
        stated_price=row["stated_price"],
        price_gap=row["price_gap"],
        answer_seconds=row["answer_seconds"],
    )


def message_from(row: RowMapping) -> Message:
    """Read a message back from a row of ``messages``; ``reply_to_text`` may have been filled from
    the message replied to.
    """
    reply = Reply(message_id=row["reply_to_id"], text=row["reply_to_text"])
    context = Context(offer=row["offer"], item=row["item"])
    return Message(
        platform=row["platform"],
        room_id=row["room_id"],
        message_id=row["message_id"],
        user_id=row["user_id"],
        kind=row["kind"],
        text=row["text"],
        sent_at=row["sent_at"],
        creator_id=row["creator_id"],
        item_id=row["item_id"],
        category_id=row["category_id"],
        context=None if context == Context() else context,
        author_role=row["author_role"],
        reply_to=None if reply == Reply() else reply,
        lang=row["lang"],
    )


def message_row(message: Message) -> dict[str, Any]:
    """Return the row of ``messages`` for a message."""
    return {
        "platform": message.platform,
        "message_id": message.message_id,
        "room_id": message.room_id,
        "creator_id": message.creator_id,
        "user_id": message.user_id,
        "kind": message.kind.value,
        "author_role": message.author_role.value,
        "text": message.text,
        "sent_at": message.sent_at,
        "item_id": message.item_id,
        "category_id": message.category_id,
        "offer": message.context.offer if message.context else None,
        "item": message.context.item if message.context else None,
        "reply_to_id": message.reply_to.message_id if message.reply_to else None,
        "reply_to_text": message.reply_to.text if message.reply_to else None,
        "lang": message.lang,
    }


def decision_row(entry: Entry) -> dict[str, Any]:
    """Return the row of ``decisions`` for an entry."""
    message, decision = entry.message, entry.decision
    return {
        "platform": message.platform,
        "message_id": message.message_id,
        "revision": entry.revision,
        "run": entry.run,
        "visible": entry.visible,
        "room_id": message.room_id,
        "creator_id": message.creator_id,
        "user_id": message.user_id,
        "item_id": message.item_id,
        "category_id": message.category_id,
        "author_role": message.author_role.value,
        "event_timestamp": message.sent_at,
        "decided_by": decision.decided_by.value,
        "from_cache": decision.from_cache,
        "degraded": decision.degraded,
        "is_lead": decision.is_lead,
        "lead_probability": round(decision.lead_probability * MILLION),
        **{f"p_{intent}": round(decision.probabilities[intent] * MILLION) for intent in INTENTS},
        "labels": list(decision.labels),
        "slots": [[slot.kind, slot.text] for slot in decision.slots],
        "stated_price": decision.stated_price,
        "price_gap": decision.price_gap,
        "answer_seconds": decision.answer_seconds,
        "taxonomy_version": decision.versions.taxonomy,
        "prompt_version": decision.versions.prompt,
        "model_version": decision.versions.model,
        "calibration_version": decision.versions.calibration,
    }


def plain_row(row: RowMapping, without: Sequence[str]) -> dict[str, Any]:
    """Return a row as plain values that JSON holds, without some columns and what is empty."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in without and value is not None
    }
