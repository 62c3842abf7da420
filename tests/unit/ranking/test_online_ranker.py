"""What is ranked online gets the scores that the same rows got offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from intent.bootstrap.application import migrations_dir
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.facts import export_facts
from intent.features.offline.history import KnownHistory
from intent.features.offline.model_input import matrix
from intent.features.online.read import FeatureReader
from intent.features.online.state import SqlFeatureState
from intent.model.taxonomy import Taxonomy
from intent.ranking.boosting import BoostingKnobs
from intent.ranking.click_order import fit_click_order
from intent.ranking.impression_log import KEYS, read_impressions, write_requests
from intent.ranking.online_ranker import OnlineRanker
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.times import from_microseconds
from tests.unit.features.history import DAY, NOW, Said, Verdict, World
from tests.unit.ranking.shown_log import click, order, shown, write_log

SEED, USERS, ROOMS = 7, 8, 6
FEW = BoostingKnobs(trees=8, leaves=6, least_rows=5)


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


def test_scores_read_online_equal_those_of_the_rows_that_were_built(
    database: Database, taxonomy: Taxonomy, definitions: Definitions, tmp_path: Path
) -> None:
    chance = np.random.default_rng(SEED)
    world = World(database, SqlFeatureState(taxonomy.members), taxonomy)
    world.play([spoken(chance, 150)])
    log, chosen = log_of(chance, tmp_path / "log"), definitions.feature_set("ranking_v1")
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
    table = pq.read_table(tmp_path / "rows.parquet")
    built = matrix(table, chosen)
    model = fit_click_order(
        chosen, chosen.names, built, read_impressions(log), knobs=FEW, order_knobs=FEW
    )
    offline = model.score(built)
    ranker = OnlineRanker(FeatureReader(database, definitions), model)
    for first in (180, 236):
        rows = {key: table[key].to_pylist()[first : first + 4] for key in KEYS}
        at = table["event_timestamp"].to_pylist()[first]
        online = ranker.score(rows, at)
        assert np.allclose(online.order, offline.order[first : first + 4], rtol=1e-9)
        assert np.allclose(online.click, offline.click[first : first + 4], rtol=1e-9)
        best = np.argsort(-offline.order[first : first + 4], kind="stable")
        assert ranker.rank(rows, at).tolist() == best.tolist()
    assert len(np.unique(offline.order)) > 20
