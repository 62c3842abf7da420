"""Prices, sunsets and calibration are data; what nobody knows is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from intent.classify.llm.calibration import load_calibration, measure
from intent.classify.llm.models import Prices, choose_model, cost, load_models, sunset_warning
from intent.model.completion import Usage
from intent.model.decision import UNMEASURED
from intent.model.errors import OperatorError, TemplateError
from tests.unit.classify.llm.asking import PROMPTS, TAXONOMY

REGISTRY = load_models(PROMPTS / "models.yaml")


def test_a_million_comments_one_a_call_cost_what_the_arithmetic_says() -> None:
    prices = REGISTRY["gpt-6-luna"].prices
    assert cost(prices, Usage(input=830, output=60)) * 1_000_000 / 1e9 == pytest.approx(113.0)
    assert (
        cost(prices, Usage(input=2000, cached=1536, cache_write=128, output=10))
        == 336 * 100 + 1536 * 10 + 128 * 125 + 10 * 500
    )


def test_without_a_price_of_their_own_cached_tokens_cost_what_input_costs() -> None:
    assert (
        cost(Prices(input=1.0, output=2.0), Usage(input=10, cached=5, cache_write=5, output=1))
        == 10_000 + 2_000
    )


def test_an_unknown_model_needs_a_configured_price() -> None:
    with pytest.raises(OperatorError, match="INTENT_LLM_PRICE_INPUT"):
        choose_model(REGISTRY, "my-own", None)
    assert choose_model(REGISTRY, "my-own", Prices(input=0, output=0)).id == "my-own"
    assert choose_model(REGISTRY, "gpt-6-luna", Prices(input=9, output=9)).prices.input == 9


def test_a_model_that_is_shut_down_soon_is_warned_of() -> None:
    old = REGISTRY["gpt-4o-mini"]
    assert sunset_warning(old, date(2026, 1, 1)) is None
    assert "2027-01-14" in (sunset_warning(old, date(2026, 11, 20)) or "")
    assert sunset_warning(REGISTRY["gpt-6-luna"], date(2026, 11, 20)) is None


def test_until_an_eval_has_measured_answers_are_taken_at_their_word() -> None:
    calibration = load_calibration(PROMPTS / "calibration.yaml", TAXONOMY, prompt="x", model="y")
    assert calibration.version == UNMEASURED
    assert calibration.probabilities(["spam"])["spam"] == 1.0
    assert sum(calibration.probabilities(["spam"]).values()) == 1.0


def test_measured_pairs_make_probabilities_shrunk_per_label_where_measured(tmp_path: Path) -> None:
    path = tmp_path / "calibration.yaml"
    path.write_text(
        "measured:\n- {prompt: p, model: m, messages: 100, pooled: [0.9, 0.01], lead: [0.95, "
        "0.03], labels: {spam: [0.97, 0.004]}}\n"
    )
    calibration = load_calibration(path, TAXONOMY, prompt="p", model="m")
    assert calibration.version not in {UNMEASURED, ""}
    assert tuple(calibration.probabilities(["spam"])) == TAXONOMY.names
    assert calibration.probabilities(["spam"]) == {
        **dict.fromkeys(TAXONOMY.names, 0.01),
        "spam": 0.97,
    }
    assert (
        calibration.lead_probability(named=True),
        calibration.lead_probability(named=False),
    ) == (0.95, 0.03)
    assert load_calibration(path, TAXONOMY, prompt="other", model="m").version == UNMEASURED


def test_a_label_that_was_seldom_named_is_taken_to_be_worth_what_labels_are_worth() -> None:
    rows = (
        [(["price_inquiry"], ["price_inquiry"])] * 90
        + [(["price_inquiry"], ["chatter"])] * 10
        + [(["chatter"], ["chatter"])] * 100
    )
    rows += [(["spam"], ["chatter"])]
    measured = measure(rows, TAXONOMY, prompt="p", model="m")
    assert measured.messages == 201
    assert measured.pooled[0] == pytest.approx(190 / 201, abs=0.01)
    assert measured.labels["price_inquiry"][0] == pytest.approx(
        (90 + 20 * measured.pooled[0]) / 120, abs=1e-4
    )
    assert measured.labels["spam"][0] > 0.85, "one wrong answer says little"
    assert measured.lead[0] < measured.labels["chatter"][0]
    assert 0 < measured.pooled[1] < 0.01


def test_what_was_measured_can_be_written_down_and_read_again(tmp_path: Path) -> None:
    measured = measure([(["spam"], ["spam"])], TAXONOMY, prompt="p", model="m")
    path = tmp_path / "calibration.yaml"
    path.write_text(
        yaml.safe_dump({"measured": [measured.model_dump(mode="json")]}), encoding="utf-8"
    )
    assert load_calibration(path, TAXONOMY, prompt="p", model="m").version != UNMEASURED


@pytest.mark.parametrize(
    "text", ["", "measured: 5", "measured: [{prompt: p}]", "measured: []\nmore: 1", "measured: [[["]
)
def test_a_wrong_calibration_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.yaml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=r"calibration\.yaml"):
        load_calibration(path, TAXONOMY, prompt="p", model="m")
