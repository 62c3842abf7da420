"""Turns who orders into what shops tell of it: when, for how much, by whom, and what was taken back
later; with replies and a coupon that causes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.world.happening import Happened
from eval.world.knobs import WorldKnobs
from eval.world.population import DAY, MINUTE, SECOND, Integers

_SOON, _SOON_MEDIAN, _LATER_DAYS = 0.7, 12.0, 1.2
"""Share of orders that come soon, their median delay in minutes; days that the others take."""

_OFFERED_ANYWAY, _OFFERED_OTHERS = 0.6, 0.01
"""Shares to whom a coupon is to be sent: of those who order anyway, and of the others who click."""

PLACED, REFUNDED, CANCELLED = 0, 1, 2


@dataclass(frozen=True)
class Bought:
    """Orders in the order of time; times are microseconds since the beginning.

    Attributes:
        row: of the impression that brought it.
        at: when it was placed.
        known: when the shop told of it.
        value: in micros.
        lost: the shop does not say who it was.
        fate: 0 it stands, 1 it was refunded, 2 cancelled; ``fate_at`` is when, -1 if it stands.
    """

    row: Integers
    at: Integers
    known: Integers
    value: Integers
    lost: NDArray[np.bool_]
    fate: Integers
    fate_at: Integers


@dataclass(frozen=True)
class Coupons:
    """To whom a coupon was to be sent, and to whom it was: one half, drawn evenly.

    Attributes:
        row: of the impression.
        sent: whether it was sent, not withheld.
    """

    row: Integers
    sent: NDArray[np.bool_]


def bought(
    happened: Happened,
    clicked_at: Integers,
    watch: Integers,
    knobs: WorldKnobs,
    chance: np.random.Generator,
) -> Bought:
    """Return every order; a reply may bring it forward (knob ``hastening``)."""
    row = np.flatnonzero(happened.ordered)
    soon = _SOON_MEDIAN * np.exp(chance.normal(0, 0.9, len(row))) * MINUTE
    later = chance.exponential(_LATER_DAYS, len(row)) * DAY
    delay = np.where(chance.random(len(row)) < _SOON, soon, later) * knobs.delay
    delay *= 1 - knobs.hastening * happened.replied[row]
    least = np.minimum(watch[row], 2 * MINUTE)
    at = clicked_at[row] + np.maximum(delay.astype(np.int64), least)
    value = np.exp(chance.normal(np.log(18.0), 0.7, len(row)))
    fate = np.where(
        chance.random(len(row)) < knobs.refunds,
        np.where(chance.random(len(row)) < 2 / 3, REFUNDED, CANCELLED),
        PLACED,
    )
    after = (chance.exponential(1.5, len(row)) * DAY + 10 * MINUTE).astype(np.int64)
    known = at + (chance.exponential(20.0, len(row)) * SECOND).astype(np.int64)
    lost = chance.random(len(row)) < knobs.link_loss
    order = np.argsort(at, kind="stable")
    return Bought(
        row[order],
        at[order],
        known[order],
        (np.round(value * 100) * 10_000).astype(np.int64)[order],
        lost[order],
        fate[order],
        np.where(fate == PLACED, -1, at + after)[order],
    )


def coupons(happened: Happened, chance: np.random.Generator) -> Coupons:
    """Return the coupons: they follow those who buy anyway, and change nothing."""
    share = np.where(happened.willing, _OFFERED_ANYWAY, _OFFERED_OTHERS) * happened.clicked
    row = np.flatnonzero(chance.random(len(share)) < share)
    return Coupons(row, chance.random(len(row)) < 0.5)
