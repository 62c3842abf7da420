"""The statistics are right: against scikit-learn where it has them, against simulation where nobody
has.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from eval.measure import classification
from eval.measure.reliability import calibration
from intent.statistics.rooms import (
    Estimate,
    bootstrap,
    detectable,
    drawn_weights,
    family_level,
    holm,
    mcnemar,
    mean,
    messages_needed,
    room_sums,
)

ROOMS, SIZE = 60, 12
SIMULATIONS = 2500


def sample(seed: int, rows: int = 300):
    random = np.random.default_rng(seed)
    truth = random.random((rows, 4)) < 0.3
    probability = np.round(np.clip(truth * 0.4 + random.random((rows, 4)) * 0.6, 0, 1), 2)
    return truth, probability, random.integers(0, 4, rows).astype(float)


def test_counts_and_their_ratios_equal_scikit_learns_for_any_weights() -> None:
    truth, probability, weights = sample(1)
    chosen = probability > 0.5
    theirs = sklearn.metrics.precision_recall_fscore_support(
        truth, chosen, sample_weight=weights, zero_division=np.nan
    )
    for ours, name in zip(
        (classification.precision, classification.recall, classification.f1), theirs, strict=False
    ):
        assert ours(weights[None, :] @ classification.cells(truth, chosen))[0] == pytest.approx(
            name
        )
    macro = sklearn.metrics.f1_score(truth, chosen, average="macro", sample_weight=weights)
    assert classification.macro_f1(weights[None, :] @ classification.cells(truth, chosen))[
        0, 0
    ] == pytest.approx(macro)


def test_average_precision_equals_scikit_learns_with_ties_and_weights() -> None:
    truth, probability, weights = sample(2)
    ours = classification.average_precision(
        truth[:, 0], probability[:, 0], np.stack([np.ones(len(weights)), weights])
    )
    theirs = [
        sklearn.metrics.average_precision_score(truth[:, 0], probability[:, 0], sample_weight=given)
        for given in (None, weights)
    ]
    assert ours == pytest.approx(theirs)


def test_log_loss_and_brier_equal_scikit_learns() -> None:
    truth, probability, _ = sample(3)
    probability = np.clip(probability, 0.01, 0.99)
    assert classification.log_loss(truth[:, 0], probability[:, 0]).mean() == pytest.approx(
        sklearn.metrics.log_loss(truth[:, 0], probability[:, 0])
    )
    assert classification.brier(truth[:, 0], probability[:, 0]).mean() == pytest.approx(
        sklearn.metrics.brier_score_loss(truth[:, 0], probability[:, 0])
    )


def test_a_label_that_is_never_right_nor_chosen_has_no_f1_and_does_not_count() -> None:
    truth = np.array([[True, False], [True, False]])
    summed = classification.cells(truth, truth).sum(axis=0, keepdims=True)
    assert np.isnan(classification.f1(summed)[0, 1])
    assert classification.macro_f1(summed)[0, 0] == 1.0


def test_draws_take_whole_rooms_and_keep_their_number() -> None:
    rooms = np.array([0, 0, 1, 1, 1, 2])
    for weights in drawn_weights(rooms, 50, seed=1):
        assert (weights[:, 0] == weights[:, 1]).all()
        assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_without_clusters_the_mean_has_students_interval() -> None:
    values = np.random.default_rng(4).normal(1.0, 2.0, 50)
    found = mean(values, np.arange(50))
    assert (found.low, found.high) == pytest.approx(
        scipy.stats.t.interval(0.95, 49, values.mean(), scipy.stats.sem(values))
    )


def test_mcnemar_is_the_exact_binomial_test_and_one_where_nothing_differs() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(1, 9) == pytest.approx(2 * scipy.stats.binom.cdf(1, 10, 0.5))


def test_holm_raises_p_values_step_by_step_and_leaves_the_unknown_unknown() -> None:
    assert holm([0.01, 0.04, 0.03, float("nan")])[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert np.isnan(holm([0.01, float("nan")])[1])
    assert family_level(5) == pytest.approx(0.99)


def test_a_share_without_any_error_still_has_an_interval() -> None:
    found = bootstrap(lambda weights: np.ones(len(weights)), np.arange(20), share=True)
    assert found.low == pytest.approx(0.025 ** (1 / 20))
    assert found.high == 1.0


def test_nothing_can_be_said_of_a_single_room() -> None:
    found = mean(np.ones(5), np.zeros(5, dtype=np.int64))
    assert np.isnan(found.low)
    assert np.isnan(detectable(found))
    assert messages_needed(5, found, 0.1) is None


def test_an_effect_that_is_half_as_large_needs_four_times_the_messages() -> None:
    found = Estimate(0.0, -0.02, 0.02, 0.01, 1.0, 80, 79)
    smallest = detectable(found)
    assert messages_needed(1000, found, smallest) == 1000
    assert messages_needed(1000, found, smallest / 2) == pytest.approx(4000, abs=1)


def test_more_messages_than_anybody_would_collect_are_no_number() -> None:
    found = Estimate(0.0, -0.02, 0.02, 0.01, 1.0, 80, 79)
    assert messages_needed(1000, found, detectable(found) / 3) is not None
    assert messages_needed(1000, found, detectable(found) / 4) is None


def rooms_that_differ(random: np.random.Generator, spread: float = 1.0):
    """Truth and two deciders who are equally good on the whole, while each room suits one of them
    better: (truth, first, second, rooms).
    """
    rooms = np.repeat(np.arange(ROOMS), SIZE)
    ease, favour = random.normal(0, 0.7, ROOMS), random.normal(0, spread, ROOMS)
    truth = random.random(len(rooms)) < 0.4
    right = [
        random.random(len(rooms)) < 1 / (1 + np.exp(-(1.2 + ease + side * favour)[rooms]))
        for side in (1, -1)
    ]
    return truth, *(np.where(one, truth, ~truth) for one in right), rooms


def f1_difference(truth, first, second, rooms, seed: int) -> Estimate:
    old, new = (room_sums(classification.cells(truth, one), rooms) for one in (first, second))
    return bootstrap(
        lambda times: (classification.f1(times @ new) - classification.f1(times @ old))[:, 0],
        np.arange(ROOMS),
        draws=400,
        seed=seed,
    )


def share_below(p_values: list[float]) -> float:
    return float(np.mean(np.array(p_values) < 0.05))


@pytest.mark.slow
def test_clustered_means_raise_five_false_alarms_in_a_hundred_when_rooms_differ_and_mcnemar_many_more() -> (
    None
):
    random = np.random.default_rng(20261120)
    clustered, naive = [], []
    for _ in range(2 * SIMULATIONS):
        truth, first, second, rooms = rooms_that_differ(random)
        one, other = first == truth, second == truth
        clustered.append(mean(other.astype(float) - one, rooms).p)
        naive.append(mcnemar(int((one & ~other).sum()), int((~one & other).sum())))
    assert share_below(clustered) == pytest.approx(0.05, abs=0.015)
    assert share_below(naive) > 0.10


@pytest.mark.slow
def test_the_clustered_f1_difference_raises_five_false_alarms_in_a_hundred_and_its_intervals_cover() -> (
    None
):
    random = np.random.default_rng(7)
    p_values, covered = [], []
    for seed in range(SIMULATIONS):
        truth, first, second, rooms = rooms_that_differ(random)
        found = f1_difference(truth, first, second, rooms, seed)
        p_values.append(found.p)
        covered.append(found.low <= 0 <= found.high)
    assert share_below(p_values) == pytest.approx(0.05, abs=0.015)
    assert float(np.mean(covered)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_intervals_of_f1_and_average_precision_cover_their_true_values() -> None:
    random = np.random.default_rng(11)

    def drawn(rooms_count: int):
        rooms = np.repeat(np.arange(rooms_count), SIZE)
        truth = random.random(len(rooms)) < 0.4
        logits = (
            np.where(truth, 1.0, -1.0)
            + random.normal(0, 0.8, rooms_count)[rooms]
            + random.normal(0, 1.0, len(rooms))
        )
        return truth, np.round(1 / (1 + np.exp(-logits)), 3), rooms

    def statistics(truth, probability, weights):
        summed = weights @ classification.cells(truth, probability > 0.5)
        return classification.f1(summed)[:, 0], classification.average_precision(
            truth, probability, weights
        )

    truth, probability, _ = drawn(30_000)
    true = [float(one[0]) for one in statistics(truth, probability, np.ones((1, len(truth))))]
    covered: list[list[bool]] = [[], []]
    for seed in range(SIMULATIONS // 4):
        truth, probability, rooms = drawn(ROOMS)
        for place, kept in enumerate(covered):
            found = bootstrap(
                lambda w, t=truth, p=probability, n=place: statistics(t, p, w)[n],
                rooms,
                draws=300,
                seed=seed,
                share=True,
            )
            kept.append(found.low <= true[place] <= found.high)
    assert [float(np.mean(kept)) for kept in covered] == pytest.approx([0.95, 0.95], abs=0.02)


@pytest.mark.slow
def test_log_loss_finds_the_overconfidence_that_f1_cannot_see() -> None:
    random = np.random.default_rng(13)
    rooms = np.repeat(np.arange(80), SIZE)
    found_by_loss = 0
    for _ in range(50):
        logits = random.normal(0, 1.5, len(rooms))
        truth = random.random(len(rooms)) < 1 / (1 + np.exp(-logits))
        honest, loud = (1 / (1 + np.exp(-scale * logits)) for scale in (1.0, 2.5))
        one, other = (
            classification.f1(classification.cells(truth, said > 0.5).sum(axis=0, keepdims=True))
            for said in (honest, loud)
        )
        assert one == other
        found_by_loss += (
            mean(
                classification.log_loss(truth, loud) - classification.log_loss(truth, honest), rooms
            ).low
            > 0
        )
    assert found_by_loss >= 48


def test_a_perfect_decider_stays_in_its_null_band_though_its_calibration_error_is_not_zero() -> (
    None
):
    random = np.random.default_rng(17)
    verdicts, errors = [], []
    for seed in range(200):
        probability = random.beta(0.5, 0.5, 150)
        found = calibration(random.random(150) < probability, probability, draws=200, seed=seed)
        verdicts.append(found.verdict)
        errors.append(found.error)
    assert np.mean([verdict == "calibrated" for verdict in verdicts]) == pytest.approx(
        0.95, abs=0.05
    )
    assert np.mean(errors) > 0.03


def test_an_overconfident_decider_leaves_its_null_band() -> None:
    random = np.random.default_rng(19)
    logits = random.normal(0, 1.5, 1000)
    truth = random.random(1000) < 1 / (1 + np.exp(-logits))
    assert calibration(truth, 1 / (1 + np.exp(-3 * logits))).verdict == "overconfident"
    assert calibration(truth, 1 / (1 + np.exp(-0.3 * logits))).verdict == "underconfident"
