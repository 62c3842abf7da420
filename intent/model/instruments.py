"""What a metric is: its name, kind, labels with all their values, and meaning; and one value of it.

What is counted by a process begins at 0 with it, as Prometheus expects. What must survive a crash
is read from the database when somebody looks (:attr:`Teller.DATABASE`). A label has few values that
are known beforehand: never an id, a room or anything that people wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PREFIX = "lead_intent_"


class InstrumentKind(StrEnum):
    """What may happen to a value: it only grows, it goes up and down, or many are summed up."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Teller(StrEnum):
    """Who tells of it: a part of a process, or the database."""

    PROCESS = "process"
    DOOR = "door"
    WORKER = "worker"
    ASKER = "asker"
    HOOKS = "hooks"
    WEB = "web"
    DATABASE = "database"


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One metric; each is itself alone.

    Attributes:
        short: its name without :data:`PREFIX`, with its unit; a counter ends in ``_total``.
        about: what it says, in one sentence.
        labels: the values of each label; none where they come from a table of the code, such as
            routes.
        buckets: upper bounds of a histogram, ascending.
        ages: it is an age in seconds, and grows between two looks at the database.
    """

    short: str
    kind: InstrumentKind
    teller: Teller
    about: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()
    ages: bool = False

    @property
    def name(self) -> str:
        """Its whole name, as a query writes it."""
        return f"{PREFIX}{self.short}"


@dataclass(frozen=True, slots=True)
class Level:
    """One value of an instrument; ``labels`` are in the order of the instrument's."""

    instrument: Instrument
    value: float
    labels: tuple[str, ...] = ()
