"""What an experiment found, as values: arms, comparisons, delays, capacity, warnings, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intent.model.experiment import Experiment


class Outlook(StrEnum):
    """What is to be done, in one word."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"
    TOO_FEW = "too_few"
    SPLIT_IS_WRONG = "split_is_wrong"
    DO_NOT_ROLL_OUT = "do_not_roll_out"


@dataclass(frozen=True, slots=True)
class ArmTotal:
    """One arm: its units, what they brought, and the ratio."""

    arm: str
    units: int
    expected_units: float
    numerator: float
    denominator: float

    @property
    def ratio(self) -> float:
        """The numerator over the denominator; NaN for none."""
        return self.numerator / self.denominator if self.denominator else float("nan")


@dataclass(frozen=True, slots=True)
class ArmFinding:
    """One arm beside control; NaN where too few units tell.

    Attributes:
        control, treated: the two ratios, at the mean of the covariate if there is one.
        low, high: ends of the interval of their difference.
        lift, lift_low, lift_high: treated over control less one, with its interval.
        p: of *there is no difference*, adjusted for the number of arms (Holm).
        dealt_again_p: by dealing units anew; NaN where units are viewers, which are many.
        always_low, always_high: ends of the interval of the difference that holds at every look.
        detectable: the smallest lift that would be found four times in five with this error.
        variance_times: by what the covariate multiplied the variance; 1 without one.
    """

    arm: str
    control: float
    treated: float
    low: float
    high: float
    lift: float
    lift_low: float
    lift_high: float
    p: float
    dealt_again_p: float
    always_low: float
    always_high: float
    detectable: float
    variance_times: float = 1.0

    @property
    def always(self) -> bool:
        """Whether the interval that holds at every look is without zero."""
        return self.always_low > 0 or self.always_high < 0


@dataclass(frozen=True, slots=True)
class DelayFinding:
    """Orders of one arm within a delay of the click beside those of control.

    Attributes:
        hours: the delay.
        lift: treated over control less one, delayed orders counted (Kaplan and Meier).
        low, high: its interval, rooms left out one at a time; NaN where units are viewers.
        maturity: what part of the horizon's orders arrive within the delay, in control and in the
            arm.
    """

    arm: str
    hours: float
    lift: float
    low: float
    high: float
    maturity: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CapacityFinding:
    """Whether hosts can serve more leads than they do.

    Attributes:
        leads, unanswered: counts.
        most: leads that hosts answer in their busiest minutes.
        turned_away: share of all leads that were never answered though said in a minute in which
            the host answered as many as it ever does; NaN where nobody tells of answers.
        per_host_minute: unanswered leads a minute in which a host had any.
    """

    leads: int
    unanswered: int
    most: float
    turned_away: float
    per_host_minute: float


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """Everything that is known of an experiment at an instant.

    Attributes:
        split_p: p-value of *units were dealt by the shares*.
        warnings: sentences, each with what to do.
        verdict: sentences, the first one alone says what to do.
    """

    experiment: Experiment
    as_of: datetime
    arms: tuple[ArmTotal, ...]
    split_p: float
    comparisons: tuple[ArmFinding, ...]
    delays: tuple[DelayFinding, ...]
    capacity: CapacityFinding | None
    outlook: Outlook
    verdict: tuple[str, ...]
    warnings: tuple[str, ...]
