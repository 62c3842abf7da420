"""A column that tells the answer alone is named, and one that only helps is not."""

from __future__ import annotations

import numpy as np
import pytest

from eval.measure.giveaways import giveaways, refuse_giveaways, refuse_impossible
from intent.model.errors import OperatorError

ROWS = 20_000


def drawn(share: float) -> tuple[np.random.Generator, np.ndarray]:
    chance = np.random.default_rng(1)
    return chance, chance.random(ROWS) < share


def named(label: np.ndarray, column: np.ndarray) -> list[str]:
    matrix = np.column_stack([np.arange(ROWS) % 7, column])
    return [one.name for one in giveaways(["other", "column"], matrix, "ordered", label)]


@pytest.mark.parametrize("share", [0.005, 0.3, 0.7])
def test_a_column_that_is_the_label_is_named_however_it_is_written(share: float) -> None:
    chance, label = drawn(share)
    for column in (
        label * 1.0,
        7.0 - 3 * label,
        np.where(label, np.nan, 1.0),
        label + chance.normal(size=ROWS) * 0.1,
        np.where(label, chance.random(ROWS) + 0.3 < 0.5, 0.4),
    ):
        assert named(label, column) == ["column"]


def test_a_column_that_knows_some_of_the_answers_for_sure_is_named() -> None:
    chance, label = drawn(0.01)
    column = np.where(chance.random(ROWS) < 0.3, label * 1.0, np.nan)
    assert named(label, column) == ["column"]


def test_columns_that_only_help_are_not_named() -> None:
    chance = np.random.default_rng(2)
    helps = chance.normal(size=ROWS)
    for level in (-5.0, -1.0, 2.0):
        label = chance.random(ROWS) < 1 / (1 + np.exp(-level - 1.5 * helps))
        assert named(label, helps) == []
        assert named(label, np.round(helps)) == []
        assert named(label, np.full(ROWS, np.nan)) == []


def test_few_positives_say_nothing() -> None:
    label = np.zeros(ROWS, dtype=bool)
    label[:10] = True
    assert named(label, label * 1.0) == []


def test_what_is_refused_says_which_column_and_what_to_do() -> None:
    _, label = drawn(0.1)
    with pytest.raises(OperatorError, match=r"paid \(tells ordered with an AUC of 1.000\)"):
        refuse_giveaways(["paid"], label[:, None] * 1.0, ordered=label)
    with pytest.raises(OperatorError, match=r"0\.970.*late, early"):
        refuse_impossible(0.97, "orders", {"early": 1.0, "late": 2.0})
    refuse_impossible(0.8, "orders", {})
    refuse_impossible(float("nan"), "orders", {})
