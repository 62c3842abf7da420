"""From probabilities to labels: the lead head decides the group, labels that stand alone stand
alone.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intent.classify.local.choice import Rule

RULE = Rule(
    labels=("buy", "price", "object", "spam", "chatter"),
    leads=frozenset({"buy", "price"}),
    alone=frozenset({"spam", "chatter"}),
    thresholds=(0.4,) * 5,
    lead_threshold=0.25,
    exclusive=False,
)


def test_above_the_lead_threshold_the_likeliest_lead_is_chosen_even_where_chatter_is_likelier() -> (
    None
):
    assert RULE.choose((0.2, 0.1, 0.0, 0.0, 0.7), 0.3) == ("buy",)


def test_below_it_no_lead_is_chosen() -> None:
    assert RULE.choose((0.45, 0.1, 0.0, 0.0, 0.3), 0.2) == ("chatter",)


def test_several_labels_are_chosen_in_order() -> None:
    assert RULE.choose((0.5, 0.6, 0.5, 0.0, 0.1), 0.9) == ("buy", "price", "object")


def test_exclusive_labels_are_one() -> None:
    assert Rule(("a", "b"), frozenset(), frozenset(), (0.1, 0.1), None, exclusive=True).choose(
        (0.4, 0.6), 0.0
    ) == ("b",)


def test_without_a_lead_head_each_label_stands_for_itself() -> None:
    assert Rule(("a", "b"), frozenset(), frozenset(), (0.4, 0.4), None, exclusive=False).choose(
        (0.1, 0.2), 0.0
    ) == ("b",)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5), st.floats(0, 1))
def test_every_choice_is_valid(probabilities: list[float], lead: float) -> None:
    chosen = RULE.choose(probabilities, lead)
    assert chosen
    assert list(chosen) == [name for name in RULE.labels if name in chosen]
    assert len(chosen) == 1 or RULE.alone.isdisjoint(chosen)
    assert (lead >= 0.25) == bool(RULE.leads & set(chosen))
