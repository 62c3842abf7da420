"""Exported facts: incremental, resumable, without those who were forgotten; and training rows from a database's own decisions."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy

from intent.bootstrap import groups
from intent.errors import OperatorError
from intent.features import facts as module
from intent.features.definitions import load_definitions
from intent.features.duck import DuckEngine
from intent.features.facts import export_facts
from intent.features.parity import check_parity
from intent.features.read import FeatureReader
from intent.features.served import ServedLog, read_served
from intent.features.state import SqlFeatureState
from intent.ports import Entry
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.schema import decisions
from intent.store.times import from_microseconds
from intent.taxonomy import Taxonomy
from tests.conftest import MakeDecision, MakeMessage
from tests.unit.features.history import NOW

SECOND = 1_000_000
Decide = Any


@pytest.fixture
def state(taxonomy: Taxonomy) -> SqlFeatureState:
    return SqlFeatureState(groups(taxonomy))


@pytest.fixture
def decide(
    database: Database, state: SqlFeatureState, make_message: MakeMessage, make_decision: MakeDecision, monkeypatch: pytest.MonkeyPatch
) -> Decide:
    monkeypatch.setattr(module, "SETTLED", timedelta(0))  # nobody else writes

    def decide(*labels: str, ago: int = 60, **values: Any) -> None:
        message = make_message(sent_at=from_microseconds(NOW - ago * SECOND), creator_id="c-1", item_id="i-1", **values)
        with database.begin() as transaction:
            state.add(transaction, SqlDecisions().save(transaction, [Entry(message, make_decision(*labels))]))

    return decide


def written(folder: Path) -> list[str]:
    return sorted(message for path in folder.glob("date=*/*.parquet") for message in pq.read_table(path)["message_id"].to_pylist())


def test_an_export_writes_only_what_is_new(database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path) -> None:
    decide("purchase_intent", message_id="a")
    decide("chatter", message_id="b", ago=3 * 86_400)
    assert export_facts(database, tmp_path, state.topics).written == 2
    assert len(list(tmp_path.glob("date=*"))) == 2
    decide("chatter", message_id="c")
    report = export_facts(database, tmp_path, state.topics)
    assert (report.written, report.total, written(tmp_path)) == (1, 3, ["a", "b", "c"])
    assert export_facts(database, tmp_path, state.topics).written == 0


def test_an_export_that_was_stopped_goes_on_without_doubles(database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path) -> None:
    decide("purchase_intent", message_id="a")
    export_facts(database, tmp_path, state.topics)
    (tmp_path / "manifest.json").unlink()  # killed between the files and the manifest
    export_facts(database, tmp_path, state.topics)
    assert written(tmp_path) == ["a"]


def test_who_is_forgotten_goes_from_the_facts_too(database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path) -> None:
    decide("purchase_intent", message_id="a")
    decide("purchase_intent", message_id="b")
    export_facts(database, tmp_path, state.topics)
    with database.begin() as transaction:
        transaction.execute(sqlalchemy.delete(decisions).where(decisions.c.message_id == "a"))
    report = export_facts(database, tmp_path, state.topics)
    assert (report.removed, report.total, written(tmp_path)) == (1, 1, ["b"])


def test_facts_of_another_taxonomy_are_not_mixed(database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path) -> None:
    decide("purchase_intent")
    export_facts(database, tmp_path, state.topics)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "topics": ["other"]}))
    with pytest.raises(OperatorError, match="another taxonomy; export into an empty folder"):
        export_facts(database, tmp_path, state.topics)


def served_and_checked(database: Database, taxonomy: Taxonomy, tmp_path: Path, spoil: bool = False) -> Any:
    definitions = load_definitions(taxonomy.names, groups(taxonomy))
    state = SqlFeatureState(groups(taxonomy))
    chosen = definitions.feature_set("ranking_v1")
    rows = {"platform": ["tiktok"] * 2, "user_id": ["u-1", "nobody"], "creator_id": ["c-1"] * 2, "room_id": ["room-1"] * 2, "item_id": ["i-1"] * 2}
    # An hour on: everything is known and the decisions are no longer within seconds of the read.
    at = from_microseconds(NOW + 3600 * SECOND)
    table = FeatureReader(database, definitions).read(chosen, rows, at)
    if spoil:
        table.columns["user__lead__count_7d"][0] += 1
    assert ServedLog(tmp_path / "served.jsonl", share=1.0).write(table, rows, at) == 2
    export_facts(database, tmp_path / "facts", state.topics)
    served = read_served(tmp_path / "served.jsonl")
    return check_parity(served, definitions, lambda: DuckEngine(tmp_path), tmp_path / "facts", tmp_path, settled=NOW + 7200 * SECOND)


def test_served_vectors_equal_what_is_recomputed_offline(database: Database, taxonomy: Taxonomy, decide: Decide, tmp_path: Path) -> None:
    decide("purchase_intent", "price_inquiry")
    decide("chatter", ago=2 * 86_400)
    report = served_and_checked(database, taxonomy, tmp_path)
    assert (report.vectors, report.values, report.wrong_share) == (2, 80, 0.0)


def test_a_drifted_value_is_found_and_named(database: Database, taxonomy: Taxonomy, decide: Decide, tmp_path: Path) -> None:
    decide("purchase_intent")
    report = served_and_checked(database, taxonomy, tmp_path, spoil=True)
    wrong = {name: one for name, one in report.features.items() if one.wrong}
    assert list(wrong) == ["user__lead__count_7d"]
    assert wrong["user__lead__count_7d"].mismatched == 1
    assert "served 2.0, recomputed 1.0" in wrong["user__lead__count_7d"].example


def test_a_share_of_vectors_is_logged_chosen_by_hash(database: Database, taxonomy: Taxonomy, tmp_path: Path) -> None:
    definitions = load_definitions(taxonomy.names, groups(taxonomy))
    rows = {"platform": ["tiktok"] * 400, "user_id": [f"u-{n}" for n in range(400)]}
    at = from_microseconds(NOW)
    table = FeatureReader(database, definitions).read(definitions.choose("one", ["user__lead__count_7d"]), rows, at)
    logs = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    counts = [ServedLog(log, share=0.1).write(table, rows, at) for log in logs]
    assert 20 < counts[0] < 70
    assert logs[0].read_text() == logs[1].read_text()
