"""What a room report says, as values: every number is counted, estimated with an interval, or None
for *not measured*.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from intent.report.estimates import ExpectedCount
from intent.report.wording_groups import AskedOften


@dataclass(frozen=True, slots=True)
class RoomCoverage:
    """How much of the room the report knows.

    Attributes:
        seen: messages that were accepted.
        decided: of them, those with a decision that stands.
        waiting: those without one yet.
        taken_back: those that were taken back by author, moderator or platform.
        unmeasured: decisions of viewers' messages whose probabilities nobody has measured; they
            count as what was chosen.
        asking: questions to the LLM that are open: some leads may still change.
        blind: stretches in which the source saw nothing, as (since, until, reason).
        blind_for: how long that was in all, up to the last message for what still lasts.
    """

    seen: int
    decided: int
    waiting: int
    taken_back: int
    unmeasured: int
    asking: int
    blind: tuple[tuple[datetime, datetime | None, str], ...]
    blind_for: timedelta

    @property
    def share(self) -> float | None:
        """Decided ÷ seen, without what was taken back; None where nothing was seen."""
        standing = self.seen - self.taken_back
        return self.decided / standing if standing else None


@dataclass(frozen=True, slots=True)
class RoomFunnel:
    """From messages to answers; what nobody measured is None.

    Attributes:
        viewers: decided messages of viewers.
        expected: leads among them, by their probabilities.
        listed: messages that are shown as leads; the line is drawn so that few are missed.
        hot: listed leads next to a purchase.
        answered: hot leads that host or moderator replied to in writing, or that somebody marked as
            answered; what the host says aloud is not heard.
        taken: hot leads without an answer that are in somebody's hands.
        orders: orders; None until there is something that tells of them.
    """

    viewers: int
    expected: ExpectedCount
    listed: int
    hot: int
    answered: int | None
    taken: int
    orders: int | None

    @property
    def agrees(self) -> bool:
        """Whether the list lies within what the probabilities say; if not, one of them is off."""
        return self.expected.low <= self.listed <= self.expected.high


@dataclass(frozen=True, slots=True)
class IntentFigure:
    """One lead intent: how often it was chosen, and how often it is there by the probabilities."""

    label: str
    title: str
    listed: int
    expected: ExpectedCount


@dataclass(frozen=True, slots=True)
class ItemFigure:
    """What was on screen: its leads, and how many carry each intent."""

    item: str | None
    leads: int
    by_intent: dict[str, int]


@dataclass(frozen=True, slots=True)
class HeatRows:
    """Leads by intent and time; of one item, or of all.

    Attributes:
        item: None for all of them together.
        cells: (label, column) → leads.
    """

    item: str | None
    cells: dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class HeatColumns:
    """The time axis: ``count`` columns of ``step`` minutes from ``start`` on."""

    start: datetime
    step: int
    count: int


@dataclass(frozen=True, slots=True)
class RoomMoment:
    """A minute with unusually many leads.

    Attributes:
        asked: what was asked most in it, with how often.
        host: what host and moderators wrote in it and in the minute before.
    """

    at: datetime
    leads: int
    messages: int
    titles: tuple[str, ...]
    asked: tuple[tuple[str, int], ...]
    host: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenLead:
    """A hot lead without an answer that we know of."""

    message_id: str
    user_id: str
    at: datetime
    titles: tuple[str, ...]
    item: str | None
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class RoomReport:
    """Everything that the report of one room shows.

    Attributes:
        zone: name of the time zone that times are shown in.
        verdict: three sentences for a seller.
        open_leads: the surest of ``unanswered``.
    """

    platform: str
    room_id: str
    offer: str | None
    zone: str
    first: datetime | None
    last: datetime | None
    people: int
    verdict: tuple[str, ...]
    coverage: RoomCoverage
    funnel: RoomFunnel
    intents: tuple[IntentFigure, ...]
    items: tuple[ItemFigure, ...]
    columns: HeatColumns | None
    heat: tuple[HeatRows, ...]
    moments: tuple[RoomMoment, ...]
    unanswered: int
    open_leads: tuple[OpenLead, ...]
    asked: tuple[AskedOften, ...]
