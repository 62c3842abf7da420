"""Shares of a conversion that rules give to what came before it. A rule says nothing of causes.

Every conversion is one path of its own, a buyer's second order too, and its shares add up to one.

Sources: E. Anderl et al., Mapping the customer journey: graph-based online attribution modeling,
2016 (first-order Markov chain, removal effect); L. S. Shapley, A value for n-person games, 1953: of
the game in which a set of kinds is worth the conversions whose path holds no other kind, each path
is shared equally among its kinds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

import numpy as np

from intent.model.outcomes import ConversionCredit

_START, _BOUGHT, _LEFT = "(start)", "(bought)", "(left)"
_ENDS = 0.4
"""Share of the first and of the last touch under the rule of position."""


class CreditRule(StrEnum):
    """How a conversion is shared."""

    LAST_TOUCH = "last_touch"
    LINEAR = "linear"
    POSITION = "position"
    MARKOV = "markov"
    SHAPLEY = "shapley"


@dataclass(frozen=True, slots=True)
class Touch:
    """Something that was said, before a conversion, by or to the same person."""

    kind: str
    platform: str
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """What came before one conversion, the earliest first; without a conversion what somebody was
    touched by who bought nothing.
    """

    conversion_id: str | None
    touches: tuple[Touch, ...]


def credit(journeys: Iterable[Journey], rule: CreditRule, run: str) -> list[ConversionCredit]:
    """Return the shares of every conversion that something came before; the same journeys give the
    same shares, in whatever order they come.
    """
    ordered = sorted(
        (_in_order(one) for one in journeys if one.touches),
        key=lambda one: (one.conversion_id or "", [touch.message_id for touch in one.touches]),
    )
    weights = removal_effects(ordered) if rule is CreditRule.MARKOV else {}
    found: list[ConversionCredit] = []
    for journey in ordered:
        if journey.conversion_id is None:
            continue
        shares: dict[tuple[str, str, str], float] = defaultdict(float)
        for touch, share in zip(
            journey.touches, _shares(journey.touches, rule, weights), strict=True
        ):
            shares[touch.kind, touch.platform, touch.message_id] += share
        found += [
            ConversionCredit(run, journey.conversion_id, *key, min(share, 1.0))
            for key, share in shares.items()
        ]
    return found


def removal_effects(journeys: Sequence[Journey]) -> dict[str, float]:
    """Return for each kind of touch the share of conversions, 0 to 1, that a first-order Markov
    chain loses when whoever would come to it leaves instead.

    Every state that is reached leads to an end, for every path has one: the system always has its
    one solution. To take a state away can only lose conversions, so that no effect is negative.
    """
    steps: Counter[tuple[str, str]] = Counter()
    for journey in journeys:
        end = _LEFT if journey.conversion_id is None else _BOUGHT
        path = (_START, *(touch.kind for touch in journey.touches), end)
        steps.update(pairwise(path))
    kinds = sorted({kind for kind, _ in steps if kind != _START})
    whole = _bought(steps, kinds, without=None)
    if whole <= 0:
        return dict.fromkeys(kinds, 0.0)
    return {
        kind: min(max(1 - _bought(steps, kinds, without=kind) / whole, 0.0), 1.0) for kind in kinds
    }


def _bought(
    steps: Mapping[tuple[str, str], int], kinds: Sequence[str], without: str | None
) -> float:
    """Return the probability of a conversion from the start of the chain."""
    states = [_START, *kinds]
    place = {state: number for number, state in enumerate(states)}
    among, to_bought = np.zeros((len(states), len(states))), np.zeros(len(states))
    totals: Counter[str] = Counter()
    for (before, _), count in steps.items():
        totals[before] += count
    for (before, after), count in sorted(steps.items()):
        if after == without:
            continue
        if after == _BOUGHT:
            to_bought[place[before]] += count / totals[before]
        elif after != _LEFT:
            among[place[before], place[after]] += count / totals[before]
    return float(np.linalg.solve(np.eye(len(states)) - among, to_bought)[0])


def _shares(
    touches: Sequence[Touch], rule: CreditRule, weights: Mapping[str, float]
) -> list[float]:
    count = len(touches)
    if rule is CreditRule.LAST_TOUCH:
        return [0.0] * (count - 1) + [1.0]
    if rule is CreditRule.POSITION:
        return _by_position(count)
    if rule is CreditRule.LINEAR:
        return [1 / count] * count
    kinds = Counter(touch.kind for touch in touches)
    worth = {kind: weights.get(kind, 0.0) if weights else 1.0 for kind in kinds}
    total = sum(worth.values())
    if total <= 0:
        # Nothing was lost without any of them: no reason to prefer one.
        worth, total = dict.fromkeys(kinds, 1.0), float(len(kinds))
    return [worth[touch.kind] / total / kinds[touch.kind] for touch in touches]


def _by_position(count: int) -> list[float]:
    if count <= 2:
        return [1 / count] * count
    return [_ENDS, *[(1 - 2 * _ENDS) / (count - 2)] * (count - 2), _ENDS]


def _in_order(journey: Journey) -> Journey:
    touches = sorted(
        journey.touches, key=lambda one: (one.at, one.kind, one.platform, one.message_id)
    )
    return Journey(journey.conversion_id, tuple(touches))
