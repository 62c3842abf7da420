"""Outcomes: what was shown, entered and bought, and what of that is said to belong to which
message.

Three words that are never mixed: a conversion is **linked** to messages of the same person,
**credited** to them by a rule, and **caused** by what was done to people at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ConversionKind(StrEnum):
    """What somebody did in the end."""

    ORDER = "order"
    BOOKING = "booking"
    CALL_BACK = "call_back"
    LEAD_FORM = "lead_form"
    QUOTE = "quote"
    VISIT = "visit"


class ConversionStatus(StrEnum):
    """Where a conversion stands."""

    PLACED = "placed"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    NO_SHOW = "no_show"

    @property
    def stands(self) -> bool:
        """Whether it counts as something that was brought."""
        return self in (ConversionStatus.PLACED, ConversionStatus.PAID)


class LinkMethod(StrEnum):
    """What says that a conversion and a message are the same person's."""

    PLATFORM_USER = "platform_user"
    CODE = "code"
    PHONE = "phone"
    CLICK_ID = "click_id"
    LEAD_ID = "lead_id"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Impression:
    """What was shown at one place of one list.

    Attributes:
        position: place in the list, from 1.
        policy: name and version of what ranked it.
        propensity: probability with which the policy put it there, above 0 up to 1; None: unknown.
        variant: arm of the experiment.
    """

    request_id: str
    platform: str
    user_id: str
    room_id: str
    position: int
    served_at: datetime
    policy: str
    creator_id: str | None = None
    item_id: str | None = None
    category_id: str | None = None
    propensity: float | None = None
    variant: str | None = None
    feature_set_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Click:
    """A room that was entered from a list.

    Attributes:
        watch_seconds: how long they stayed; 0 while nobody knows. Told again once it is known, the
            longest counts.
    """

    request_id: str
    platform: str
    user_id: str
    room_id: str
    clicked_at: datetime
    watch_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ConversionEvent:
    """What a source said about one conversion at one instant; what is None was not said.

    Attributes:
        source: who says so, such as ``shopify``.
        source_event_id: the source's own id of what it said here: the same one again changes
            nothing.
        conversion_id: ``source:id``, the same for all that a source says of one conversion.
        stage: the source's own word for how far it is.
        value_micros: value in millionths of the unit of ``currency`` (ISO 4217).
        keys: what it can be linked by, such as ``gclid``, ``lead_id``, ``phone`` (a keyed hash).
        event_timestamp: when it was ordered.
        changed_timestamp: when it became so at its source.
    """

    source: str
    source_event_id: str
    conversion_id: str
    kind: ConversionKind
    changed_timestamp: datetime
    event_timestamp: datetime | None = None
    stage: str | None = None
    status: ConversionStatus | None = None
    value_micros: int | None = None
    currency: str | None = None
    platform: str | None = None
    user_id: str | None = None
    room_id: str | None = None
    creator_id: str | None = None
    item_id: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion as it stood on a day: what its revisions known then say together.

    Attributes:
        revision: number of the newest of these revisions.
        event_timestamp: when it was ordered.
        known_since, changed_known: when we knew that it was ordered, and of its newest revision.
    """

    source: str
    conversion_id: str
    revision: int
    kind: ConversionKind
    status: ConversionStatus
    event_timestamp: datetime
    changed_timestamp: datetime
    known_since: datetime
    changed_known: datetime
    stage: str | None = None
    value_micros: int | None = None
    currency: str | None = None
    platform: str | None = None
    user_id: str | None = None
    room_id: str | None = None
    creator_id: str | None = None
    item_id: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConversionLink:
    """A message that is said to be the same person's as a conversion.

    Attributes:
        confidence: probability that it is, above 0 up to 1.
        window_seconds: how long before the conversion a message may have been said.
        run: name of what linked them.
    """

    conversion_id: str
    platform: str
    message_id: str
    method: LinkMethod
    confidence: float
    window_seconds: int
    run: str


@dataclass(frozen=True, slots=True)
class ConversionCredit:
    """The share of a conversion, 0 to 1, that a rule gives to something that was said."""

    run: str
    conversion_id: str
    touch_kind: str
    platform: str
    message_id: str
    share: float
