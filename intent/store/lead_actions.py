"""Handles leads: the first one wins, and the others are told who it was and when.

Every action is a line that is never changed, written in one transaction with the lead's state and a
line of the log. The row of the lead is locked before anything is looked at, so that two who act at
once come one after the other, in one process or in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from intent.model.decision import Decision
from intent.model.errors import LeadConflict, UnknownLead, WrongUse
from intent.model.lead import ChangeKind, Handling, LeadAction, LeadState
from intent.store.lead_log import log_changes
from intent.store.lead_states import ON_AIR
from intent.store.rows import decision_from
from intent.store.schema import database_now, decisions, lead_actions, leads, messages

_MAKES = {
    LeadAction.TAKE: LeadState.TAKEN,
    LeadAction.DONE: LeadState.DONE,
    LeadAction.RELEASE: LeadState.OPEN,
    LeadAction.NOT_A_LEAD: LeadState.NOT_A_LEAD,
}
"""What an action makes of a lead; the others leave it where it is."""

_SAID = {
    LeadState.TAKEN: "is taken",
    LeadState.DONE: "is done",
    LeadState.NOT_A_LEAD: "was said to be no lead",
    LeadState.OPEN: "was handled",
}


@dataclass(frozen=True, slots=True)
class DoneWithLead:
    """What somebody did with a lead, and wrote down."""

    action: str
    acted_by: str
    note: str | None
    created_timestamp: datetime


def is_known(transaction: Connection, request: Handling) -> bool:
    """Whether exactly this was done already, so that there is nothing to do.

    Raises:
        WrongUse: the id was given to something else.
    """
    c = lead_actions.c
    query = select(lead_actions).where(c.action_id == request.action_id)
    row = transaction.execute(query).mappings().one_or_none()
    if row is None:
        return False
    asked = (request.platform, request.message_id, request.action.value, request.acted_by)
    if (row["platform"], row["message_id"], row["action"], row["acted_by"]) != asked:
        raise WrongUse("this action id was given to something else already; give each its own")
    return True


def read_actions(connection: Connection, platform: str, message_id: str) -> list[DoneWithLead]:
    """Return what was done with a lead, the oldest first."""
    a = lead_actions.c
    query = (
        select(a.action, a.acted_by, a.note, a.created_timestamp)
        .where(a.platform == platform, a.message_id == message_id)
        .order_by(a.id)
    )
    return [DoneWithLead(*row) for row in connection.execute(query)]


def lock_message(transaction: Connection, platform: str, message_id: str) -> None:
    """Lock a message, if it is there, against everybody who decides about it."""
    m = messages.c
    here = select(m.message_id).where(m.platform == platform, m.message_id == message_id)
    transaction.execute(here.with_for_update())


def decision_before(transaction: Connection, platform: str, message_id: str) -> Decision:
    """Return the decision that stood before somebody last said that a lead is none.

    Raises:
        UnknownLead: nobody did, or the decision is gone.
    """
    a = lead_actions.c
    query = (
        select(decisions)
        .join(lead_actions, a.decision_id == decisions.c.id)
        .where(a.platform == platform, a.message_id == message_id)
        .where(a.action == LeadAction.NOT_A_LEAD.value)
        .order_by(a.id.desc())
        .limit(1)
    )
    row = transaction.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownLead("there is no such lead; it may have been erased")
    return decision_from(row)


def locked_lead(transaction: Connection, platform: str, message_id: str) -> RowMapping:
    """Lock the row of a lead and return it.

    Raises:
        UnknownLead: there is none.
    """
    here = (leads.c.platform == platform, leads.c.message_id == message_id)
    row = transaction.execute(select(leads).where(*here).with_for_update()).mappings().one_or_none()
    if row is None or row["decision_id"] is None:
        raise UnknownLead("there is no such lead; it may have been erased")
    return row


def changes_anything(transaction: Connection, request: Handling, lead: RowMapping) -> bool:
    """Whether an action would change a lead that is locked; not so when it is so already.

    Raises:
        LeadConflict: somebody was first, or it is a lead no more.
    """
    action, state = request.action, LeadState(lead["state"])
    if request.expected is not None and request.expected != lead["version"]:
        raise _conflict(transaction, lead, "since you looked")
    if action is LeadAction.NOTE:
        return True
    judged = action is LeadAction.RELEASE or state is LeadState.NOT_A_LEAD
    if not judged and not lead["stands"]:
        raise _conflict(transaction, lead, gone=True)
    if action is LeadAction.ON_AIR:
        return lead["answered_timestamp"] is None
    is_mine = lead["taken_by"] == request.acted_by
    if state is _MAKES[action]:
        if is_mine or state is LeadState.OPEN:
            return False
        raise _conflict(transaction, lead)
    _require_free(transaction, request, lead, state, is_mine=is_mine)
    return True


def record(transaction: Connection, request: Handling, lead: RowMapping) -> None:
    """Write down an action on a lead that is locked, and what it makes of the lead."""
    version = lead["version"] + 1
    row = {
        "action_id": request.action_id,
        "platform": request.platform,
        "message_id": request.message_id,
        "action": request.action.value,
        "acted_by": request.acted_by,
        "note": request.note,
        "version": version,
        "decision_id": lead["decision_id"],
    }
    transaction.execute(lead_actions.insert(), row)
    values: dict[str, Any] = {"version": version}
    if request.action is LeadAction.ON_AIR:
        values |= {"answered_timestamp": database_now(), "answered_by": ON_AIR}
    made = _MAKES.get(request.action)
    if made is not None:
        holder = None if made is LeadState.OPEN else request.acted_by
        values |= {
            "state": made.value,
            "taken_by": holder,
            "handled_timestamp": database_now(),
        }
    here = (leads.c.platform == request.platform, leads.c.message_id == request.message_id)
    transaction.execute(update(leads).where(*here).values(values))
    line = {
        "kind": ChangeKind.HANDLED.value,
        "platform": request.platform,
        "message_id": request.message_id,
        "room_id": lead["room_id"],
        "action": request.action.value,
    }
    log_changes(transaction, [line])


def _require_free(
    transaction: Connection, request: Handling, lead: RowMapping, state: LeadState, *, is_mine: bool
) -> None:
    if state is LeadState.OPEN:
        return
    if request.action is LeadAction.RELEASE or state is LeadState.TAKEN:
        # Whoever names the version knows who has it.
        if is_mine or (request.expected is not None and request.action is not LeadAction.TAKE):
            return
        raise _conflict(transaction, lead)
    if not is_mine or request.action is LeadAction.TAKE or state is LeadState.NOT_A_LEAD:
        raise _conflict(transaction, lead)


def _conflict(
    transaction: Connection, lead: RowMapping, when: str = "", *, gone: bool = False
) -> LeadConflict:
    c = lead_actions.c
    last = (
        select(c.acted_by, c.created_timestamp)
        .where(c.platform == lead["platform"], c.message_id == lead["message_id"])
        .order_by(c.id.desc())
        .limit(1)
    )
    row = transaction.execute(last).one_or_none()
    state = LeadState(lead["state"])
    if gone:
        text = "this is a lead no more: it was taken back, or decided otherwise"
    else:
        text = " ".join(f"this lead {_SAID[state]} {when}".split())
    if row is not None:
        text += f"; last handled by {row.acted_by} at {row.created_timestamp:%Y-%m-%d %H:%M:%S} UTC"
    return LeadConflict(
        text,
        state=state.value,
        version=lead["version"],
        acted_by=None if row is None else row.acted_by,
        acted_at=None if row is None else row.created_timestamp,
    )
