"""What a lift came to, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from eval.lift.leaks import LeakingColumn
from intent.statistics.rooms import Estimate


@dataclass(frozen=True, slots=True)
class LiftPlan:
    """How often is fitted: models of each kind, shuffles, and blocks of days that are judged."""

    refits: int = 3
    shuffles: int = 3
    blocks: int = 3


@dataclass(frozen=True, slots=True)
class ColumnsScore:
    """What one kind of columns predicts: the mean of its refits' predictions, and each refit's."""

    name: str
    auc: float
    aucs: tuple[float, ...]
    log_loss: float


@dataclass(frozen=True, slots=True)
class JoinKept:
    """What a way to join promises offline and keeps when served, as AUC beyond messages."""

    name: str
    promised: float
    kept: float

    @property
    def leaked(self) -> float:
        """What was promised and is not kept."""
        return self.promised - self.kept


@dataclass(frozen=True, slots=True)
class LeadRowsTold:
    """Predictions on rows of users with a lead, over what came, and over the truth where it is
    known.
    """

    rows: int
    over_seen: float
    over_truth: float | None


@dataclass(frozen=True)
class LiftReport:
    """What was found.

    Attributes:
        rows, positives, users: that were judged.
        scores: of base, messages, intents and shuffles.
        gain: log-loss a row that intents save over their shuffles; its interval is over users and
            fits.
        over_messages: what they save over columns that count messages alone; over users alone.
        silent: the gain among users who never write; over users and fits.
        silent_rows: how many rows these have.
        joins: what was promised and kept; empty where the facts are not at hand.
        lead_rows: how predictions stand on rows with a lead.
        leaks: every column, those that leak first.
        by_day: the gain of each judged day, since 1970.
        reliability: predicted and seen shares in tenths of the predictions.
    """

    name: str
    target: str
    rows: int
    positives: int
    users: int
    scores: tuple[ColumnsScore, ...]
    gain: Estimate
    over_messages: Estimate
    silent: Estimate
    silent_rows: int
    joins: tuple[JoinKept, ...]
    lead_rows: LeadRowsTold
    leaks: tuple[LeakingColumn, ...]
    by_day: tuple[tuple[int, float], ...]
    reliability: tuple[tuple[float, float], ...]

    @property
    def auc_gain(self) -> float:
        """AUC of intents less that of messages."""
        auc = {score.name: score.auc for score in self.scores}
        return auc["intents"] - auc["messages"]

    @property
    def leaking(self) -> tuple[LeakingColumn, ...]:
        """Columns that know what comes after their row."""
        return tuple(one for one in self.leaks if one.leaks)

    @property
    def alarm(self) -> bool:
        """Whether anything is claimed: a gain, a loss or a leak."""
        return bool(self.leaking) or self.gain.low > 0 or self.gain.high < 0
