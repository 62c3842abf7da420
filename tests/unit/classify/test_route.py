"""What a local decision probably costs, and what it did cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.bootstrap.resources import locate
from intent.classify.route import actual_cost, expected_cost, load_route
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy, load_taxonomy
from tests.conftest import MakeDecision

TAXONOMY = load_taxonomy(locate("prompts") / "taxonomy.yaml")


def test_certainty_costs_nothing(taxonomy: Taxonomy, make_decision: MakeDecision) -> None:
    for labels in (("chatter",), ("price_inquiry", "shipping_inquiry"), ("spam",)):
        assert expected_cost(make_decision(*labels), taxonomy) == pytest.approx(0.0)


def test_a_lead_that_may_be_missed_costs_five_times_its_chance(
    taxonomy: Taxonomy, make_decision: MakeDecision
) -> None:
    decision = make_decision(
        "chatter",
        lead_probability=0.1,
        probabilities={**dict.fromkeys(taxonomy.names, 0.0), "chatter": 0.9},
    )
    assert expected_cost(decision, taxonomy) == pytest.approx(0.5)


def test_a_lead_that_may_be_none_costs_the_chance_of_that(
    taxonomy: Taxonomy, make_decision: MakeDecision
) -> None:
    decision = make_decision(
        "price_inquiry",
        lead_probability=0.7,
        probabilities={**dict.fromkeys(taxonomy.names, 0.0), "price_inquiry": 0.7},
    )
    assert expected_cost(decision, taxonomy) == pytest.approx(0.3)


def test_doubt_between_lead_intents_costs_half_and_among_others_a_fifth(
    taxonomy: Taxonomy, make_decision: MakeDecision
) -> None:
    none = dict.fromkeys(taxonomy.names, 0.0)
    lead = make_decision(
        "price_inquiry", lead_probability=1.0, probabilities={**none, "price_inquiry": 0.6}
    )
    other = make_decision("chatter", lead_probability=0.0, probabilities={**none, "chatter": 0.6})
    assert expected_cost(lead, taxonomy) == pytest.approx(0.5 * 0.4)
    assert expected_cost(other, taxonomy) == pytest.approx(0.2 * 0.4)


@pytest.mark.parametrize(
    ("chosen", "right", "cost"),
    [
        (["chatter"], ["price_inquiry"], 5.0),
        (["price_inquiry"], ["chatter"], 1.0),
        (["price_inquiry"], ["price_inquiry", "shipping_inquiry"], 0.5),
        (["price_inquiry", "objection"], ["price_inquiry"], 0.0),
        (["chatter"], ["spam"], 0.2),
        (["chatter"], ["chatter"], 0.0),
    ],
)
def test_mistakes_cost_what_the_taxonomy_says(
    taxonomy: Taxonomy, chosen: list[str], right: list[str], cost: float
) -> None:
    assert actual_cost(chosen, right, taxonomy) == cost


chances = st.floats(0, 1)


@given(
    st.lists(chances, min_size=13, max_size=13),
    chances,
    st.sets(st.sampled_from(TAXONOMY.names), min_size=1),
)
def test_the_expected_cost_lies_between_nothing_and_the_dearest_mistake(
    given_: list[float], lead: float, labels: set[str]
) -> None:
    chosen = TAXONOMY.in_order(labels)
    decision = Decision(
        dict(zip(TAXONOMY.names, given_, strict=True)),
        chosen,
        lead,
        not TAXONOMY.leads.isdisjoint(chosen),
        DecidedBy.LOCAL,
        Versions("t", "none", "m", "c"),
    )
    assert 0.0 <= expected_cost(decision, TAXONOMY) <= 5.0


def test_the_thresholds_that_ship_can_be_read() -> None:
    assert load_route(locate("prompts") / "route.yaml").ask_above > 0


@pytest.mark.parametrize("text", ["", "ask_above: x", "ask_above: 0.1\nunknown: 1", "["])
def test_a_wrong_file_is_refused_with_the_command_that_writes_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "route.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match="python -m eval route"):
        load_route(path)
