"""The checks of a gate as values, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check, or a gate as a whole, says."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a gate.

    Attributes:
        harm: how much worse the candidate is, positive where worse; NaN for limits and messages
            that must be right.
        bound: upper one-sided 95 % bound of the harm.
        needed: messages that would settle an inconclusive check.
        why: one sentence for people.
    """

    name: str
    verdict: Verdict
    why: str
    before: float = float("nan")
    after: float = float("nan")
    harm: float = float("nan")
    bound: float = float("nan")
    margin: float = float("nan")
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class GateReport:
    """All checks, and what they add up to: failed if any failed, else inconclusive if any is."""

    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the whole."""
        verdicts = {check.verdict for check in self.checks}
        return next(
            (one for one in (Verdict.FAILED, Verdict.INCONCLUSIVE) if one in verdicts),
            Verdict.PASSED,
        )

    def of(self, verdict: Verdict) -> list[Check]:
        """Return the checks with one verdict."""
        return [check for check in self.checks if check.verdict is verdict]
