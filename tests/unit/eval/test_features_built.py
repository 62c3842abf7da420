"""The plain way beside which the build of features is measured gives the same values."""

from __future__ import annotations

from pathlib import Path

from eval.bench.feature_data import write_history, write_requests
from eval.bench.feature_peer import differing_values, pandas_rows
from eval.bench.features_built import PLAIN
from intent.bootstrap.application import open_application
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory


def test_pandas_builds_the_same_rows_from_messages_decided_once(tmp_path: Path) -> None:
    definitions = open_application().definitions
    chosen = definitions.feature_set("ranking_v1")
    spine, facts = tmp_path / "spine.parquet", tmp_path / "facts"
    write_history(facts, 3_000, definitions)
    write_requests(spine, 400)
    with DuckEngine(tmp_path, threads=1) as engine:
        build(
            engine,
            chosen,
            definitions,
            spine=spine,
            facts=facts,
            out=tmp_path / "ours.parquet",
            history=KnownHistory(),
        )
    for together in PLAIN.values():
        plain = tmp_path / "plain.parquet"
        pandas_rows(spine, facts, plain, chosen, definitions, together=together)
        assert differing_values(tmp_path / "ours.parquet", plain, chosen) == 0
