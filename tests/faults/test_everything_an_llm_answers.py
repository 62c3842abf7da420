"""Each fault of an LLM server's list comes in turn, while the local model is missing, too: nothing
that waits is taken, nothing is asked twice for ever, and when both are back everything is decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from typer.testing import CliRunner

from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS
from intent.bootstrap.application import Application
from intent.bootstrap.asking import build_asker
from intent.bootstrap.settings import Settings
from intent.cli.app import app as command_line
from intent.model.batch import Batch
from intent.model.errors import IntentError
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from tests.conftest import VAULT_KEY, MakeDecision, MakeMessage, rows
from tests.fault_tries import Tries
from tests.faults.children import until
from tests.faults.oracle import CANARY, FORMS_OF_CANARY, reckon
from tests.integration.conftest import House, new_vault

pytestmark = [pytest.mark.slow, pytest.mark.fault("llm")]
QUICK = {
    "llm_timeout": 0.5,
    "llm_deadline": 1.0,
    "llm_attempts": 1,
    "ask_lease": 3.0,
    "ask_gather": 0.01,
    "ask_leave": 0.1,
    "llm_budget_hour": 1_000.0,
    "llm_budget_day": 1_000.0,
}


@pytest.fixture
def server(taxonomy: Taxonomy) -> Iterator[FakeLlmServer]:
    with FakeLlmServer(taxonomy) as server:
        yield server


@pytest.fixture
def house(database: Database, taxonomy: Taxonomy, make_decision: MakeDecision) -> House:
    return House(database, taxonomy, make_decision, vault=new_vault())


def ask(house: House, server: FakeLlmServer) -> None:
    """Ask until the server was asked and the asker has heard, or nothing waits."""
    stop, before = Event(), len(server.seen)
    settings = Settings(
        database_url=house.database.url,
        llm_base_url=server.url,
        llm_api_key="a key",
        vault_key=VAULT_KEY,
        **QUICK,
    )
    app = Application(settings)
    asker = build_asker(app, stop, lambda report: None)

    def run() -> None:
        try:
            asker.run()
        except IntentError:
            return  # a wrong key or a spent quota: it leaves, and says why

    thread = Thread(target=run)
    thread.start()
    until(lambda: not thread.is_alive() or len(server.seen) > before)
    until(lambda: not thread.is_alive() or asker.report.asked + asker.report.failures > 0)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    app.close()


def work_without_model(house: House, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Start a worker whose model is not there: it says so, and takes nothing."""
    waiting = rows(house.database, "inbox")
    monkeypatch.setenv("INTENT_DATABASE_URL", house.database.url)
    monkeypatch.setenv("INTENT_VAULT_KEY", VAULT_KEY)
    monkeypatch.setenv("INTENT_MODEL_DIR", str(folder / "nowhere"))
    told = CliRunner().invoke(command_line, ["work", "--drain"])
    assert told.exit_code != 0
    assert not isinstance(told.exception, AssertionError)
    assert rows(house.database, "inbox") == waiting


def leaks(told: bytes) -> bool:
    return FORMS_OF_CANARY.search(told) is not None


@pytest.mark.parametrize(
    "each", [13, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)])]
)
def test_whatever_an_llm_answers_while_the_local_model_is_missing_nothing_is_lost(
    each: int,
    house: House,
    server: FakeLlmServer,
    make_message: MakeMessage,
    tries: Tries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sent = set[str]()
    for number, fault in enumerate([*FAULTS.values()][::each]):
        detail = f"wa {CANARY.format(number)}"
        unsure = [make_message(f"is it {number}-{n}? {detail}", room_id="r") for n in range(3)]
        waits = make_message(f"and {number}? {detail}", room_id="r")
        house.work(*unsure)
        house.inbox.put(Batch([waits]))
        sent |= {one.message_id for one in (*unsure, waits)}
        server.then(fault)
        ask(house, server)
        work_without_model(house, monkeypatch, tmp_path)
        reckoning = reckon(house.database, sent, waiting=True, places=[tmp_path])
        tries.add(reckoning, tried=1)
        house.work(unsure=False)
        tries.add(reckon(house.database, sent), tried=0)
    with house.database.begin() as transaction:  # some were put off for an hour
        transaction.exec_driver_sql("UPDATE ask_lane SET available_timestamp = '2026-01-01'")
    house.ask()
    assert house.lane.waiting() == 0
    tries.add(reckon(house.database, sent, places=[tmp_path]), tried=0)
    told = "".join(capfd.readouterr()).encode()
    assert not [told for told in (told, *(one.raw for one in server.seen)) if leaks(told)]
