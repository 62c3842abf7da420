"""Errors that respect clusters are those of statsmodels and pyfixest, and those of leaving one out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from intent.statistics.clusters import fit_clusters

ORACLE = json.loads((Path(__file__).parents[2] / "data/clustered_oracle.json").read_text())
VIEWERS, ORDERS, TREATED, EARLIER = (
    np.array(ORACLE[key], float) for key in ("viewers", "orders", "treated", "earlier")
)
ROOMS = len(VIEWERS)


def design(covariate: bool) -> np.ndarray:
    columns = [np.ones(ROOMS), TREATED, *([EARLIER] if covariate else [])]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("covariate", [False, True])
def test_crv1_equals_statsmodels_over_every_single_viewer(covariate) -> None:
    rooms = np.repeat(np.arange(ROOMS), VIEWERS.astype(int))
    ordered = np.concatenate(
        [
            np.r_[np.ones(int(some)), np.zeros(int(every - some))]
            for some, every in zip(ORDERS, VIEWERS, strict=True)
        ]
    )
    theirs = sm.OLS(ordered, design(covariate)[rooms]).fit(
        cov_type="cluster", cov_kwds={"groups": rooms}
    )
    ours = fit_clusters(design(covariate), ORDERS / VIEWERS, VIEWERS)
    assert ours.values == pytest.approx(theirs.params, rel=1e-9)
    assert ours.crv1(len(ordered)) == pytest.approx(theirs.bse, rel=1e-9)


@pytest.mark.parametrize("formula", ["ordered ~ treated", "ordered ~ treated + earlier"])
def test_crv3_equals_pyfixest_but_for_the_factor_of_few_clusters(formula) -> None:
    """Theirs is the plain sum of squares of what leaving a room out changes, before any factor."""
    ours = fit_clusters(design("earlier" in formula), ORDERS / VIEWERS, VIEWERS)
    effect, error = ORACLE["coefficient and error"][f"{formula}, CRV3"]
    assert ours.values[1] == pytest.approx(effect, rel=1e-9)
    assert ours.crv3()[1] * np.sqrt(ROOMS / (ROOMS - 1)) == pytest.approx(error, rel=1e-9)
    effect, error = ORACLE["coefficient and error"][f"{formula}, CRV1"]
    assert np.sqrt((ours.scores[:, 1] ** 2).sum()) == pytest.approx(error, rel=1e-9)


def test_what_leaving_a_room_out_changes_is_what_a_fit_without_it_says() -> None:
    ours = fit_clusters(design(True), ORDERS / VIEWERS, VIEWERS)
    for room in range(ROOMS):
        kept = np.arange(ROOMS) != room
        without = fit_clusters(design(True)[kept], (ORDERS / VIEWERS)[kept], VIEWERS[kept])
        assert ours.left_out[room] == pytest.approx(without.values - ours.values)


def test_many_experiments_at_once_are_each_of_them() -> None:
    outcomes = np.stack([ORDERS / VIEWERS, EARLIER])
    together = fit_clusters(
        np.broadcast_to(design(False), (2, ROOMS, 2)), outcomes, np.stack([VIEWERS, VIEWERS])
    )
    for row in range(2):
        alone = fit_clusters(design(False), outcomes[row], VIEWERS)
        assert together.values[row] == pytest.approx(alone.values)
        assert together.crv3()[row] == pytest.approx(alone.crv3())


def test_an_arm_of_one_room_has_no_error_and_one_without_rooms_no_value() -> None:
    alone = np.zeros(ROOMS)
    alone[3] = 1
    columns = np.stack([np.ones(ROOMS), alone], axis=-1)
    assert np.isnan(fit_clusters(columns, ORDERS / VIEWERS, VIEWERS).crv3()[1])
    nobody = np.stack([np.ones(ROOMS), np.zeros(ROOMS)], axis=-1)
    assert np.isnan(fit_clusters(nobody, ORDERS / VIEWERS, VIEWERS).values).all()
