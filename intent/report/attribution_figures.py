"""What a report of attribution holds: linked, credited and caused, side by side and never mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class LinkedFigures:
    """Conversions that have a message of the same person in the window before them.

    Attributes:
        methods: conversions that have a link by each method; one may have several.
        ambiguous: conversions with a code or number that several people said.
    """

    linked: int
    conversions: int
    methods: Mapping[str, int]
    ambiguous: int
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CreditedFigures:
    """What one rule gives: conversions, which add up to those that anything came before.

    Attributes:
        kinds: conversions by kind of touch.
        intents: conversions by the first label of the comment that is credited, or that was
            answered.
        values: micros by currency.
    """

    rule: str
    kinds: Mapping[str, float]
    intents: Mapping[str, float]
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CausedFigures:
    """What an experiment says; all but the first two are None where it says nothing yet.

    Attributes:
        experiment: its name; None where nobody named one.
        why_not: why nothing can be said.
        difference: orders that it makes a unit, with the ends of the 95 % interval.
        caused: orders that it made among those it was done to, with the ends of the interval.
        maturity: share of units whose window has passed.
    """

    experiment: str | None
    why_not: str | None = None
    arms: tuple[str, str] | None = None
    units: tuple[int, int] | None = None
    rates: tuple[float, float] | None = None
    difference: tuple[float, float, float] | None = None
    caused: tuple[float, float, float] | None = None
    p: float | None = None
    maturity: float | None = None


@dataclass(frozen=True, slots=True)
class LinkedSentence:
    """A sentence that is linked to a conversion, and the decision that stood for it on the day."""

    conversion_id: str
    status: str
    ordered_at: datetime
    platform: str
    message_id: str
    text: str
    said_at: datetime
    labels: Sequence[str]
    revision: int | None
    decided_by: str | None
    known: datetime | None
    method: str
    confidence: float


@dataclass(frozen=True, slots=True)
class AttributionReport:
    """Everything, as it stood at ``as_of``.

    Attributes:
        standing: conversions that were neither cancelled nor refunded; all figures are of these.
        values: micros by currency, of these.
        sentences: the newest conversions first.
        left_out: sentences that are not shown.
    """

    as_of: datetime
    window: timedelta
    conversions: int
    standing: int
    values: Mapping[str, int]
    linked: LinkedFigures
    credited: Sequence[CreditedFigures]
    caused: CausedFigures
    sentences: Sequence[LinkedSentence]
    left_out: int
