"""Calibrated is who is right in loss, in bias and in every bin; what is wrong is named."""

from __future__ import annotations

import numpy as np
import pytest

from eval.measure.finished import load_run
from eval.measure.metrics import measure
from eval.measure.reliability import calibration
from tests.unit.eval.oracle import Oracle, local, make_run, taxonomy, write_suite


def world(seed: int, rows: int = 1000, centre: float = -1.5):
    """Logits of leads, and what came true of them."""
    random = np.random.default_rng(seed)
    logits = random.normal(centre, 1.5, rows)
    return random.random(rows) < share(logits), logits


def share(logits):
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("step", [1.2, -1.2])
def test_a_shift_of_all_logits_is_named_with_its_size(step) -> None:
    truth, logits = world(3)
    found = calibration(truth, share(logits + step))
    assert found.verdict == ("too high" if step > 0 else "too low")
    assert found.shift == pytest.approx(-step, abs=0.3)
    assert found.bias * step > 0


def test_a_shift_that_no_loss_shows_is_not_called_calibrated() -> None:
    """Probabilities near one half cost about log 2, whatever comes true."""
    truth = np.random.default_rng(5).random(600) < 0.42
    found = calibration(truth, np.full(600, 0.5) + np.linspace(-1e-6, 1e-6, 600))
    assert found.low <= found.log_loss <= found.high
    assert found.verdict == "too high"


def test_errors_that_cancel_out_are_called_uneven() -> None:
    truth, logits = world(7, centre=0.0)
    said = np.where(np.arange(1000) % 2 == 0, 0.35, 0.65)
    found = calibration(np.random.default_rng(8).random(1000) < 0.5, said)
    assert found.verdict != "calibrated"
    assert calibration(truth, share(logits)).verdict == "calibrated"


def test_a_perfect_decider_is_called_calibrated_though_it_is_judged_by_three_bands() -> None:
    verdicts = [
        calibration(truth, share(logits), seed=seed).verdict
        for seed in range(120)
        for truth, logits in [world(100 + seed, 400)]
    ]
    assert np.mean([verdict == "calibrated" for verdict in verdicts]) >= 0.9


@pytest.mark.parametrize("comes_true", [True, False])
def test_a_label_that_always_or_never_comes_true_has_a_finite_shift(comes_true) -> None:
    found = calibration(np.full(50, comes_true), np.full(50, 0.5))
    assert np.isfinite(found.shift)
    assert found.verdict == ("too low" if comes_true else "too high")


def test_repeats_of_a_message_make_nobody_look_miscalibrated(tmp_path) -> None:
    suite = write_suite(tmp_path)
    folder = make_run(tmp_path / "run", suite, local(Oracle()), repeat=4, sample=200)
    run = load_run(folder, taxonomy())
    once = run.scored.only(np.array([one.repeat == 0 for one in run.predictions]))
    four, one = (
        measure(scored, run.suite, taxonomy())["calibration"] for scored in (run.scored, once)
    )
    assert four["lead"]["rows"] == 200
    assert {name: each["verdict"] for name, each in four.items()} == {
        name: each["verdict"] for name, each in one.items()
    }
