"""Keeps where each lead stands, in the transaction that decides: what it was decided to be, and
whether the host has answered it.

Only what viewers say is a lead; what host and moderators write answers one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, func, select, tuple_, update

from intent.model.decision import DecidedBy, Entry
from intent.model.lead import ChangeKind
from intent.model.message import AuthorRole
from intent.store.engine import insert_in
from intent.store.identities import Identity, parts
from intent.store.lead_log import log_changes
from intent.store.lead_tables import HOT, HOT_FROM
from intent.store.schema import MILLION, decisions, leads, messages

REPLY = "reply"
"""How a lead was answered that the host replied to."""

ON_AIR = "on_air"
"""How a lead was answered of which somebody said so."""

_STAFF = (AuthorRole.HOST.value, AuthorRole.MODERATOR.value)


_REPLY, _LATER = decisions.alias("reply").c, decisions.alias("later").c
_TAKEN_BACK = exists().where(
    _REPLY.platform == messages.c.platform,
    _REPLY.message_id == messages.c.message_id,
    _REPLY.decided_by == DecidedBy.PLATFORM.value,
    ~exists().where(
        _LATER.platform == _REPLY.platform,
        _LATER.message_id == _REPLY.message_id,
        _LATER.revision > _REPLY.revision,
        _LATER.visible,
    ),
)
_FIRST_REPLIES = (
    select(messages.c.reply_to_id, func.min(messages.c.sent_at))
    .where(messages.c.platform == bindparam("on"), messages.c.reply_to_id.is_not(None))
    .where(messages.c.reply_to_id.in_(bindparam("to", expanding=True)))
    .where(messages.c.author_role.in_(_STAFF), ~_TAKEN_BACK)
    .group_by(messages.c.reply_to_id)
)


def note_leads(transaction: Connection, saved: Iterable[tuple[int, Entry]]) -> None:
    """Keep and log what saved decisions change about leads.

    Args:
        saved: entries that were inserted, each with the id of its decision.
    """
    states: dict[Identity, dict[str, Any]] = {}
    lines: list[dict[str, Any]] = []
    replied: set[Identity] = set()
    for number, entry in saved:
        if not entry.visible:
            continue
        kind = _kind(entry)
        if kind is not None:
            states[entry.message.identity] = _decided(number, entry)
            lines.append(_line(entry, kind))
        replied |= _replied_to(entry)
    if states or replied:
        _keep(transaction, states, replied)
        log_changes(transaction, [*lines, *_answered(transaction, replied)])


def recheck_replies(transaction: Connection, replied: Collection[Identity]) -> None:
    """Look anew whether messages are answered, after replies to them were deleted."""
    if replied:
        _keep(transaction, {}, replied)


def _kind(entry: Entry) -> ChangeKind | None:
    if entry.message.author_role is not AuthorRole.VIEWER:
        return None
    was_lead = entry.previous is not None and entry.previous.is_lead
    if entry.decision.is_lead:
        return ChangeKind.CHANGED if was_lead else ChangeKind.FOUND
    return ChangeKind.GONE if was_lead else None


def _replied_to(entry: Entry) -> set[Identity]:
    message = entry.message
    if message.author_role is AuthorRole.VIEWER or message.reply_to is None:
        return set()
    answered = message.reply_to.message_id
    return set() if answered is None else {(message.platform, answered)}


def _decided(number: int, entry: Entry) -> dict[str, Any]:
    message, decision = entry.message, entry.decision
    probability = round(decision.lead_probability * MILLION)
    return {
        "platform": message.platform,
        "message_id": message.message_id,
        "room_id": message.room_id,
        "user_id": message.user_id,
        "event_timestamp": message.sent_at,
        "decision_id": number,
        "lead_probability": probability,
        "hot": probability >= HOT_FROM and not set(HOT).isdisjoint(decision.labels),
        "stands": decision.is_lead,
    }


def _line(entry: Entry, kind: ChangeKind) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "platform": entry.message.platform,
        "message_id": entry.message.message_id,
        "room_id": entry.message.room_id,
        "revision": entry.revision,
    }


def _keep(
    transaction: Connection, states: dict[Identity, dict[str, Any]], replied: Collection[Identity]
) -> None:
    """Write states, with those of messages that were replied to: whoever decides one of these at
    the same time waits for the row, and neither misses what the other knows.
    """
    others = [identity for identity in replied if identity not in states]
    for state in _undecided(transaction, others):
        states[state["platform"], state["message_id"]] = state
    answers = _replies(transaction, list(states))
    rows = [
        {
            **states[identity],
            "answered_timestamp": answers.get(identity),
            "answered_by": REPLY if identity in answers else None,
        }
        # in one order, so that two who write the same rows never wait for each other in a circle
        for identity in sorted(states)
    ]
    if rows:
        transaction.execute(_upsert(transaction.dialect.name), rows)
    silent = [identity for identity in replied if identity in states and identity not in answers]
    if silent:
        here = tuple_(leads.c.platform, leads.c.message_id).in_(silent)
        taken_back = update(leads).where(here, leads.c.answered_by == REPLY)
        transaction.execute(taken_back.values(answered_timestamp=None, answered_by=None))


@cache
def _upsert(dialect: str) -> Any:
    # made once: it takes longer to make than to run
    statement = insert_in(dialect, leads)
    new, old = statement.excluded, leads.c
    decided = new.decision_id.is_not(None)
    names = ("event_timestamp", "decision_id", "lead_probability", "hot", "stands")
    values: dict[str, Any] = {name: case((decided, new[name]), else_=old[name]) for name in names}
    on_air = old.answered_by == ON_AIR
    for name in ("answered_timestamp", "answered_by"):
        known = func.coalesce(new[name], old[name])
        values[name] = case((on_air, old[name]), else_=known)
    # What comes back asks anew; who has it in hand goes on.
    back = and_(decided, new.stands, ~old.stands, old.state != "taken")
    values["state"] = case((back, "open"), else_=old.state)
    return statement.on_conflict_do_update(index_elements=["platform", "message_id"], set_=values)


def _undecided(transaction: Connection, identities: Sequence[Identity]) -> list[dict[str, Any]]:
    m = messages.c
    found: list[dict[str, Any]] = []
    nothing = {"decision_id": None, "lead_probability": 0, "hot": False, "stands": False}
    for part in parts(identities):
        query = select(m.platform, m.message_id, m.room_id, m.user_id, m.sent_at).where(
            tuple_(m.platform, m.message_id).in_(part),
            m.author_role == AuthorRole.VIEWER.value,
        )
        for platform, message_id, room_id, user_id, sent_at in transaction.execute(query):
            named = {"platform": platform, "message_id": message_id}
            said = {"room_id": room_id, "user_id": user_id, "event_timestamp": sent_at}
            found.append({**named, **said, **nothing})
    return found


def _replies(transaction: Connection, identities: Sequence[Identity]) -> dict[Identity, datetime]:
    """Return when the host first replied to messages; those without a reply that stands are left
    out.
    """
    found: dict[Identity, datetime] = {}
    # Platform by platform: a list of pairs is looked up in no index on SQLite.
    for platform in sorted({platform for platform, _ in identities}):
        named = [message_id for where, message_id in identities if where == platform]
        for part in parts(named):
            asked = {"on": platform, "to": part}
            for message_id, first in transaction.execute(_FIRST_REPLIES, asked):
                found[platform, message_id] = first
    return found


def _answered(transaction: Connection, replied: Collection[Identity]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for part in parts(sorted(replied)):
        query = select(leads.c.platform, leads.c.message_id, leads.c.room_id).where(
            tuple_(leads.c.platform, leads.c.message_id).in_(part), leads.c.stands
        )
        answered = {"kind": ChangeKind.ANSWERED.value}
        lines.extend({**row, **answered} for row in transaction.execute(query).mappings())
    return lines
