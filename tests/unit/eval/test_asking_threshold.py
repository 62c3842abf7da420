"""Choosing what is worth asking."""

from __future__ import annotations

import pytest

from eval.asking_threshold import Decided, at, choose, threshold_of
from intent.classify.route import Assumed

ASSUMED = Assumed(repaired=0.5, introduced=0.1, false_lead_dollars=0.01)


def test_asking_pays_exactly_where_the_cost_it_repairs_exceeds_what_it_brings_in() -> None:
    decided = [
        Decided(expected=cost, actual=cost) for cost in (number / 100 for number in range(100))
    ]
    chosen = choose(decided, ASSUMED)
    assert chosen.ask_above == pytest.approx((0.1 + 0.0012) / 0.5, abs=0.011)


def test_nothing_is_asked_when_answers_are_no_better() -> None:
    decided = [Decided(expected=0.1, actual=0.1)] * 50
    assert choose(decided, ASSUMED).share == 0.0


def test_no_more_is_asked_than_is_allowed_even_where_more_would_pay() -> None:
    decided = [Decided(expected=number / 10, actual=1.0) for number in range(10)]
    assert choose(decided, ASSUMED).share == pytest.approx(0.9)
    assert choose(decided, ASSUMED, most=0.33).share <= 0.33


def test_a_threshold_asks_at_most_its_share() -> None:
    decided = [Decided(expected=number / 10, actual=1.0) for number in range(10)]
    assert [
        at(decided, threshold_of(decided, share), ASSUMED).share for share in (0.0, 0.3, 1.0)
    ] == [0.0, 0.3, 0.9]
