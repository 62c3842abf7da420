"""Exported facts: incremental, resumable, without those who were forgotten; and training rows from
a database's own decisions.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from intent.features.check.parity import check_parity, require_rows
from intent.features.definitions.definitions import load_definitions
from intent.features.offline import facts as module
from intent.features.offline.duck import DuckEngine
from intent.features.offline.facts import export_facts, require_facts
from intent.features.online.read import FeatureReader
from intent.features.online.served import Served, ServedLog, read_served
from intent.features.online.state import SqlFeatureState
from intent.model.decision import DecidedBy, Entry
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.schema import decisions
from intent.store.times import from_microseconds
from tests.conftest import MakeDecision, MakeMessage
from tests.unit.features.history import NOW

SECOND = 1_000_000
Decide = Any


@pytest.fixture
def state(taxonomy: Taxonomy) -> SqlFeatureState:
    return SqlFeatureState(taxonomy.members)


@pytest.fixture
def decide(
    database: Database,
    state: SqlFeatureState,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    monkeypatch: pytest.MonkeyPatch,
) -> Decide:
    monkeypatch.setattr(module, "SETTLED", timedelta(0))  # nobody else writes

    def decide(*labels: str, ago: int = 60, **values: Any) -> None:
        message = make_message(
            sent_at=from_microseconds(NOW - ago * SECOND),
            creator_id="c-1",
            item_id="i-1",
            **{"category_id": "k-1", **values},
        )
        with database.begin() as transaction:
            state.add(
                transaction,
                SqlDecisions().save(transaction, [Entry(message, make_decision(*labels))]),
            )

    return decide


def test_facts_say_who_wrote_and_that_a_message_was_taken_back(
    database: Database,
    state: SqlFeatureState,
    decide: Decide,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    tmp_path: Path,
) -> None:
    decide("purchase_intent", message_id="a")
    decide("purchase_intent", message_id="b", author_role="host")
    message = make_message(sent_at=from_microseconds(NOW - 60 * SECOND), message_id="a")
    taken_back = dataclasses.replace(
        make_decision("purchase_intent"), labels=(), decided_by=DecidedBy.PLATFORM
    )
    with database.begin() as transaction:
        SqlDecisions().save(transaction, [Entry(message, taken_back, revision=1)])
    export_facts(database, tmp_path, state.topics)
    facts = pq.read_table(next(tmp_path.glob("date=*"))).sort_by("id").to_pylist()
    assert [fact["category_id"] for fact in facts] == ["k-1", "k-1", None]
    names = ("message_id", "revision", "author_role", "decided_by", "p_purchase_intent")
    assert [tuple(fact[name] for name in names) for fact in facts] == [
        ("a", 0, "viewer", "local", facts[0]["p_purchase_intent"]),
        ("b", 0, "host", "local", 0),
        ("a", 1, "viewer", "platform", 0),
    ]
    assert facts[0]["p_purchase_intent"] > 0
    bit = 1 << state.topics.code["purchase_intent"]
    assert [bool(fact["mask"] & bit) for fact in facts] == [True, False, False]
    assert [fact["mask"] & 1 for fact in facts] == [1, 1, 0]


def test_facts_without_a_column_that_a_build_reads_are_refused(tmp_path: Path) -> None:
    (tmp_path / "date=2026-01-01").mkdir()
    pq.write_table(pa.table({"id": [1]}), tmp_path / "date=2026-01-01" / "1.parquet")
    with pytest.raises(OperatorError, match="have no column platform; write them anew"):
        require_facts(tmp_path, ["id", "platform"])


def written(folder: Path) -> list[str]:
    return sorted(
        message
        for path in folder.glob("date=*/*.parquet")
        for message in pq.read_table(path)["message_id"].to_pylist()
    )


def test_an_export_writes_only_what_is_new(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent", message_id="a")
    decide("chatter", message_id="b", ago=3 * 86_400)
    assert export_facts(database, tmp_path, state.topics).written == 2
    assert len(list(tmp_path.glob("date=*"))) == 2
    decide("chatter", message_id="c")
    report = export_facts(database, tmp_path, state.topics)
    assert (report.written, report.total, written(tmp_path)) == (1, 3, ["a", "b", "c"])
    assert export_facts(database, tmp_path, state.topics).written == 0


def test_an_export_that_was_stopped_goes_on_without_doubles(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent", message_id="a")
    export_facts(database, tmp_path, state.topics)
    (tmp_path / "manifest.json").unlink()  # killed between the files and the manifest
    export_facts(database, tmp_path, state.topics)
    assert written(tmp_path) == ["a"]


def test_who_is_forgotten_goes_from_the_facts_too(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent", message_id="a")
    decide("purchase_intent", message_id="b")
    export_facts(database, tmp_path, state.topics)
    with database.begin() as transaction:
        transaction.execute(sqlalchemy.delete(decisions).where(decisions.c.message_id == "a"))
    report = export_facts(database, tmp_path, state.topics)
    assert (report.removed, report.total, written(tmp_path)) == (1, 1, ["b"])


def forget(database: Database, *messages: str) -> None:
    with database.begin() as transaction:
        transaction.execute(
            sqlalchemy.delete(decisions).where(decisions.c.message_id.in_(messages))
        )


def consistent(database: Database, folder: Path) -> bool:
    """Whether the facts are the decisions of the database, each once."""
    with database.read() as connection:
        return written(folder) == sorted(
            connection.execute(sqlalchemy.select(decisions.c.message_id)).scalars()
        )


def test_an_id_that_is_given_out_again_brings_the_new_decision_and_drops_the_forgotten(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        decide("purchase_intent", message_id=name)
    export_facts(database, tmp_path, state.topics)
    forget(database, "b")
    decide("purchase_intent", message_id="c")  # on SQLite with the id that b had
    report = export_facts(database, tmp_path, state.topics)
    assert (report.written, report.removed, report.total, written(tmp_path)) == (
        1,
        1,
        2,
        ["a", "c"],
    )


def test_facts_are_what_the_database_holds_after_any_turn_of_forgetting_deciding_and_exporting(
    database: Database,
    state: SqlFeatureState,
    decide: Decide,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)
    names = (f"m-{number}" for number in range(1000))
    chance = random.Random(5)
    held: list[str] = []
    for _ in range(12):
        gone = chance.choice(
            [[], held[-4:], held[:1], chance.sample(held, len(held) // 2)]
        )  # above all the newest
        forget(database, *gone)
        held = [name for name in held if name not in gone]
        for _ in range(chance.randrange(6)):
            held.append(next(names))
            decide("purchase_intent", message_id=held[-1], ago=chance.randrange(3 * 86_400))
        if chance.random() < 0.7:
            report = export_facts(database, tmp_path, state.topics)
            assert consistent(database, tmp_path)
            assert report.total == len(held)


def test_a_manifest_of_the_older_form_leads_to_facts_that_are_written_anew(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent", message_id="a")
    export_facts(database, tmp_path, state.topics)
    forget(database, "a")
    decide("purchase_intent", message_id="b")
    held = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(
        json.dumps({"topics": held["topics"], "chunks": [[1, 1, 1]]})
    )
    assert (export_facts(database, tmp_path, state.topics).written, written(tmp_path)) == (1, ["b"])


def test_what_a_stopped_export_left_goes_even_if_its_first_message_was_forgotten(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        decide("purchase_intent", message_id=name)
    export_facts(database, tmp_path, state.topics)
    (tmp_path / "manifest.json").unlink()  # killed between the files and the manifest
    partial = next(tmp_path.glob("date=*/*.parquet")).with_suffix(".partial")
    partial.write_bytes(b"killed while it was written")
    forget(database, "a")
    export_facts(database, tmp_path, state.topics)
    assert (written(tmp_path), partial.exists()) == (["b"], False)


def test_a_chunk_whose_rewriting_was_stopped_is_written_again(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    for name, ago in (("a", 60), ("b", 2 * 86_400)):
        decide("purchase_intent", message_id=name, ago=ago)
    export_facts(database, tmp_path, state.topics)
    before = (tmp_path / "manifest.json").read_bytes()
    forget(database, "b")
    export_facts(database, tmp_path, state.topics)
    (tmp_path / "manifest.json").write_bytes(before)  # killed before the manifest was saved
    report = export_facts(database, tmp_path, state.topics)
    assert (report.total, written(tmp_path)) == (1, ["a"])


def test_a_file_of_somebody_else_is_neither_removed_nor_mixed_in(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent")
    other = tmp_path / "date=2026-01-01" / "mine.parquet"
    other.parent.mkdir()
    other.write_bytes(b"of another program")
    with pytest.raises(
        OperatorError,
        match=r"mine.parquet was not written by an export.*; export into an empty folder",
    ):
        export_facts(database, tmp_path, state.topics)
    assert other.exists()


def test_two_exports_into_one_folder_do_not_remove_what_the_other_writes(
    database: Database, state: SqlFeatureState, tmp_path: Path
) -> None:
    with (tmp_path / "export.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OperatorError, match="another export writes into"):
            export_facts(database, tmp_path, state.topics)
    assert export_facts(database, tmp_path, state.topics).total == 0


def test_facts_of_another_taxonomy_are_not_mixed(
    database: Database, state: SqlFeatureState, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent")
    export_facts(database, tmp_path, state.topics)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "topics": ["other"]}))
    with pytest.raises(OperatorError, match="another taxonomy; export into an empty folder"):
        export_facts(database, tmp_path, state.topics)


def served_and_checked(
    database: Database, taxonomy: Taxonomy, tmp_path: Path, spoil: bool = False
) -> Any:
    definitions = load_definitions(taxonomy.names, taxonomy.members)
    state = SqlFeatureState(taxonomy.members)
    chosen = definitions.feature_set("ranking_v3")
    rows = {
        "platform": ["tiktok"] * 2,
        "user_id": ["u-1", "nobody"],
        "creator_id": ["c-1"] * 2,
        "room_id": ["room-1"] * 2,
        "item_id": ["i-1"] * 2,
        "category_id": ["k-1", None],
    }
    # An hour on: everything is known and the decisions are no longer within seconds of the read.
    at = from_microseconds(NOW + 3600 * SECOND)
    table = FeatureReader(database, definitions).read(chosen, rows, at)
    if spoil:
        table.columns["user__lead__count_7d"][0] += 1
    assert ServedLog(tmp_path / "served.jsonl", share=1.0).write(table, rows, at) == 2
    export_facts(database, tmp_path / "facts", state.topics)
    served = read_served(tmp_path / "served.jsonl")
    return check_parity(
        served,
        definitions,
        lambda: DuckEngine(tmp_path),
        tmp_path / "facts",
        tmp_path,
        settled=NOW + 7200 * SECOND,
    )


def test_served_vectors_equal_what_is_recomputed_offline(
    database: Database, taxonomy: Taxonomy, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent", "price_inquiry")
    decide("chatter", ago=2 * 86_400)
    report = served_and_checked(database, taxonomy, tmp_path)
    assert (report.vectors, report.values, report.wrong_share) == (2, 106, 0.0)


def test_vectors_of_an_older_digest_are_set_aside_and_it_says_why(
    taxonomy: Taxonomy, tmp_path: Path
) -> None:
    definitions = load_definitions(taxonomy.names, taxonomy.members)
    served = [Served("ranking_v1", "414afd5d72cc", NOW, NOW, {}, {})]
    report = check_parity(
        served, definitions, lambda: DuckEngine(tmp_path), tmp_path / "facts", tmp_path, settled=NOW
    )
    with pytest.raises(
        OperatorError,
        match=r"1 served under other definitions of their feature set \(its digest has changed; "
        r"serve with the new one",
    ):
        require_rows(report)


def test_a_drifted_value_is_found_and_named(
    database: Database, taxonomy: Taxonomy, decide: Decide, tmp_path: Path
) -> None:
    decide("purchase_intent")
    report = served_and_checked(database, taxonomy, tmp_path, spoil=True)
    wrong = {name: one for name, one in report.features.items() if one.wrong}
    assert list(wrong) == ["user__lead__count_7d"]
    assert wrong["user__lead__count_7d"].mismatched == 1
    assert "served 2.0, recomputed 1.0" in wrong["user__lead__count_7d"].example


def test_a_share_of_vectors_is_logged_chosen_by_hash(
    database: Database, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    definitions = load_definitions(taxonomy.names, taxonomy.members)
    rows = {"platform": ["tiktok"] * 400, "user_id": [f"u-{n}" for n in range(400)]}
    at = from_microseconds(NOW)
    table = FeatureReader(database, definitions).read(
        definitions.choose("one", ["user__lead__count_7d"]), rows, at
    )
    logs = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    counts = [ServedLog(log, share=0.1).write(table, rows, at) for log in logs]
    assert 20 < counts[0] < 70
    assert logs[0].read_text() == logs[1].read_text()
