"""Thresholds are chosen by what mistakes cost in a stream, and blends by what each part is
worth.
"""

from __future__ import annotations

import numpy as np
import pytest

from intent.training.calibrate import (
    best_f1_threshold,
    blend,
    cheapest_threshold,
    folds,
    log_loss,
    platt,
    temperature,
)


def graded(share: float, rows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return calibrated probabilities spread over [0, 1], and outcomes drawn from them, thinned to
    a share of positives.
    """
    chance = np.random.default_rng(5)
    probability = chance.random(rows)
    truth = (chance.random(rows) < probability).astype(float)
    kept = (truth < 0.5) | (chance.random(rows) < share / (1 - share))
    return probability[kept], truth[kept]


def test_dearer_misses_lower_the_threshold() -> None:
    probability, truth = graded(0.5)
    low, even, high = (
        cheapest_threshold(probability, truth, missed=missed, false=1.0, share=0.5)
        for missed in (19.0, 1.0, 1 / 9)
    )
    assert 0.05 <= low < 0.15
    assert 0.4 < even <= 0.5
    assert high > 0.75


def test_a_stream_with_fewer_leads_wants_a_higher_threshold() -> None:
    probability, truth = graded(0.5)
    same, fewer = (
        cheapest_threshold(probability, truth, missed=5.0, false=1.0, share=share)
        for share in (0.5, 0.25)
    )
    assert 0.1 < same < fewer <= 0.5


def test_what_is_likelier_a_lead_than_not_is_never_let_go_where_misses_are_dearer() -> None:
    probability, truth = graded(0.5)
    assert cheapest_threshold(probability, truth, missed=5.0, false=1.0, share=0.001) == 0.5


def test_rows_that_hold_fewer_leads_than_a_stream_are_taken_as_they_are() -> None:
    probability, truth = graded(0.03)
    taken = {
        cheapest_threshold(probability, truth, missed=2.0, false=1.0, share=share)
        for share in (0.2, 0.9)
    }
    assert len(taken) == 1


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_outcomes_of_one_kind_still_give_a_threshold(truth: float) -> None:
    assert (
        0
        < cheapest_threshold(np.linspace(0, 1, 50), np.full(50, truth), missed=5.0, false=1.0)
        <= 0.5
    )


def test_f1_thresholds_stay_near_two_fifths() -> None:
    probability, truth = graded(0.5)
    assert 0.3 <= best_f1_threshold(probability, truth) <= 0.5


def test_calibration_undoes_a_wrong_scale() -> None:
    probability, truth = graded(0.5)
    logits = np.log(probability / (1 - probability))
    slope, offset = platt(3 * logits + 1, truth)
    assert slope == pytest.approx(1 / 3, rel=0.1)
    assert offset == pytest.approx(-1 / 3, abs=0.15)
    exclusive = np.column_stack([4 * logits, np.zeros_like(logits)])
    assert temperature(exclusive, np.column_stack([truth, 1 - truth])) == pytest.approx(
        0.25, rel=0.1
    )


def test_a_blend_is_no_worse_than_its_parts() -> None:
    chance = np.random.default_rng(7)
    signal = chance.normal(size=(3000, 2))
    truth = (chance.random((3000, 2)) < 1 / (1 + np.exp(-2 * signal))).astype(float)
    first, second = (signal + chance.normal(size=signal.shape) for _ in range(2))
    nothing = np.zeros_like(first)

    def loss(left: np.ndarray, right: np.ndarray) -> float:
        mix = blend(left, right, truth)
        return log_loss(
            1 / (1 + np.exp(-(left * mix[:, 0] + right * mix[:, 1] + mix[:, 2]))), truth
        )

    assert loss(first, second) < min(loss(first, nothing), loss(nothing, second))


def test_a_group_stays_in_its_fold_when_data_grow() -> None:
    before, after = folds(["a", "b", "c", "a"], 3), folds(["x", "a", "b", "c", "a", "y"], 3)
    assert before.tolist() == after[1:5].tolist()
    assert before[0] == before[3]
