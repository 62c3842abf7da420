"""How many of some messages are what their probabilities say, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

_MILLION = 1_000_000
_NORMAL = 1.959964
"""Standard errors on both sides of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class ExpectedCount:
    """A number of messages that nobody counted: the sum of their probabilities.

    Attributes:
        value: the sum.
        low, high: a 95 % interval, if the probabilities hold and the messages err independently.
    """

    value: float
    low: float
    high: float


class ProbabilitySum:
    """Adds up calibrated probabilities, in whole millionths so that the order is no matter.

    The number of hits of independent messages with probabilities p is Poisson-binomial: mean Σp,
    variance Σp(1−p) (L. Le Cam, 1960); the interval is the normal one, cut at none and at all.
    """

    def __init__(self) -> None:
        self._sum = self._spread = self._rows = 0

    def add(self, millionths: int) -> None:
        """Add a message; 0 and 1,000,000 are certain."""
        self._sum += millionths
        self._spread += millionths * (_MILLION - millionths)
        self._rows += 1

    def add_many(self, rows: int, total: int, spread: int) -> None:
        """Add messages of which the sum of p and of p(1−p) is known, p in millionths."""
        self._sum += total
        self._spread += spread
        self._rows += rows

    def expected(self) -> ExpectedCount:
        """Return the sum with its interval."""
        value, error = self._sum / _MILLION, sqrt(self._spread) / _MILLION
        reach = _NORMAL * error
        return ExpectedCount(value, max(value - reach, 0.0), min(value + reach, float(self._rows)))
