"""Experiments: what is dealt to which arm, and the arm of each unit, which is a hash and nothing
else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from intent.model.errors import WrongUse

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_SHARES = 2**64


class UnitKind(StrEnum):
    """What is dealt to an arm."""

    VIEWER = "viewer"
    ROOM = "room"
    CREATOR = "creator"
    TIME = "time"


class ComparedRatio(StrEnum):
    """What is compared: a ratio of two sums."""

    ORDERS_PER_VIEWER = "orders_per_viewer"
    ORDERS_PER_CLICK = "orders_per_click"
    VALUE_PER_VIEWER = "value_per_viewer"
    CLICKS_PER_IMPRESSION = "clicks_per_impression"
    LEADS_PER_MESSAGE = "leads_per_message"
    MESSAGES_PER_VIEWER = "messages_per_viewer"

    @property
    def parts(self) -> tuple[str, str]:
        """The names of the two sums, such as ``orders`` and ``viewers``."""
        above, below = self.value.split("_per_")
        return above, {"viewer": "viewers"}.get(below, f"{below}s")


@dataclass(frozen=True, slots=True)
class ExperimentArm:
    """An arm and its share of all units; shares need not add up to 1."""

    name: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is tried on whom.

    Attributes:
        arms: the first is control.
        salt, salt_version: what units are hashed with; another version deals everything anew.
        block: how long an arm lasts, where time is dealt.
        burn_in: how much of each block is left out.
        half_life: in how much time half of what an arm leaves behind is gone; None: nobody knows.
        planned: units at which it should be read; None: nobody said.
    """

    name: str
    unit: UnitKind
    arms: tuple[ExperimentArm, ...]
    metric: ComparedRatio
    started: datetime
    salt: str
    salt_version: int = 1
    block: timedelta | None = None
    burn_in: timedelta = timedelta()
    half_life: timedelta | None = None
    planned: int | None = None

    @property
    def control(self) -> str:
        """The arm that the others are compared with."""
        return self.arms[0].name

    def arm_of(self, platform: str, unit_id: str) -> str:
        """Return the arm of a unit: the same for ever, and independent of any other salt's."""
        said = "\x1f".join((self.salt, str(self.salt_version), platform, unit_id))
        place = int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big") / _SHARES
        total, reached = sum(arm.share for arm in self.arms), 0.0
        for arm in self.arms:
            reached += arm.share / total
            if place < reached:
                return arm.name
        return self.arms[-1].name

    def block_of(self, room_id: str, at: datetime) -> str:
        """Return the unit of a room at a time: ``room@begin of its block``, UTC."""
        if self.block is None:
            raise WrongUse(f"{self.name} deals no time")
        begin = self.started + (at - self.started) // self.block * self.block
        return f"{room_id}@{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def block_begin(unit_id: str) -> tuple[str, datetime]:
    """Return the room and the begin of a block."""
    room_id, _, begin = unit_id.rpartition("@")
    return room_id, datetime.strptime(begin, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def read_arms(written: Sequence[str]) -> tuple[ExperimentArm, ...]:
    """Read arms as they are typed: ``control`` or ``boost=0.2``.

    Raises:
        WrongUse: an arm has no name, a share that is no number above 0, or the name of another.
    """
    arms = []
    for one in written:
        name, _, share = one.partition("=")
        try:
            arms.append(ExperimentArm(name.strip(), float(share) if share else 1.0))
        except ValueError:
            raise WrongUse(f"{one!r}: a share is a number, as in boost=0.2") from None
    names = [arm.name for arm in arms]
    if len(arms) < 2 or len(set(names)) < len(names):
        raise WrongUse("an experiment has two arms or more, each with a name of its own")
    for arm in arms:
        if not _NAME.fullmatch(arm.name) or not 0 < arm.share < float("inf"):
            raise WrongUse(f"{arm.name!r}: small letters, digits, . _ -, and a share above 0")
    return tuple(arms)


def checked(experiment: Experiment) -> Experiment:
    """Return an experiment that can be run.

    Raises:
        WrongUse: its name is none, time is dealt without blocks or another unit with them, or a
            burn-in leaves nothing of a block.
    """
    if not _NAME.fullmatch(experiment.name):
        raise WrongUse(f"{experiment.name!r}: small letters, digits, . _ -, at most 80")
    dealt = experiment.unit is UnitKind.TIME
    if dealt != (experiment.block is not None):
        raise WrongUse("--block is for --unit time, and needed there: how long an arm lasts")
    if experiment.block is not None:
        if experiment.block < timedelta(seconds=10):
            raise WrongUse("a block lasts 10 s at least")
        if experiment.burn_in >= experiment.block:
            raise WrongUse("a burn-in as long as its block leaves nothing to compare")
    return experiment
