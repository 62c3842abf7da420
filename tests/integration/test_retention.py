"""What is older than it is kept goes, and features stay right inside their windows."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from typer.testing import CliRunner

from intent.bootstrap.application import Application, migrations_dir
from intent.bootstrap.housekeeping import tidy_up
from intent.bootstrap.settings import SecretStr, Settings
from intent.cli.app import app as command_line
from intent.features.definitions.definitions import load_definitions
from intent.features.online.read import FeatureReader
from intent.features.online.served import plain
from intent.model.batch import Batch, Refused
from intent.model.decision import Entry
from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, ExperimentArm, UnitKind
from intent.model.outcomes import ConversionStatus
from intent.model.retention_policy import RetentionPolicy
from intent.model.taxonomy import Taxonomy
from intent.operations.retain import retain, would_delete
from intent.outcomes.exposures import ExposureRecorder, save_experiment
from intent.outcomes.outcome_books import outcome_books
from intent.outcomes.recording import OutcomeRecorder
from intent.store.access import Access
from intent.store.engine import Database
from intent.store.expiry import expire_messages
from intent.store.migrate import migrate
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.conftest import House
from tests.integration.test_outcome_erasure import counts, filled, order

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def windows(house: House) -> dict[str, object]:
    """Return what is counted over windows and is not zero."""
    names = house.make("price_inquiry").probabilities
    definitions = load_definitions(tuple(names), house.groups)
    chosen = [one for one in definitions.features if one.startswith("room__") and "count_" in one]
    table = FeatureReader(house.database, definitions).read(
        definitions.choose("room", chosen), {"platform": ["tiktok"], "room_id": ["room-1"]}, NOW
    )
    return {name: plain(column[0]) for name, column in table.columns.items() if column[0]}


def test_old_messages_go_with_all_made_of_them_and_windows_stay(
    house: House, make_message: MakeMessage
) -> None:
    house.local = house.make("price_inquiry")
    days = (1, 5, 29, 40, 50)
    said = [make_message(user_id=f"u{one}", sent_at=NOW - timedelta(days=one)) for one in days]
    house.work(*said, unsure=False)
    waiting = make_message("waits", sent_at=NOW - timedelta(days=90))
    house.inbox.put(Batch([waiting]))
    before = windows(house)
    assert before
    policy = RetentionPolicy(messages=31)
    assert would_delete(house.database, policy) == {"messages": 2}
    stopped = threading.Event()
    stopped.set()
    assert retain(house.database, house.features, policy, stop=stopped) == {}
    gone = retain(house.database, house.features, policy, stop=threading.Event())
    assert gone == {"messages": 2}
    assert would_delete(house.database, policy) == {"messages": 0}
    kept = {row["message_id"] for row in rows(house.database, "messages")}
    assert kept == {one.message_id for one in (*said[:3], waiting)}
    assert len(rows(house.database, "decisions")) == len(rows(house.database, "leads")) == 3
    assert windows(house) == before
    assert house.holds()
    assert rows(house.database, "tombstones") == []


def test_more_messages_leave_features_in_no_more_statements(
    house: House, make_message: MakeMessage
) -> None:
    house.local = house.make("price_inquiry")
    asked = []
    for count in (5, 50):
        # Of each user the newest goes, so that what was last said of them has to be looked up.
        said = [
            make_message(user_id=f"u{number}", sent_at=NOW - timedelta(days=age))
            for number in range(count)
            for age in (50, 49)
        ]
        house.work(*said, unsure=False)
        newest = [Entry(one, house.local) for one in said[1::2]]
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)  # noqa: B023

        sqlalchemy.event.listen(house.database.engine, "before_cursor_execute", note)
        with house.database.begin() as transaction:
            house.features.remove(transaction, newest)
        sqlalchemy.event.remove(house.database.engine, "before_cursor_execute", note)
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_what_hangs_on_nothing_goes_by_its_age(house: House) -> None:
    payload = b"no message"
    letter = Refused("no", payload, hashlib.sha256(payload).hexdigest(), "-")
    house.inbox.put(Batch(refused=[letter]))
    names = ("dead_letters", "replies", "attempts", "pushes", "accesses", "impressions", "clicks")
    names += ("conversions", "exposures")
    policy, nothing = RetentionPolicy(**dict.fromkeys(names, 1)), dict.fromkeys(names, 0)
    assert retain(house.database, house.features, policy, stop=threading.Event()) == nothing
    assert len(rows(house.database, "dead_letters")) == 1


def test_an_order_goes_whole_once_it_has_not_changed_for_so_long(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)  # three orders of long ago, linked and credited
    changed = order(
        1, source_event_id="1-b", status=ConversionStatus.PAID, changed_timestamp=NOW - DAY
    )
    arms = (ExperimentArm("a"), ExperimentArm("b"))
    tried = Experiment(
        "boost", UnitKind.VIEWER, arms, ComparedRatio.ORDERS_PER_VIEWER, EPOCH, salt="s"
    )
    with house.database.begin() as transaction:
        OutcomeRecorder(house.tombstones).conversions(transaction, [changed])
        save_experiment(transaction, tried)
        recorder = ExposureRecorder(house.tombstones)
        recorder.expose(transaction, tried, "tiktok", ["ann"], NOW - 5 * DAY)
        recorder.expose(transaction, tried, "tiktok", ["ben"], NOW - DAY)
    policy = RetentionPolicy(conversions=3, exposures=3)
    gone = {"conversions": 2, "exposures": 1}
    assert would_delete(house.database, policy) == gone
    assert retain(house.database, house.features, policy, stop=threading.Event()) == gone
    assert counts(house) == [2, 2, 2, 1, 1]
    assert {row["conversion_id"] for row in rows(house.database, "conversions")} == {"shop:1"}
    assert [row["unit_id"] for row in rows(house.database, "exposures")] == ["ben"]
    with house.database.read() as connection:
        assert outcome_books(connection).holds


def test_messages_are_kept_for_the_longest_window() -> None:
    with pytest.raises(WrongUse, match="31 days at least"):
        RetentionPolicy(messages=30)


def test_two_that_delete_at_once_take_nothing_out_of_features_twice(
    postgres_url: str, taxonomy: Taxonomy, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    database = Database(postgres_url)
    migrate(database, migrations_dir())
    house = House(database, taxonomy, make_decision)
    house.local = house.make("price_inquiry")
    house.work(make_message(sent_at=NOW - timedelta(days=50)), unsure=False)
    limit = NOW - timedelta(days=31)
    with database.begin() as first, database.begin() as second:
        deleted, stood, _ = expire_messages(first, limit, None, 10)
        house.features.remove(first, stood)
        assert (deleted, expire_messages(second, limit, None, 10)) == (1, (0, [], None))
    assert house.holds()


def test_days_stand_in_a_file_and_what_is_said_goes_before_it(
    sqlite_url: str,
    make_message: MakeMessage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Application(Settings(database_url=SecretStr(sqlite_url)), access=Access.CREATE)
    app.inbox.put(Batch(refused=[Refused("no", b"x", hashlib.sha256(b"x").hexdigest(), "-")]))
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    type_in = CliRunner().invoke
    assert isinstance(type_in(command_line, ["retain"]).exception, WrongUse)
    Path("retention.yaml").write_text("messages: 90\ndead_letters: 30\n", encoding="utf-8")
    told = json.loads(type_in(command_line, ["retain", "--dry-run", "--json"]).stdout)
    assert told == {"messages": 0, "dead_letters": 0, "dry_run": True}
    said = ["retain", "--dry-run", "--json", "--clicks", "5"]
    assert json.loads(type_in(command_line, said).stdout).keys() >= {"messages", "clicks"}
    for wrong in ("messages: 3\n", "massages: 90\n", "messages: soon\n"):
        Path("retention.yaml").write_text(wrong, encoding="utf-8")
        assert type_in(command_line, ["retain", "--dry-run"]).exit_code != 0


def test_what_a_process_tidies_up_follows_the_file_that_the_settings_name(
    sqlite_url: str, make_message: MakeMessage, tmp_path: Path
) -> None:
    file = tmp_path / "days.yaml"
    file.write_text("messages: 31\n", encoding="utf-8")
    settings = Settings(database_url=SecretStr(sqlite_url), retention_file=file)
    app = Application(settings, access=Access.CREATE)
    old = make_message(sent_at=NOW - timedelta(days=50))
    app.inbox.put(Batch([old, make_message(sent_at=NOW)]))
    (taken, *_) = app.inbox.take(10, 1_000_000)
    assert taken.message.message_id == old.message_id
    with app.database.begin() as transaction:
        transaction.exec_driver_sql("DELETE FROM inbox")
    assert tidy_up(app, threading.Event()) == {"messages": 1}
    assert len(rows(app.database, "messages")) == 1
