"""Whoever is forgotten goes from exported facts and served vectors, too, and what was built is named."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from intent.bootstrap.application import Application
from intent.bootstrap.exported import ExportKind, remember_export
from intent.bootstrap.settings import SecretStr, Settings
from intent.cli.app import app as command_line
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from tests.conftest import MakeDecision, MakeMessage


@pytest.fixture
def app(
    sqlite_url: str,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Application:
    """Return a house in which ann and bob have asked for a price."""
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    app = Application(Settings(database_url=SecretStr(sqlite_url)), access=Access.CREATE)
    said = [make_message(user_id=one) for one in ("canary_ann", "bob")]
    app.inbox.put(Batch(said))
    with app.database.begin() as transaction:
        entries = [Entry(one, make_decision("price_inquiry")) for one in said]
        app.features.add(transaction, SqlDecisions().save(transaction, entries))
    return app


def typed(*arguments: str) -> str:
    result = CliRunner().invoke(command_line, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def exported(folder: Path) -> set[str]:
    files = folder.glob("date=*/*.parquet")
    return {one for file in files for one in pq.read_table(file)["user_id"].to_pylist()}


def test_forgetting_rewrites_facts_and_served_vectors(app: Application, tmp_path: Path) -> None:
    typed("features", "export", "facts")
    typed("features", "read", "user=tiktok:bob")
    assert exported(tmp_path / "facts") == {"canary_ann", "bob"}
    log = tmp_path / "served.jsonl"
    served = [
        {"set": "s", "version": "1", "at": 1, "read": 1, "keys": keys, "values": {}}
        for keys in (
            {"platform": "tiktok", "user_id": "canary_ann"},
            {"platform": "tiktok", "user_id": "bob"},
            {"platform": "tiktok", "room_id": "room-1"},
        )
    ]
    log.write_text("".join(f"{json.dumps(one)}\n" for one in served), encoding="utf-8")
    remember_export(app, ExportKind.SERVED, log)
    remember_export(app, ExportKind.SERVED, tmp_path / "gone.jsonl")
    pq.write_table(pa.table({"user_id": ["canary_ann"]}), tmp_path / "train.parquet")
    remember_export(app, ExportKind.BUILT, tmp_path / "train.parquet")

    told = json.loads(typed("forget", "--user", "tiktok:canary_ann", "--json"))
    assert told["exported"] == 2
    assert told["exports_left"] == [str(tmp_path / "train.parquet")]
    assert exported(tmp_path / "facts") == {"bob"}
    (tmp_path / "train.parquet").unlink()
    left = [one for one in tmp_path.rglob("*") if one.is_file() and b"canary" in one.read_bytes()]
    assert left == []
    assert [json.loads(line)["keys"] for line in log.read_text().splitlines()] == [
        {"platform": "tiktok", "user_id": "bob"},
        {"platform": "tiktok", "room_id": "room-1"},
    ]
    told = json.loads(typed("forget", "--room", "tiktok:room-1", "--json"))
    assert (told["exported"], exported(tmp_path / "facts")) == (2, set())


def test_a_folder_that_cannot_be_rewritten_is_named_and_the_rest_is_forgotten(
    app: Application, tmp_path: Path
) -> None:
    typed("features", "export", "facts")
    (tmp_path / "facts" / "manifest.json").write_text("{", encoding="utf-8")
    told = json.loads(typed("forget", "--user", "tiktok:canary_ann", "--json"))
    assert (told["messages"], told["exports_left"]) == (1, [str(tmp_path / "facts")])
