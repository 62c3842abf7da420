"""Verbs that read make no database, and verbs that write make none unless they bring messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from intent.bootstrap.application import migrate_fresh, migrations_dir
from intent.cli.app import app
from intent.model.errors import IntentError, OperatorError, StoreUnavailable
from intent.store.access import Access
from intent.store.opening import open_store

READS = (
    "audit",
    "leads",
    "lane",
    "dead list",
    "dead show 1",
    "runs list",
    "runs diff trial",
    "features read user=p:1",
    "features export facts",
)
WRITES = (
    "forget --user p:1 --json",
    "dead drop 1",
    "dead replay 1",
    "features rebuild",
    "ask --drain",
    "runs promote trial",
    "backfill --run trial --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z",
)


def run(words: str) -> IntentError | int:
    result = CliRunner().invoke(app, words.split())
    if result.exception is None or isinstance(result.exception, SystemExit):
        return result.exit_code
    assert isinstance(result.exception, IntentError), result.exception
    return result.exception


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", READS + WRITES)
def test_in_the_wrong_folder_it_says_so_and_makes_nothing(words: str, folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"there is no database intent\.db"):
        raise_it(run(words))
    assert list(folder.iterdir()) == []


def raise_it(outcome: IntentError | int) -> None:
    assert isinstance(outcome, IntentError), outcome
    raise outcome


@pytest.mark.parametrize("words", ["ingest -", "listen exec:./room", "migrate"])
def test_where_no_database_can_be_made_it_says_so_and_does_not_wait(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(
        OperatorError, match=r"intent\.db is not there, and its folder is read-only"
    ):
        raise_it(run(words))


def test_a_server_that_is_away_is_to_be_started_and_no_folder_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/x")
    with pytest.raises(StoreUnavailable, match=r"\); start it, or set INTENT_DATABASE_URL"):
        raise_it(run("leads"))


def test_status_in_the_wrong_folder_is_not_healthy_and_makes_nothing(folder: Path) -> None:
    assert run("status") == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("words", ["audit", "leads --json", "status", "dead list", "runs list"])
def test_reading_leaves_the_folder_as_it_was(words: str, folder: Path) -> None:
    open_store("sqlite:///intent.db", Access.CREATE, migrations_dir(), make=migrate_fresh).close()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run(words) == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_ingesting_makes_a_missing_database(folder: Path) -> None:
    (folder / "none.jsonl").touch()
    run("ingest none.jsonl")
    assert (folder / "intent.db").exists()


def test_forgetting_somebody_unknown_says_so_and_fails(folder: Path) -> None:
    open_store("sqlite:///intent.db", Access.CREATE, migrations_dir(), make=migrate_fresh).close()
    with pytest.raises(OperatorError, match=r"nothing is stored of p:1; nothing was deleted"):
        raise_it(run("forget --user p:1 --json"))
