"""The whole path from the lane to the LLM and back, with everything that can happen to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS
from intent.bootstrap.application import Application
from intent.bootstrap.asking import build_asker
from intent.bootstrap.settings import Settings
from intent.flow.asker import Asker
from intent.flow.beside import asking
from intent.flow.worker import Worker, WorkerPolicy
from intent.model.batch import Batch
from intent.model.errors import IntentError
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from tests.conftest import MakeDecision, MakeMessage, rows
from tests.integration.conftest import House

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
QUICK = {
    "llm_timeout": 5.0,
    "llm_deadline": 10.0,
    "llm_attempts": 1,
    "ask_lease": 20.0,
    "ask_gather": 0.05,
}


@pytest.fixture
def server(taxonomy: Taxonomy) -> Iterator[FakeLlmServer]:
    with FakeLlmServer(taxonomy) as server:
        yield server


@pytest.fixture
def house(
    database: Database, taxonomy: Taxonomy, make_decision: MakeDecision, make_message: MakeMessage
) -> House:
    """A house with 60 unsure messages in 6 rooms."""
    built = House(database, taxonomy, make_decision)
    built.work(
        *(
            make_message(
                f"how much is number {number}?",
                room_id=f"room-{number % 6}",
                user_id=f"u-{number % 7}",
            )
            for number in range(60)
        )
    )
    return built


def settings(house: House, server: FakeLlmServer, **values: Any) -> Settings:
    return Settings(
        **{
            "database_url": house.database.url,
            "llm_base_url": server.url,
            "llm_api_key": "a key",
            **QUICK,
            **values,
        }
    )


def command(
    house: House, server: FakeLlmServer, *arguments: str, **values: Any
) -> subprocess.Popen[str]:
    given = {
        "database_url": house.database.url,
        "llm_base_url": server.url,
        "llm_api_key": "a key",
        "log_json": True,
        **QUICK,
        **values,
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        **{f"INTENT_{name.upper()}": str(value) for name, value in given.items()},
    }
    run = [sys.executable, "-m", "intent", *arguments]
    return subprocess.Popen(
        run, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str], timeout: float = 120) -> tuple[int, str]:
    output, errors = process.communicate(timeout=timeout)
    return process.returncode, output + errors


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def in_background(asker: Asker) -> Thread:
    thread = Thread(target=asker.run, daemon=True)
    thread.start()
    return thread


def asked(server: FakeLlmServer) -> list[str]:
    """Return the texts of all messages that the server answered."""
    bodies = [
        json.loads(seen.body["messages"][-1]["content"])
        for seen in server.seen
        if seen.status == 200
    ]
    return [message["text"] for body in bodies for message in body["messages"]]


def degraded(house: House) -> int:
    return sum(bool(row["degraded"]) for row in rows(house.database, "current_decisions"))


@pytest.mark.fault("llm")
def test_a_server_that_dies_and_returns_costs_nothing_but_time(
    house: House, server: FakeLlmServer
) -> None:
    stop = Event()
    server.latency = 0.05
    app = Application(settings(house, server, ask_threads=2, llm_batch=5))
    asker = build_asker(app, stop, lambda report: None)
    thread = in_background(asker)
    until(lambda: asker.report.improved >= 10)
    server.stop()
    until(lambda: asker.report.failures >= 2)
    before = len(rows(house.database, "llm_attempts"))
    time.sleep(6)
    probes = len(rows(house.database, "llm_attempts")) - before
    assert probes <= 6, "an outage of 6 s is probed, not hammered"
    assert (degraded(house), rows(house.database, "dead_letters")) == (house.lane.waiting(), [])
    assert house.lane.waiting() > 0
    assert house.holds()
    server.start()
    until(lambda: house.lane.waiting() == 0)
    stop.set()
    thread.join(10)
    assert (degraded(house), asker.report.improved, asker.report.given_up) == (0, 60, 0)
    assert house.holds()
    assert {row["revision"] for row in rows(house.database, "current_decisions")} == {1}


@pytest.mark.parametrize(
    "step", ["claimed", "answered", "answer_saved", "answer_finishing", "answer_committed"]
)
@pytest.mark.fault("kill")
def test_an_asker_killed_at_any_step_pays_for_no_reply_twice(
    house: House, server: FakeLlmServer, step: str
) -> None:
    # A lease that ends by itself would end under a living asker on a busy machine, too.
    quick = {"ask_threads": 1, "ask_lease": 3600.0}
    assert (
        finish(command(house, server, "ask", "--drain", failpoint=f"{step}:2", **quick))[0]
        == -signal.SIGKILL
    )
    assert house.holds()
    with house.database.begin() as transaction:
        transaction.exec_driver_sql("UPDATE ask_lane SET available_timestamp = '2026-01-01'")
    code, said = finish(command(house, server, "ask", "--drain", **quick))
    assert code == 0, said
    assert len(asked(server)) == len(set(asked(server))) == 60
    assert (house.lane.waiting(), degraded(house)) == (0, 0)
    assert house.holds()


@pytest.mark.fault("leave")
def test_leaving_during_a_call_of_30_seconds_takes_no_time_and_loses_nothing(
    house: House, server: FakeLlmServer
) -> None:
    server.latency = 30.0
    process = command(house, server, "ask", llm_timeout=40.0, llm_deadline=60.0, ask_lease=120.0)
    until(lambda: len(server.seen) >= 3)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    # A second of leave and the interpreter's own end; the rest is for a machine that does ten other
    # things.
    assert (code, time.monotonic() - started < 15) == (0, True), said
    assert house.lane.waiting() == 60
    assert {(row["attempts"], row["token"]) for row in rows(house.database, "ask_lane")} == {
        (0, None)
    }
    server.latency = 0.0
    assert finish(command(house, server, "ask", "--drain"))[0] == 0
    assert (house.lane.waiting(), degraded(house)) == (0, 0)
    assert house.holds()


@pytest.mark.fault("leave", tries=2)
def test_told_to_leave_every_call_that_was_sent_is_in_the_ledger(
    house: House, server: FakeLlmServer
) -> None:
    server.latency = 1.0
    process = command(house, server, "ask", ask_threads=4, llm_batch=2, ask_leave=30.0)
    until(lambda: len(server.seen) >= 8)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    booked = rows(house.database, "llm_attempts")
    assert (code, len(booked), {row["outcome"] for row in booked}) == (
        0,
        len(server.seen),
        {"answered"},
    ), said
    assert house.lane.waiting() == 60 - 2 * len(booked)
    server.latency = 30.0
    before = len(server.seen)
    slow = {"llm_timeout": 40.0, "llm_deadline": 60.0, "ask_lease": 120.0, "ask_leave": 0.1}
    process = command(house, server, "ask", **slow)
    until(lambda: len(server.seen) >= before + 3)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    abandoned = [
        row for row in rows(house.database, "llm_attempts") if row["outcome"] == "abandoned"
    ]
    assert (code, len(abandoned)) == (0, len(server.seen) - before), said
    assert all(row["nanodollars"] > 0 for row in abandoned)
    assert house.holds()


@pytest.mark.fault("llm")
def test_a_wrong_key_stops_the_asking_and_not_the_deciding(
    house: House, server: FakeLlmServer, make_message: MakeMessage
) -> None:
    server.always = FAULTS["bad key"]
    stop = Event()
    ended: list[IntentError] = []
    asker = build_asker(
        Application(settings(house, server, ask_threads=1)), stop, lambda report: None
    )
    with asking(asker, stop, drain=True, leave=1.0, ended=ended.append):
        until(lambda: len(server.seen) > 0)
        house.inbox.put(Batch([make_message() for _ in range(20)]))
        parts = (house.inbox, house, house.database, house.decisions, house.features, house.lane)
        report = Worker(*parts, unsure=lambda decision: True, policy=WorkerPolicy(), stop=stop).run(
            drain=True
        )
    assert (report.decided, house.lane.waiting(), len(server.seen)) == (20, 80, 1)
    assert "refuses the key" in str(ended[0])
    assert house.holds()


def test_a_wrong_key_ends_asking_with_a_sentence_for_the_operator(
    house: House, server: FakeLlmServer
) -> None:
    server.always = FAULTS["bad key"]
    code, said = finish(command(house, server, "ask", ask_threads=1))
    assert (code, len(server.seen), house.lane.waiting()) == (1, 1, 60)
    assert "INTENT_LLM_API_KEY" in said
    assert "Traceback" not in said


@pytest.mark.fault("llm")
def test_a_spent_budget_leaves_the_rest_in_the_lane_and_says_so(
    house: House, server: FakeLlmServer
) -> None:
    prices = {
        "llm_price_input": 100.0,
        "llm_price_output": 100.0,
    }  # dollars for a million tokens: a batch costs about a quarter
    code, said = finish(
        command(
            house,
            server,
            "ask",
            "--drain",
            ask_threads=1,
            llm_batch=5,
            llm_budget_hour=1.0,
            **prices,
        )
    )
    assert code == 1, said
    assert 0 < house.lane.waiting() < 60
    assert said.count("the budget of this hour is spent") == 2, (
        "once in the log, once as the sentence it ends with"
    )
    assert sum(row["nanodollars"] for row in rows(house.database, "llm_attempts")) <= 1_000_000_000
    assert (
        finish(
            command(
                house,
                server,
                "ask",
                "--drain",
                **prices,
                llm_budget_hour=100.0,
                llm_budget_day=100.0,
            )
        )[0]
        == 0
    )
    assert (house.lane.waiting(), degraded(house)) == (0, 0)
    assert house.holds()


def test_no_contact_detail_gets_into_requests_logs_ledger_or_replies(
    database: Database,
    taxonomy: Taxonomy,
    make_decision: MakeDecision,
    make_message: MakeMessage,
    server: FakeLlmServer,
) -> None:
    house = House(database, taxonomy, make_decision)
    canaries = ("+61 491 570 156", "canary.person@example.com", "0491 570 157")
    house.work(
        *(
            make_message(f"how much? call me {canary}", room_id=f"room-{number}")
            for number, canary in enumerate(canaries)
        )
    )
    server.then(FAULTS["server error"], FAULTS["wrong label"], FAULTS["refusal"])
    code, said = finish(command(house, server, "ask", "--drain", log_level="debug", llm_attempts=4))
    assert code == 0, said
    _, metrics = finish(command(house, server, "lane", "--json"))
    kept = "".join(
        str(row)
        for table in ("llm_attempts", "llm_replies", "ask_lane")
        for row in rows(database, table)
    )
    sent = "".join(seen.raw.decode("utf-8") for seen in server.seen)
    for canary in ("491 570", "491570", "canary.person"):
        assert canary not in said + metrics + kept + sent
    assert len(server.seen) >= 3
