"""What one decision means to features: its keys, topics and probabilities, as small integers.

Demand is what viewers say: a host's or moderator's message counts as a message, and carries no
intent, group or probability. A message that was taken back counts for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from intent.features.definitions.told_beside import TOLD_CODES, gap_in, told_mask
from intent.model.decision import UNMEASURED, DecidedBy, Decision
from intent.model.message import AuthorRole, Message
from intent.store.schema import INTENTS, MILLION
from intent.store.times import microseconds

DEMAND_ROLES = frozenset({AuthorRole.VIEWER})
"""Authors whose messages are demand."""

MESSAGE_CODE, FIRST_GROUP, MEASURED_CODE, LLM_CODE = 0, 32, 60, 61
"""Codes of topics: 0 any message, 1 to 13 the intents, from 32 on the groups, 60 measured
probabilities, 61 decided by the LLM. From 50 to 59: :mod:`intent.features.definitions.told_beside`.
"""

TILED_CODES = (MEASURED_CODE, LLM_CODE, *TOLD_CODES)
"""Codes that tiles count beside the topics."""

LEAD_GROUP = "lead"

ENTITIES = {
    "user": ("platform", "user_id"),
    "creator": ("platform", "creator_id"),
    "room": ("platform", "room_id"),
    "item": ("platform", "item_id"),
    "category": ("platform", "category_id"),
    "user_creator": ("platform", "user_id", "creator_id"),
    "user_room": ("platform", "user_id", "room_id"),
    "user_item": ("platform", "user_id", "item_id"),
    "user_category": ("platform", "user_id", "category_id"),
}
"""Entities that state is kept for, with the parts of their keys."""

CONTAINERS = {
    "creator": "user_creator",
    "room": "user_room",
    "item": "user_item",
    "category": "user_category",
}
"""Entities that have tiles, each with the pair that tells its users apart."""


@dataclass(frozen=True)
class Event:
    """One decision of one message.

    Attributes:
        parts: platform, user_id, creator_id, room_id, item_id and category_id by name; None where
            the message names none.
        at: when it was said, microseconds since 1970 UTC.
        mask: one bit for each topic code.
        probabilities: of the intents, then of the groups, in millionths; empty when they are not
            measured, or are of no viewer.
        price_gap: what it adds to the sum of gaps, in millionths of a doubling.
    """

    platform: str
    message_id: str
    parts: Mapping[str, str | None]
    at: int
    mask: int
    probabilities: tuple[int, ...]
    price_gap: int = 0

    @cached_property
    def keys(self) -> dict[str, str]:
        """The key of every entity that the message names, by entity."""
        escaped = {
            name: None if part is None else _escaped(part) for name, part in self.parts.items()
        }
        platform, user = escaped["platform"], escaped["user_id"]
        keys = {"user": f"user/{platform}/{user}"}
        for entity, pair in CONTAINERS.items():
            part = escaped[ENTITIES[entity][1]]
            if part is not None:
                keys[entity] = f"{entity}/{platform}/{part}"
                keys[pair] = f"{pair}/{platform}/{user}/{part}"
        return keys


class Topics:
    """Numbers the intents and groups; ``lead`` has a calibrated probability of its own, another
    group has its likeliest intent's (a lower bound).
    """

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        self.groups = dict(groups)
        self.code = {"message": MESSAGE_CODE}
        self.code |= {intent: 1 + number for number, intent in enumerate(INTENTS)}
        self.code |= {group: FIRST_GROUP + number for number, group in enumerate(groups)}
        self.measured = (*INTENTS, *groups)
        """Topics that have a probability, in the order of :attr:`Event.probabilities`."""
        self.lanes = len(self.measured) + 1
        """How many sums a tile holds: of the probabilities, and of the gaps of prices."""
        self._lead = 1 << self.code[LEAD_GROUP] if LEAD_GROUP in groups else 0
        self._members = [
            None if group == "lead" else [INTENTS.index(intent) for intent in members]
            for group, members in groups.items()
        ]
        self._of_labels = lru_cache(maxsize=10_000)(self._mask)
        self._of_row = lru_cache(maxsize=10_000)(self._row_mask)

    def mask(self, labels: Sequence[str], *, measured: bool, llm: bool, demand: bool = True) -> int:
        """Return the bits of a decision with these labels; ``demand`` says whether its author's
        role is one of :data:`DEMAND_ROLES`, else it has those of no label.
        """
        said = self._of_labels(tuple(labels) if demand else ())
        return said | measured << MEASURED_CODE | llm << LLM_CODE

    def row_mask(
        self,
        labels: str,
        decided_by: str,
        calibration: str,
        author_role: str,
        stated_price: int | None = None,
        price_gap: int | None = None,
        answer_seconds: int | None = None,
    ) -> int:
        """Return the bits of a stored decision, whose labels are a JSON list; no bit at all, not
        even that of a message, if the message was taken back.
        """
        mask = self._of_row(labels, decided_by, calibration, author_role)
        return self.with_told(mask, stated_price, price_gap, answer_seconds)

    def with_told(
        self, mask: int, stated_price: int | None, price_gap: int | None, answer_seconds: int | None
    ) -> int:
        """Return a mask with what its message tells beside its intents."""
        return told_mask(mask, self._lead, stated_price, price_gap, answer_seconds)

    def event(self, message: Message, decision: Decision) -> Event | None:
        """Return what a decision means; None if it takes the message back."""
        if decision.retracted:
            return None
        demand = message.author_role in DEMAND_ROLES
        measured = decision.versions.calibration != UNMEASURED
        given = [round(decision.probabilities[intent] * MILLION) for intent in INTENTS]
        mask = self.with_told(
            self.mask(
                decision.labels,
                measured=measured,
                llm=decision.decided_by is DecidedBy.LLM,
                demand=demand,
            ),
            decision.stated_price,
            decision.price_gap,
            decision.answer_seconds,
        )
        return Event(
            message.platform,
            message.message_id,
            {
                "platform": message.platform,
                "user_id": message.user_id,
                "creator_id": message.creator_id,
                "room_id": message.room_id,
                "item_id": message.item_id,
                "category_id": message.category_id,
            },
            microseconds(message.sent_at),
            mask,
            self.with_groups(given, round(decision.lead_probability * MILLION))
            if measured and demand
            else (),
            gap_in(mask, decision.price_gap),
        )

    def with_groups(self, probabilities: Sequence[int], lead: int) -> tuple[int, ...]:
        """Return millionths for the intents and then the groups."""
        return (
            *probabilities,
            *(
                lead if places is None else max(probabilities[place] for place in places)
                for places in self._members
            ),
        )

    def columns(self, topic: str) -> list[str]:
        """Return the columns of a decision that the probability of a topic is taken from."""
        if topic == "lead":
            return ["lead_probability"]
        return [f"p_{intent}" for intent in INTENTS if intent in self.groups.get(topic, {topic})]

    def _row_mask(self, labels: str, decided_by: str, calibration: str, author_role: str) -> int:
        if decided_by == DecidedBy.PLATFORM:
            return 0
        return self.mask(
            json.loads(labels),
            measured=calibration != UNMEASURED,
            llm=decided_by == DecidedBy.LLM,
            demand=author_role in DEMAND_ROLES,
        )

    def _mask(self, labels: tuple[str, ...]) -> int:
        bits = 1 << MESSAGE_CODE
        for label in labels:
            bits |= 1 << self.code[label]
        for group, members in self.groups.items():
            if members.intersection(labels):
                bits |= 1 << self.code[group]
        return bits


def entity_key(entity: str, parts: Sequence[str | None]) -> str:
    """Return one text for an entity and the parts of its key; different parts never give the same
    text.

    Raises:
        ValueError: a part is missing.
    """
    if None in parts:
        raise ValueError(f"the key of {entity} lacks a part")
    return "/".join((entity, *(_escaped(str(part)) for part in parts)))


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


@lru_cache(maxsize=10_000)
def codes(mask: int) -> tuple[int, ...]:
    """Return the topic codes of a mask."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)
