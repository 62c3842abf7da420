"""A ranker says clicks and orders as they are, and is served with the features it was trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intent.features.definitions.definitions import Definitions, load_definitions
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.ranking.boosting import BoostingKnobs
from intent.ranking.click_order import CLICKS, ClickOrderModel
from intent.ranking.impression_log import NEVER
from intent.ranking.ranker_folder import MANIFEST, load_ranker, save_ranker
from intent.ranking.ranking_rows import RankingRows
from intent.ranking.tree_ranker import fit_tree_ranker
from tests.unit.ranking.shown_log import invented

KNOBS = BoostingKnobs(trees=80, leaves=8, least_rows=80)
NAMES = ("user__lead__count_1h", "room__lead__count_1h", "creator__lead__count_7d")


@pytest.fixture(scope="module")
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture(scope="module")
def trained(definitions: Definitions) -> ClickOrderModel:
    matrix, shown, _, _ = invented(1)
    chosen = definitions.choose("ranking_v1", NAMES)
    return fit_tree_ranker(
        chosen, NAMES, RankingRows(matrix), shown, knobs=KNOBS, order_knobs=KNOBS
    )


def test_at_the_first_position_clicks_are_said_as_often_as_things_are_relevant(
    trained: ClickOrderModel,
) -> None:
    matrix, _, relevance, _ = invented(2)
    assert trained.score(RankingRows(matrix)).click.mean() / relevance.mean() == pytest.approx(
        1, abs=0.05
    )


def test_orders_that_come_later_are_said_too(trained: ClickOrderModel) -> None:
    matrix, shown, _, wants = invented(2)
    said = trained.score(RankingRows(matrix)).order_after_click[shown.clicked]
    assert shown.ordered[shown.clicked].mean() < 0.9 * wants[shown.clicked].mean()
    assert said.mean() / wants[shown.clicked].mean() == pytest.approx(1, abs=0.1)


def test_the_score_of_an_order_is_that_of_a_click_and_of_an_order_behind_it(
    trained: ClickOrderModel,
) -> None:
    scores = trained.score(RankingRows(np.zeros((2, 3))), np.array([1, 4]))
    assert scores.click[0] > scores.click[1]
    assert (scores.order == scores.click * scores.order_after_click).all()


def test_without_clicks_in_the_end_nothing_can_be_calibrated(definitions: Definitions) -> None:
    matrix, shown, _, _ = invented(3, 400)
    shown.clicked_at[200:] = NEVER
    with pytest.raises(OperatorError, match="longer history"):
        fit_tree_ranker(definitions.choose("mine", NAMES), NAMES, RankingRows(matrix), shown)


def test_without_orders_there_is_nothing_to_learn(definitions: Definitions) -> None:
    matrix, shown, _, _ = invented(3, 2_000)
    shown.told_at[:] = NEVER
    with pytest.raises(OperatorError, match="nothing can be learned"):
        fit_tree_ranker(
            definitions.choose("mine", NAMES), NAMES, RankingRows(matrix), shown, knobs=KNOBS
        )


@pytest.fixture
def saved(tmp_path: Path, definitions: Definitions) -> Path:
    chosen = definitions.feature_set("ranking_v1")
    matrix, shown, _, _ = invented(4, 3_000)
    wide = RankingRows(np.repeat(matrix, 14, axis=1)[:, : len(chosen.names)])
    few = BoostingKnobs(trees=5, least_rows=50)
    model = fit_tree_ranker(chosen, chosen.names, wide, shown, knobs=few, order_knobs=few)
    save_ranker(model, tmp_path / "ranker")
    again = load_ranker(tmp_path / "ranker", definitions)
    assert (again.score(wide).order == model.score(wide).order).all()
    assert (again.days, again.learnt, again.maturity) == (model.days, model.learnt, model.maturity)
    return tmp_path / "ranker"


def test_a_ranker_whose_feature_set_is_another_one_today_is_refused(
    saved: Path, definitions: Definitions
) -> None:
    manifest = saved / MANIFEST
    digest = definitions.feature_set("ranking_v1").version
    text = manifest.read_text(encoding="utf-8").replace(digest, "0123456789ab")
    manifest.write_text(text, encoding="utf-8")
    with pytest.raises(OperatorError, match="0123456789ab"):
        load_ranker(saved, definitions)


def test_a_folder_that_is_not_whole_is_refused(saved: Path, definitions: Definitions) -> None:
    (saved / CLICKS).write_text("tree", encoding="utf-8")
    with pytest.raises(OperatorError, match="copy the whole"):
        load_ranker(saved, definitions)
    (saved / CLICKS).unlink()
    with pytest.raises(OperatorError, match="cannot be read"):
        load_ranker(saved, definitions)
    (saved / MANIFEST).write_text("{}", encoding="utf-8")
    with pytest.raises(OperatorError, match="another version"):
        load_ranker(saved, definitions)
    (saved / MANIFEST).unlink()
    with pytest.raises(OperatorError, match="no ranker"):
        load_ranker(saved, definitions)
