"""Rules share every conversion among what came before it, and say the same each time."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intent.outcomes.crediting import CreditRule, Journey, Touch, credit, removal_effects
from tests.conftest import EPOCH


def journey(conversion: str | None, *kinds: str, start: int = 0) -> Journey:
    touches = (
        Touch(kind, "tiktok", f"{conversion}-{place}", EPOCH + timedelta(minutes=start + place))
        for place, kind in enumerate(kinds)
    )
    return Journey(conversion, tuple(touches))


def shares(rule: CreditRule, *journeys: Journey) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in credit(journeys, rule, "r"):
        found[one.conversion_id][one.touch_kind] += one.share
    return {key: dict(value) for key, value in found.items()}


def test_each_rule_shares_as_its_name_says() -> None:
    path = journey("o", "comment", "reply", "comment", "coupon")
    assert shares(CreditRule.LAST_TOUCH, path)["o"]["coupon"] == 1.0
    assert shares(CreditRule.LINEAR, path)["o"] == {"comment": 0.5, "reply": 0.25, "coupon": 0.25}
    by_place = shares(CreditRule.POSITION, path)["o"]
    assert by_place == pytest.approx({"comment": 0.5, "reply": 0.1, "coupon": 0.4})
    equal = dict.fromkeys(("comment", "reply", "coupon"), 1 / 3)
    assert shares(CreditRule.SHAPLEY, path)["o"] == pytest.approx(equal)


@pytest.mark.parametrize("rule", list(CreditRule))
def test_a_buyers_second_order_counts_as_much_as_the_first(rule: CreditRule) -> None:
    touches = journey("x", "comment", "reply").touches
    found = shares(rule, Journey("first", touches), Journey("second", touches))
    assert [sum(one.values()) for one in found.values()] == pytest.approx([1.0, 1.0])
    assert found["first"] == found["second"]


def test_the_chain_credits_what_conversions_cannot_do_without() -> None:
    needed = [journey(f"o{n}", "comment", "reply") for n in range(30)]
    left = [journey(None, "comment", start=n) for n in range(60)]
    effects = removal_effects([*needed, *left])
    assert effects == pytest.approx({"comment": 1.0, "reply": 1.0})
    beside = [journey(f"p{n}", "coupon") for n in range(10)]
    effects = removal_effects([*needed, *left, *beside])
    assert effects["reply"] == pytest.approx(30 / 40)
    assert effects["coupon"] == pytest.approx(10 / 40)


def test_loops_and_no_conversion_at_all_have_their_answer() -> None:
    assert removal_effects([journey(None, "comment", "reply")]) == {"comment": 0.0, "reply": 0.0}
    loop = journey("o", *["comment"] * 50)
    assert shares(CreditRule.MARKOV, loop) == {"o": {"comment": pytest.approx(1.0)}}
    assert credit([journey(None, "comment"), Journey("bare", ())], CreditRule.MARKOV, "r") == []


PATHS = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(st.sampled_from(["comment", "reply", "coupon", "boost"]), max_size=6),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(paths=PATHS, rule=st.sampled_from(list(CreditRule)), seed=st.integers(0, 99))
def test_no_share_is_negative_and_no_order_of_paths_matters(
    paths: list[tuple[bool, list[str]]], rule: CreditRule, seed: int
) -> None:
    journeys = [
        journey(f"o{number}" if bought else None, *kinds, start=number)
        for number, (bought, kinds) in enumerate(paths)
    ]
    found = credit(journeys, rule, "r")
    assert all(0 <= one.share <= 1 for one in found)
    totals: dict[str, float] = defaultdict(float)
    for one in found:
        totals[one.conversion_id] += one.share
    with_touches = [one.conversion_id for one in journeys if one.conversion_id and one.touches]
    assert sorted(totals) == sorted(with_touches)
    assert list(totals.values()) == pytest.approx([1.0] * len(totals))
    assert all(0 <= effect <= 1 for effect in removal_effects(journeys).values())
    random.Random(seed).shuffle(journeys)
    assert credit(journeys, rule, "r") == found
