"""Trees for ranking: the position is a feature, and 1 when ranking."""

from __future__ import annotations

import numpy as np
import pytest

from intent.model.errors import OperatorError
from intent.ranking.boosting import BoostingKnobs, LabelledRows, fit, trees_from_text

FEW = BoostingKnobs(trees=60, least_rows=50)
SHOWN = np.array([1.0, 0.6, 0.4, 0.3])
"""How often a position is looked at."""


def log(seed: int, size: int = 20_000) -> tuple[LabelledRows, np.ndarray]:
    """Return rows whose first feature says relevance and whose policy put the relevant first."""
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(size, 2))
    relevance = 1 / (1 + np.exp(2 - matrix[:, 0]))
    position = 1 + np.clip(np.round(1.5 - matrix[:, 0] + chance.normal(size=size)), 0, 3)
    clicked = chance.random(size) < relevance * SHOWN[position.astype(int) - 1]
    return LabelledRows(matrix, clicked.astype(int), position), relevance


def test_at_the_first_position_the_mean_prediction_is_the_true_relevance() -> None:
    rows, relevance = log(1)
    with_position = fit(rows, ("relevant", "noise"), knobs=FEW)
    without = fit(LabelledRows(rows.matrix, rows.labels), ("relevant", "noise"), knobs=FEW)
    assert with_position.predict(rows.matrix).mean() / relevance.mean() == pytest.approx(1, abs=0.1)
    assert without.predict(rows.matrix).mean() / relevance.mean() < 0.8


def test_a_model_that_was_written_and_read_predicts_the_same() -> None:
    rows, _ = log(2, 2_000)
    trees = fit(rows, ("relevant", "noise"), knobs=FEW)
    again = trees_from_text(trees.text())
    assert again.names == ("relevant", "noise")
    assert (again.predict(rows.matrix) == trees.predict(rows.matrix)).all()
    assert trees.gains()["relevant"] > trees.gains()["noise"]
    with pytest.raises(OperatorError, match="no model"):
        trees_from_text("nothing")


def test_held_out_rows_end_the_growth_of_trees_that_learn_noise() -> None:
    chance = np.random.default_rng(3)
    noise = [
        LabelledRows(chance.normal(size=(2_000, 3)), chance.integers(0, 2, 2_000)) for _ in "ab"
    ]
    names = ("a", "b", "c")
    grown = fit(noise[0], names, held_out=noise[1], knobs=BoostingKnobs(trees=100))
    spread = grown.predict(noise[1].matrix).std()
    assert spread < fit(noise[0], names).predict(noise[1].matrix).std()


def test_one_label_and_a_wrong_number_of_features_are_refused() -> None:
    rows, _ = log(4, 500)
    with pytest.raises(OperatorError, match="same label"):
        fit(LabelledRows(rows.matrix, np.zeros(500)), ("a", "b"), knobs=FEW)
    trees = fit(rows, ("a", "b"), knobs=BoostingKnobs(trees=2))
    with pytest.raises(OperatorError, match="reads 2 features"):
        trees.predict(np.zeros((1, 3)))
