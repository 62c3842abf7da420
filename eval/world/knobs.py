"""What a simulated world is made of: sizes, and effects that can each be turned off."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from intent.model.errors import OperatorError

CLICKS_A_DAY = 9.83
"""Clicks of one user on one day in KuaiLive (arXiv 2508.05633): 4,909,515 over 23,772 users and 21
days.
"""

CLICK_RATE = 0.30
"""Share of impressions that are clicked, roughly: so many users are made that clicks of a day come
out right.
"""

EFFECTS = ("information", "treatment", "carry_over", "capacity", "leak", "link_loss")
"""Knobs that every verdict must be silent about when they are all zero."""


@dataclass(frozen=True, slots=True)
class WorldKnobs:
    """Sizes and effects of a world.

    Attributes:
        impressions: rows shown to somebody, all together.
        users: viewers; 0 for as many as clicks of a day need (:data:`CLICKS_A_DAY`).
        creators: hosts, with 1.22 rooms a day each.
        days: length of the log.
        slate: rooms shown at once, at most.
        information: share of comments whose label says what their author wants, 0 to 1; the other
            labels are dealt out anew among all of them, so that at 0 labels say nothing and
            messages are as many.
        need: how much a need drives watching, words and orders, in units of the default; 0 for
            people who all want the same always.
        buying: how readily people order, in units of the default; 0 for nobody.
        asking, chatting: how readily people ask about what they need, and write anything else, in
            units of the default; 0 for nobody.
        moods: by how much the readiness to chat differs from room to room, in units of the default;
            0 for people who chat alike wherever they are.
        treatment: by how much a reply raises the chance of an order, relative; 0 for nothing.
        carry_over: share of that effect which others in the room feel in the slots after it, with
            a half-life of 20 minutes; 0 for none.
        capacity: orders that a host can take in one slot of 5 minutes; 0 for no limit.
        leak: minutes by which facts are stamped earlier than they were said and known; 0 for honest
            ones.
        link_loss: share of conversions that name nobody, 0 to 1.
        decay: fall of attention over positions: rank k is looked at with 1 / (1 + decay · (k - 1)).
        delay: length of the time from click to order, in units of the default; 0 for at once.
        hastening: share of that time which a reply takes away, 0 to 1; it brings orders forward and
            makes none.
        refunds: share of orders that are refunded or cancelled days later, 0 to 1.
        answer_seconds: median time until the LLM's answer replaces an unsure local decision; 0 for
            no answers at all.
        answer_right: share of the answers that have the right label. Nobody has measured it here.
        explored: share of requests that show rooms in an order drawn evenly, 0 to 1.
        silent: share of users who never write, 0 to 1.
        answered: share of what is asked that the host is to answer, 0 to 1. Worlds of one seed with
            0 and 1 are what happens to the same people without any answers and with all of them.
        dealt_once: share of users for whom it is dealt once and for all whether they are answered,
            0 to 1; for the others it is dealt each time that they ask.
    """

    impressions: int = 650_000
    users: int = 0
    creators: int = 400
    days: int = 10
    slate: int = 10
    information: float = 1.0
    need: float = 1.0
    buying: float = 1.0
    asking: float = 1.0
    chatting: float = 1.0
    moods: float = 1.0
    treatment: float = 0.3
    carry_over: float = 0.2
    capacity: int = 4
    leak: float = 0.0
    link_loss: float = 0.05
    decay: float = 0.15
    delay: float = 1.0
    hastening: float = 0.0
    refunds: float = 0.06
    answer_seconds: float = 30.0
    answer_right: float = 0.95
    explored: float = 0.1
    silent: float = 0.25
    answered: float = 0.5
    dealt_once: float = 0.0

    @property
    def viewers(self) -> int:
        """How many users there are."""
        wanted = self.impressions * CLICK_RATE / (CLICKS_A_DAY * self.days)
        return self.users or max(round(wanted), 10)

    def zero(self) -> WorldKnobs:
        """Return the same world without any effect: all of :data:`EFFECTS` are zero."""
        return dataclasses.replace(self, **{name: type(getattr(self, name))(0) for name in EFFECTS})


_AT_LEAST = {"impressions": 100, "creators": 20, "days": 1, "slate": 1}
_SHARES = ("information", "carry_over", "link_loss", "hastening", "refunds", "answer_right")
_PARTS = ("explored", "silent", "answered", "dealt_once")


def turned(knobs: WorldKnobs, settings: Sequence[str]) -> WorldKnobs:
    """Return knobs with ``name=value`` settings; ``zero`` alone turns all effects off.

    Raises:
        OperatorError: there is no such knob, or it has no such value.
    """
    for setting in settings:
        name, _, value = setting.partition("=")
        if setting == "zero":
            knobs = knobs.zero()
            continue
        kinds = {
            field.name: type(getattr(knobs, field.name)) for field in dataclasses.fields(knobs)
        }
        if name not in kinds:
            raise OperatorError(f"there is no knob {name!r}; choose one of: {', '.join(kinds)}")
        try:
            knobs = dataclasses.replace(knobs, **{name: kinds[name](value)})
        except ValueError as error:
            raise OperatorError(f"the knob {name} takes a number, not {value!r}") from error
    return checked(knobs)


def checked(knobs: WorldKnobs) -> WorldKnobs:
    """Return the knobs if all lie in their ranges.

    Raises:
        OperatorError: one does not.
    """
    for field in dataclasses.fields(knobs):
        value = getattr(knobs, field.name)
        least = _AT_LEAST.get(field.name, 0)
        most = 1.0 if field.name in (*_SHARES, *_PARTS) else float("inf")
        if not least <= value <= most:
            raise OperatorError(
                f"the knob {field.name} must lie between {least} and {most:g}, not {value:g}"
            )
    return knobs
