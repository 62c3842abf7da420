"""What is ranked online gets the scores that the same rows got offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from intent.bootstrap.application import migrations_dir
from intent.features.definitions.definitions import Definitions, FeatureSet, load_definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.facts import export_facts
from intent.features.offline.history import KnownHistory
from intent.features.offline.model_input import numeric_names
from intent.features.online.read import FeatureReader
from intent.features.online.state import SqlFeatureState
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.ranking.boosting import BoostingKnobs
from intent.ranking.click_order import ClickOrderModel
from intent.ranking.entire_space_training import NetworkKnobs
from intent.ranking.impression_log import KEYS, read_impressions, write_requests
from intent.ranking.network_ranker import fit_network_ranker
from intent.ranking.online_ranker import OnlineRanker
from intent.ranking.ranker_folder import load_ranker, save_ranker
from intent.ranking.ranking_rows import RankingRows, built_rows
from intent.ranking.tree_ranker import fit_tree_ranker
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.times import from_microseconds
from tests.unit.features.history import DAY, NOW, Said, Verdict, World
from tests.unit.ranking.shown_log import click, order, shown, write_log

SEED, USERS, ROOMS = 7, 8, 6
FEW = BoostingKnobs(trees=8, leaves=6, least_rows=5)
CLOSE = {"trees": 1e-9, "network": 1e-5}
"""A network sums in single precision, and in another order where rows are fewer."""


@pytest.fixture
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


def spoken(chance: np.random.Generator, size: int) -> list[tuple[str, Said, Verdict]]:
    told = []
    for _ in range(size):
        room = int(chance.integers(0, ROOMS))
        said = Said(
            NOW - int(chance.integers(0, 8 * DAY)),
            f"u_{chance.integers(0, USERS)}",
            f"c_{room}",
            f"{room}",
            None,
        )
        asks = bool(chance.random() < 0.5)
        p = tuple(int(n) for n in chance.integers(0, 1_000_000, 13))
        label = "price_inquiry" if asks else "chatter"
        told.append(("decide", said, Verdict((label,), p, 700_000 * asks, True, False)))
    return told


def log_of(chance: np.random.Generator, folder: Path) -> Path:
    rows, clicks, bought = [], [], []
    for number in range(60):
        at = from_microseconds(NOW - 4 * DAY + number * DAY // 16)
        user = f"u_{chance.integers(0, USERS)}"
        for place, room in enumerate(chance.permutation(ROOMS)[:4]):
            rows.append(shown(f"q{number}", f"{room}", place + 1, at, user))
            if chance.random() < 0.5:
                clicks.append(click(rows[-1], at))
                if chance.random() < 0.4:
                    bought.append(order(f"o{len(bought)}", rows[-1], at, at))
    return write_log(folder, rows, clicks, bought)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """SQLite alone: that both databases read the same is what the features' own tests show."""
    opened = Database(sqlite_url)
    migrate(opened, migrations_dir())
    yield opened
    opened.close()


def trained(kind: str, chosen: FeatureSet, rows: RankingRows, log: Path) -> ClickOrderModel:
    shown = read_impressions(log)
    if kind == "network":
        small = NetworkKnobs(hidden=8, width=4, passes=2)
        return fit_network_ranker(chosen, rows, shown, knobs=small)
    names = numeric_names(chosen)
    return fit_tree_ranker(chosen, names, rows, shown, knobs=FEW, order_knobs=FEW)


@pytest.mark.parametrize(
    ("kind", "name"), [("trees", "ranking_v1"), ("network", "ranking_sequence_v1")]
)
def test_scores_read_online_equal_those_of_the_rows_that_were_built(
    kind: str,
    name: str,
    database: Database,
    taxonomy: Taxonomy,
    definitions: Definitions,
    tmp_path: Path,
) -> None:
    chance = np.random.default_rng(SEED)
    world = World(database, SqlFeatureState(taxonomy.members), taxonomy)
    world.play([spoken(chance, 150)])
    log, chosen = log_of(chance, tmp_path / "log"), definitions.feature_set(name)
    write_requests(log, tmp_path / "spine.parquet")
    export_facts(database, tmp_path / "facts", Topics(definitions.groups))
    with DuckEngine(tmp_path, 1) as engine:
        build(
            engine,
            chosen,
            definitions,
            spine=tmp_path / "spine.parquet",
            facts=tmp_path / "facts",
            out=tmp_path / "rows.parquet",
            history=KnownHistory(margin=0, assumed=0),
        )
    built = built_rows(tmp_path / "rows.parquet", chosen)
    model = trained(kind, chosen, built, log)
    save_ranker(model, tmp_path / "ranker")
    offline = model.score(built)
    ranker = OnlineRanker(
        FeatureReader(database, definitions), load_ranker(tmp_path / "ranker", definitions)
    )
    table = pq.read_table(tmp_path / "rows.parquet")
    for first in (180, 236):
        rows = {key: table[key].to_pylist()[first : first + 4] for key in KEYS}
        at = table["event_timestamp"].to_pylist()[first]
        online = ranker.score(rows, at)
        assert np.allclose(online.order, offline.order[first : first + 4], rtol=CLOSE[kind])
        assert np.allclose(online.click, offline.click[first : first + 4], rtol=CLOSE[kind])
        best = np.argsort(-offline.order[first : first + 4], kind="stable")
        assert ranker.rank(rows, at).tolist() == best.tolist()
    assert len(np.unique(offline.order)) > 20


def test_a_network_needs_a_sequence(definitions: Definitions, tmp_path: Path) -> None:
    log = log_of(np.random.default_rng(1), tmp_path / "log")
    chosen = definitions.feature_set("ranking_v1")
    rows = RankingRows(np.zeros((240, len(chosen.names))))
    with pytest.raises(OperatorError, match="has no sequence"):
        trained("network", chosen, rows, log)
