"""What metrics tell of the database is what SQL counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intent.model import database_instruments as told
from intent.model.attempt import Attempt, Outcome
from intent.model.batch import Batch, Gap, Refused
from intent.model.errors import StoreUnavailable
from intent.model.hook import Hook, HookState, SecretSalts
from intent.model.instruments import Instrument
from intent.model.listening import SourceNews, SourceState
from intent.operations.gauges import read_readings
from intent.queues.inbox import SqlInbox
from intent.store.dead_letters import record_message
from intent.store.engine import Database
from intent.store.hooks import SqlHooks
from intent.store.ledger import SqlLedger
from intent.store.listened import SqlListenedSources
from intent.store.schema import hook_deliveries
from tests.conftest import EPOCH, MakeMessage

ATTEMPT = Attempt(
    request="r",
    run="production",
    platform="tiktok",
    room_id="room-1",
    prompt="p",
    model="m",
    messages=3,
    outcome=Outcome.ANSWERED,
    input_tokens=900,
    cached_tokens=400,
    cache_write_tokens=0,
    output_tokens=50,
    nanodollars=2_000_000,
    latency=0.5,
    started=EPOCH,
)


def told_by(database: Database) -> dict[Instrument, dict[tuple[str, ...], float]]:
    found: dict[Instrument, dict[tuple[str, ...], float]] = {}
    for reading in read_readings(database, most=30.0, hour=1.0, day=None):
        found.setdefault(reading.instrument, {})[reading.labels] = reading.value
    return found


def test_an_empty_database_tells_zeros_and_no_instrument_is_forgotten(database: Database) -> None:
    found = told_by(database)
    assert set(found) == set(told.OF_DATABASE) - {told.DATABASE_UP, told.DECISION_AGE}
    assert found[told.INBOX_AGE] == {(): 0.0}
    assert found[told.INBOX] == {("fresh",): 0, ("claimed",): 0, ("again",): 0}


def test_the_inbox_is_told_by_state_and_age(database: Database, make_message: MakeMessage) -> None:
    inbox = SqlInbox(database)
    inbox.put(Batch([make_message() for _ in range(6)]))
    inbox.retry(inbox.take(1, 10_000), delay=3600.0)
    held = inbox.take(2, 10_000)
    found = told_by(database)
    assert len(held) == 2
    assert found[told.INBOX] == {("fresh",): 3, ("claimed",): 2, ("again",): 1}
    assert 0 <= found[told.INBOX_AGE][()] < 60


def test_dead_letters_are_told_by_who_is_to_blame(
    database: Database, make_message: MakeMessage
) -> None:
    message = make_message()
    inbox = SqlInbox(database)
    inbox.put(Batch([message], [Refused("is no JSON", b"x", "d1", "line 1")]))
    inbox.put(Batch([message.model_copy(update={"user_id": "u-2"})]))
    inbox.put(Batch([message.model_copy(update={"room_id": "room-2"})]))
    with database.begin() as transaction:
        record_message(transaction, make_message(), "cannot be decided", 5)
    assert told_by(database)[told.DEAD] == {
        ("refused",): 1,
        ("conflicting",): 2,
        ("undecided",): 1,
    }


def test_money_is_that_of_today_and_of_this_hour(database: Database) -> None:
    ledger, now = SqlLedger(database), datetime.now(UTC)
    ledger.book(replace(ATTEMPT, started=now))
    ledger.book(replace(ATTEMPT, started=now, outcome=Outcome.TIMEOUT))
    ledger.book(replace(ATTEMPT, started=now - timedelta(days=2)))
    found = told_by(database)
    assert found[told.LLM_COST] == {(): 0.004}
    assert found[told.LLM_TOKENS] == {("input",): 1800, ("cached",): 800, ("output",): 100}
    assert found[told.LLM_CALLS][("answered",)] == 1
    assert found[told.LLM_CALLS][("timeout",)] == 1
    assert found[told.LLM_SPEND] == {("hour",): 0.004, ("day",): 0.004}
    assert found[told.LLM_BUDGET] == {("hour",): 1.0}, "no limit is no number"


def test_sources_are_told_by_state_and_their_gaps(database: Database) -> None:
    news = SourceNews("a", "twitch", SourceState.READING, 10, 1, 2, None, None, None, None)
    told_of = SqlListenedSources(database)
    told_of.tell([news, replace(news, source="b", state=SourceState.FAILED)])
    gaps = [
        Gap("tiktok", "room-1", EPOCH, None, "lost"),
        Gap("tiktok", "room-1", EPOCH - timedelta(hours=1), EPOCH, "lost"),
    ]
    SqlInbox(database).put(Batch(gaps=gaps))
    found = told_by(database)
    assert {state: n for (state,), n in found[told.SOURCES].items() if n} == {
        "reading": 1,
        "failed": 1,
    }
    assert found[told.SOURCE_MESSAGES] == {(): 20}
    assert found[told.SOURCE_RECONNECTS] == {(): 4}
    assert (found[told.GAPS], found[told.GAPS_OPEN]) == ({(): 2}, {(): 1})


def test_what_is_pushed_is_told_by_state_and_age(database: Database) -> None:
    hook = SqlHooks(database).add(Hook(0, "shop", "https://shop.example", SecretSalts("k", "s")))
    now = datetime.now(UTC)
    row = {
        "hook_id": hook.id,
        "event": "lead.found",
        "platform": "tiktok",
        "message_id": "m",
        "attempts": 0,
        "available_timestamp": now,
        "created_timestamp": now - timedelta(minutes=5),
    }
    rows = [
        {**row, "webhook_id": f"w{n}", "state": state}
        for n, state in enumerate(("waiting", "waiting", "dead"))
    ]
    with database.begin() as transaction:
        transaction.execute(hook_deliveries.insert(), rows)
    found = told_by(database)
    assert found[told.HOOKS][("active",)] == 1
    assert {state: n for (state,), n in found[told.HOOK_DELIVERIES].items() if n} == {
        "waiting": 2,
        "dead": 1,
    }
    assert 299 <= found[told.HOOK_AGE][()] < 400
    SqlHooks(database).put(hook, HookState.PAUSED)
    assert told_by(database)[told.HOOK_AGE] == {(): 0.0}, "what a person holds is not late"


def test_a_look_that_takes_too_long_ends(database: Database, make_message: MakeMessage) -> None:
    SqlInbox(database).put(Batch([make_message() for _ in range(300)]))
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(StoreUnavailable), database.read(most=0.05) as connection:
        connection.exec_driver_sql(slow)
    assert told_by(database)[told.INBOX][("fresh",)] == 300, "and the next one is not in its way"
