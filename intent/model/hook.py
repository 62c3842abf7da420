"""Outgoing webhooks: who wants to hear of which leads, and what is on its way to them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from intent.model.decision import Slot


def new_webhook_id() -> str:
    """Return an id that nothing that was pushed has had before."""
    # without a full stop, which is what parts the text that is signed
    return f"msg_{secrets.token_hex(16)}"


class HookEvent(StrEnum):
    """What a receiver is told of."""

    FOUND = "lead.found"
    """A lead that the hook asks for, and of which the receiver has not heard."""
    CHANGED = "lead.changed"
    """It was decided anew, and the hook still asks for it."""
    HANDLED = "lead.handled"
    """Somebody took it, let it go, or is done with it."""
    GONE = "lead.gone"
    """It is no lead any more, or none that the hook asks for; nothing but its id is sent."""
    TEST = "hook.test"
    """Sent by hand, to see whether the receiver is there."""


class HookState(StrEnum):
    """Whether anything is sent."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By a person; what changes meanwhile is sent when it goes on."""
    ENDED = "ended"
    """The receiver has answered 410: it wants nothing any more, until a person says otherwise."""


class DeliveryState(StrEnum):
    """What became of one delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """All tries have failed; sent again only when a person asks for it."""
    SKIPPED = "skipped"
    """Not sent: it had become untrue before it was, or the hook does not ask for such events."""


@dataclass(frozen=True, slots=True)
class HookFilter:
    """What a hook asks for; empty is everything.

    Attributes:
        events: kinds of events that are sent.
        intents: leads with at least one of these.
        rooms: leads in one of these room_ids.
        minimum: smallest lead probability, in millionths.
    """

    events: tuple[HookEvent, ...] = (HookEvent.FOUND,)
    intents: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    minimum: int = 0

    def takes(self, room_id: str, labels: Sequence[str], probability: int) -> bool:
        """Say whether it asks for a lead; ``probability`` is in millionths."""
        return (
            (not self.rooms or room_id in self.rooms)
            and (not self.intents or any(label in self.intents for label in labels))
            and probability >= self.minimum
        )


@dataclass(frozen=True, slots=True)
class SecretSalts:
    """What a hook's secrets are derived from, beside the key, which stands in no database.

    Attributes:
        key: name of that key.
        current: salt of the secret.
        former: salt of the one before it, which signs beside it until ``former_until``.
    """

    key: str
    current: str
    former: str | None = None
    former_until: datetime | None = None

    def alive(self, now: datetime) -> tuple[str, ...]:
        """Return the salts of the secrets that sign now, the current one first."""
        if self.former is None or self.former_until is None or self.former_until <= now:
            return (self.current,)
        return (self.current, self.former)


@dataclass(frozen=True, slots=True)
class Hook:
    """A receiver of leads.

    Attributes:
        allow_private: it may be at an address that is not public, and be spoken to without TLS.
        reason: why it is not active.
        position: up to where it has read the log of changes.
    """

    id: int
    name: str
    url: str
    salts: SecretSalts
    filter: HookFilter = field(default_factory=HookFilter)
    allow_private: bool = False
    state: HookState = HookState.ACTIVE
    reason: str | None = None
    position: str = ""
    created_timestamp: datetime | None = None

    def wants(self, lead: PushedLead) -> bool:
        """Say whether it asks for a lead, as that stands."""
        return lead.stands and self.filter.takes(lead.room_id, lead.labels, lead.lead_probability)


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One event on its way to one receiver, lent under a claim.

    Attributes:
        webhook_id: the same at every try.
        attempts: the number of this try; one whose outcome nobody knows does not count.
        created_timestamp: when it was put on its way.
        receipt, token: of the claim.
    """

    hook_id: int
    webhook_id: str
    event: HookEvent
    platform: str
    message_id: str
    created_timestamp: datetime
    attempts: int
    receipt: int
    token: str


@dataclass(frozen=True, slots=True)
class PushedLead:
    """A lead as its receivers are told of it, by what is known now.

    Attributes:
        lead_probability: in millionths.
        handling: what people do with it, such as ``open`` or ``taken``.
        stands: it is a lead.
    """

    platform: str
    room_id: str
    message_id: str
    user_id: str
    creator_id: str | None
    item_id: str | None
    category_id: str | None
    offer: str | None
    item: str | None
    lang: str | None
    text: str
    event_timestamp: datetime
    labels: tuple[str, ...]
    lead_probability: int
    slots: tuple[Slot, ...]
    decided_by: str
    handling: str
    answered: bool
    stands: bool

    @property
    def identity(self) -> tuple[str, str]:
        """(platform, message_id) of its message."""
        return self.platform, self.message_id


@dataclass(frozen=True, slots=True)
class Telling:
    """What a try needs, as it stands now: the receiver, and the lead."""

    hook: Hook
    lead: PushedLead

    @property
    def is_true(self) -> bool:
        """Whether the hook asks for this lead, as it stands."""
        return self.hook.wants(self.lead)


@dataclass(frozen=True, slots=True)
class HookWork:
    """What there is to do for an active hook now.

    Attributes:
        changes: the log goes on behind where the hook stands.
        due: something may be tried now.
    """

    hook: Hook
    changes: bool
    due: bool


@dataclass(frozen=True, slots=True)
class HookFigures:
    """What became of what was pushed to one hook.

    Attributes:
        oldest_seconds: how long the oldest that waits has waited; None where none does.
    """

    hook: Hook
    waiting: int = 0
    delivered: int = 0
    dead: int = 0
    skipped: int = 0
    oldest_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """How a try ended.

    Attributes:
        status: of HTTP; None where none came back.
        error: what went wrong, in a few words; never what the receiver wrote. Empty for a success.
        wait: seconds for which the receiver asks to be left alone, if it does.
    """

    status: int | None
    error: str = ""
    wait: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300
