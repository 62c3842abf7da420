"""A contact detail stands in the vault and nowhere else: all flows run with canaries, and every byte
that they leave is searched.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from eval.standin.fake_llm_server import FakeLlmServer
from intent.classify.slots.find import find_contact_slots
from intent.cli.app import app as command_line
from intent.features.definitions.events import Topics
from intent.features.offline.facts import export_facts
from intent.model.batch import Batch
from intent.model.message import parse_message
from intent.model.taxonomy import Taxonomy
from intent.queues.spool import FileSpool
from intent.store.backup import back_up
from intent.telemetry import configure_logs
from tests.conftest import MakeDecision
from tests.integration.test_nothing_written_is_told import House, said
from tests.serving import running, service_on

CANARIES = (
    "0812-7777-4242",
    "0812 7777 4242",
    "6281277774242",
    "canary_x@example.com",
    "cnry_shop9",
    "Kenari Kuning No 77",
)
TEXT = f"wa {CANARIES[0]} or {CANARIES[3]}, ig @{CANARIES[4]}, to Jl {CANARIES[5]}, how much?"
PAGES = ("/", "/rooms", "/rooms/report?room=nocturnalape", "/operator")
ANSWERS = ("/v1/leads", "/v1/leads/export", "/metrics")


def left_in(told: bytes) -> list[str]:
    return [one for one in CANARIES if one.encode() in told]


@pytest.fixture
def house(
    sqlite_url: str, tmp_path: Path, taxonomy: Taxonomy, make_decision: MakeDecision
) -> House:
    """Return a house in which everything has happened to messages with canaries."""
    configure_logs("debug", as_json=True)
    with FakeLlmServer(taxonomy) as server:
        house = House(sqlite_url, tmp_path, server.url)
        house.post()
        house.listen(tmp_path)
        house.decide(make_decision("contact_request"))
        for number in (50, 51):
            message = parse_message(json.dumps(said(number, TEXT)).encode())
            house.app.inbox.put(Batch([message]))
        house.decide(make_decision("contact_request", slots=find_contact_slots(TEXT)))
        edited = said(51, f"{TEXT} red", sent_at="2026-11-20T20:05:00+08:00")
        house.app.inbox.put(Batch([parse_message(json.dumps(edited).encode())]))
        house.decide(make_decision("contact_request"))
        house.ask()
        house.push(make_decision("contact_request"))
        house.llm = b"".join(one.raw for one in server.seen)  # type: ignore[attr-defined]
    spool = FileSpool(tmp_path, limit=1_000_000, sealing=house.app.line_seal)
    spool.append(Batch([message]))
    return house


def test_no_detail_stands_on_disk_outside_the_vault(house: House, tmp_path: Path) -> None:
    back_up(house.app.database, tmp_path / "b.db", leaving=lambda: False)
    # what the sources of the tests read from is no part of the product
    files = [one for one in tmp_path.rglob("*") if one.is_file() and one.name != "lines"]
    suffixes = {one.suffix for one in files} | {one.name[-4:] for one in files}
    assert {".db", "-wal", "-shm", ".spool"} <= suffixes
    assert {one.name: left_in(one.read_bytes()) for one in files if left_in(one.read_bytes())} == {}
    export_facts(house.app.database, tmp_path / "facts", Topics(house.app.taxonomy.members))
    exported = [str(pq.read_table(one).to_pydict()) for one in tmp_path.rglob("*.parquet")]
    assert exported
    assert left_in("".join(exported).encode()) == []
    with sqlite3.connect(tmp_path / "b.db") as copy:
        assert copy.execute("SELECT count(*) FROM contacts").fetchone()[0] > 5


def test_no_detail_is_shown_sent_or_told_without_the_scope(
    house: House, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert left_in(house.llm) == []  # type: ignore[attr-defined]
    assert left_in("".join(house.answers).encode()) == []
    for span in house.spans():
        assert left_in(span.to_json().encode()) == []
    with running(service_on(house.url, **house.settings)) as server:
        import httpx2

        for place in (*PAGES, *ANSWERS):
            answer = httpx2.get(f"{server.url}{place}")
            assert answer.status_code == 200, place
            assert left_in(answer.content) == [], place
    monkeypatch.setenv("INTENT_DATABASE_URL", house.url)
    monkeypatch.setenv("INTENT_KEY_FILE", str(tmp_path / "key"))
    shown = _typed(["leads", "--json"]), _typed(["dead", "list", "--json"])
    assert all("nocturnalape" in one or "reason" in one for one in shown)
    assert left_in("".join(shown).encode()) == []
    assert left_in("".join(capfd.readouterr()).encode()) == []
    assert "0812-7777-4242" in _typed(["contacts", "--json"])


def test_pages_keep_nothing_in_the_browser() -> None:
    script = (locate_static() / "pages.js").read_text(encoding="utf-8")
    assert not any(
        one in script for one in ("localStorage", "sessionStorage", "indexedDB", "caches")
    )


def locate_static() -> Path:
    return Path(__file__).parents[2] / "intent" / "web" / "static"


def _typed(arguments: list[str]) -> str:
    result = CliRunner().invoke(command_line, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout
