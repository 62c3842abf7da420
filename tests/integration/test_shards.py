"""Three databases are one service: what is read over them is what one database would say."""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intent.bootstrap.application import Application, open_application
from intent.bootstrap.shards import build_growing, build_inlet, feature_reader, open_shards
from intent.cli import app as command_line
from intent.flow.worker import Worker, WorkerPolicy
from intent.model.batch import Batch, Retraction
from intent.model.decision import Decision
from intent.model.errors import OperatorError, OtherShards, WrongUse
from intent.model.message import Message, wire
from intent.operations.audit import audit
from intent.operations.leads import find_leads
from intent.operations.shards import check_between, leads_over
from intent.queues.lane import SqlLane
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from tests.conftest import EPOCH, MakeDecision, MakeMessage

ROOMS, USERS = 12, 6
LABELS = ("purchase_intent", "price_inquiry", "chatter", "chatter")
SHARDS = 3


class ByText:
    """Decides a message to be what its text says."""

    def __init__(self, make: MakeDecision) -> None:
        self._make = make
        self.versions = make("chatter").versions

    def classify(self, messages: list[Message]) -> list[Decision]:
        return [self._make(one.text.split()[0]) for one in messages]


@pytest.fixture
def urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name three databases; each has a folder whose name holds a space."""
    named = []
    for number in range(1, SHARDS + 1):
        folder = tmp_path / f"shard {number}"
        folder.mkdir()
        named.append(f"sqlite:///{folder}/intent.db")
    monkeypatch.setenv("INTENT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("INTENT_DATABASE_URL", " ".join(named))
    return " ".join(named)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["intent", *map(str, words)])
        try:
            command_line.main()
        except SystemExit as left:
            return int(left.code or 0)
        return 0

    return run


@pytest.fixture
def sharded(urls: str) -> Application:
    app = open_application(access=Access.CREATE)
    build_growing(app).run()
    return app


@pytest.fixture
def alone(tmp_path: Path, sharded: Application) -> Application:
    """One database beside, to compare with."""
    from pydantic import SecretStr

    url = SecretStr(f"sqlite:///{tmp_path}/alone.db")
    settings = sharded.settings.model_copy(update={"database_url": url})
    return open_application(settings, access=Access.CREATE)


def history(make_message: MakeMessage, count: int = 150) -> list[Message]:
    chance = random.Random(5)
    found = []
    for number in range(count):
        room = chance.randrange(ROOMS)
        found.append(
            make_message(
                f"{chance.choice(LABELS)} {number}",
                user_id=f"u-{chance.randrange(USERS)}",
                room_id=f"room-{room}",
                creator_id=f"c-{room % 4}",
                item_id=f"i-{chance.randrange(3)}",
                category_id=f"k-{room % 2}",
                sent_at=EPOCH + timedelta(seconds=chance.randrange(200_000)),
            )
        )
    return found


def work(app: Application, make: MakeDecision) -> None:
    parts = (app.inbox, ByText(make), app.database, SqlDecisions(), app.features)
    options: dict[str, Any] = {"unsure": lambda decision: False, "policy": WorkerPolicy()}
    from threading import Event

    Worker(*parts, SqlLane(app.database), **options, stop=Event()).run(drain=True)


@pytest.fixture
def both(
    sharded: Application, alone: Application, make_message: MakeMessage, make_decision: MakeDecision
) -> tuple[Application, Application]:
    """The same history in shards and in one database, decided, with some of it taken back."""
    messages = history(make_message)
    gone = [
        Retraction(one.platform, one.room_id, EPOCH + timedelta(9), message_id=one.message_id)
        for one in messages[::17]
    ]
    for app in (sharded, alone):
        inlet = build_inlet(app)
        inlet.put(Batch(messages))
        for one in open_shards(app):
            work(one, make_decision)
        inlet.put(Batch(retractions=gone))
    return sharded, alone


def test_shards_share_the_rooms_and_the_books_balance(
    both: tuple[Application, Application],
) -> None:
    sharded, _ = both
    found = [audit(one.database, sharded.taxonomy.members) for one in open_shards(sharded)]
    assert all(one.holds and one.books.accepted for one in found)
    assert sum(one.books.accepted for one in found) == 150
    assert check_between([one.database for one in open_shards(sharded)]).holds


def test_features_over_shards_are_those_of_one_database(
    both: tuple[Application, Application],
) -> None:
    sharded, alone = both
    definitions = sharded.definitions
    rows = {
        "platform": ["tiktok"] * (USERS + 1),
        "user_id": [*(f"u-{number}" for number in range(USERS)), "nobody"],
        "room_id": [f"room-{number}" for number in range(USERS + 1)],
        "creator_id": [f"c-{number % 5}" for number in range(USERS + 1)],
        "item_id": [f"i-{number % 4}" for number in range(USERS + 1)],
        "category_id": [f"k-{number % 3}" for number in range(USERS + 1)],
    }
    names = list(definitions.features)
    every = definitions.choose("every", names)
    # Where nobody is told apart, tiles of shards add up; else they are counted anew.
    summed = definitions.choose("summed", [one for one in names if "distinct" not in one])
    instants = (EPOCH + timedelta(seconds=200_000), EPOCH + timedelta(seconds=120_000))
    for chosen, at in itertools.product((every, summed), instants):
        over = feature_reader(sharded).read(chosen, rows, at)
        one = feature_reader(alone).read(chosen, rows, at)
        for name in chosen.names:
            assert np.array_equal(over.statuses[name], one.statuses[name]), name
            if over.columns[name].dtype == object:
                assert over.columns[name].tolist() == one.columns[name].tolist(), name
            else:
                np.testing.assert_allclose(
                    over.columns[name], one.columns[name], rtol=1e-9, atol=1e-9, err_msg=name
                )


def test_leads_over_shards_come_in_the_order_of_one_inbox(
    both: tuple[Application, Application],
) -> None:
    sharded, alone = both
    databases = [one.database for one in open_shards(sharded)]
    over = list(leads_over(databases, sharded.taxonomy))
    assert over == list(find_leads(alone.database, alone.taxonomy))
    assert len(over) > 20
    page = list(leads_over(databases, sharded.taxonomy, behind=over[6].place, limit=5))
    assert page == over[7:12]


def test_whom_one_shard_knows_is_forgotten_by_all(
    both: tuple[Application, Application],
    make_message: MakeMessage,
    said: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    sharded, _ = both
    lone = make_message("chatter", user_id="lone", room_id="room-1")
    build_inlet(sharded).put(Batch([lone]))
    assert said("forget", "--user", "tiktok:lone", "--json") == 0
    assert said("forget", "--user", "tiktok:u-1", "--json") == 0
    capsys.readouterr()
    again = [
        make_message("chatter", user_id="lone", room_id=f"room-{number}") for number in range(ROOMS)
    ]
    assert build_inlet(sharded).put(Batch(again)).erased == ROOMS
    assert said("export", "--user", "tiktok:u-1") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["messages"] == record["features"] == []
    assert said("audit", "--json") == 0


def test_a_record_of_a_person_is_read_over_all_shards(
    both: tuple[Application, Application],
    said: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, alone = both
    assert said("export", "--user", "tiktok:u-2") == 0
    record = json.loads(capsys.readouterr().out)
    with alone.database.read() as connection:
        from intent.store.subject_record import read_record

        whole = read_record(connection, "tiktok", "u-2")
    ids = sorted(one["message_id"] for one in record["messages"])
    assert ids == sorted(one["message_id"] for one in whole["messages"])
    assert {one["entity"] for one in record["features"]} == {
        "user", "user_creator", "user_room", "user_item", "user_category"
    }  # fmt: skip


def test_who_does_not_know_of_shards_puts_nothing(
    sharded: Application, urls: str, make_message: MakeMessage
) -> None:
    from pydantic import SecretStr

    first = SecretStr(urls.split(" sqlite")[0])
    old = open_application(sharded.settings.model_copy(update={"database_url": first}))
    with pytest.raises(OtherShards, match="one of 3 shards"):
        old.inbox.put(Batch([make_message()]))


def test_databases_in_another_order_are_refused(sharded: Application, urls: str) -> None:
    from pydantic import SecretStr

    a, b, c = (one.get_secret_value() for one in sharded.settings.database_urls)
    for named in (f"{b} {a} {c}", f"{a} {b}"):
        other = sharded.settings.model_copy(update={"database_url": SecretStr(named)})
        with pytest.raises(OperatorError, match="is shard"):
            open_shards(open_application(other))


def test_only_the_first_database_may_hold_messages_before(
    urls: str, make_message: MakeMessage
) -> None:
    app = open_application(access=Access.CREATE)
    for one in app.named_databases:
        one.database.close()
    lone = app.settings.model_copy(update={"database_url": app.settings.database_urls[1]})
    open_application(lone).inbox.put(Batch([make_message()]))
    with pytest.raises(OperatorError, match="only the first one may"):
        build_growing(app).run()


def test_what_works_on_one_database_wants_to_know_which(
    sharded: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WrongUse, match="INTENT_SHARD=1 to 3"):
        _ = sharded.database
    monkeypatch.setenv("INTENT_SHARD", "2")
    assert open_application().database.file == open_shards(sharded)[1].database.file
    monkeypatch.setenv("INTENT_SHARD", "4")
    with pytest.raises(WrongUse, match="of 3 databases"):
        _ = open_application().database


def test_a_file_goes_into_all_shards_and_is_decided_in_turn(
    sharded: Application,
    tmp_path: Path,
    make_message: MakeMessage,
    said: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = (wire(make_message(room_id=f"room-{n}")).decode("utf-8") for n in range(ROOMS))
    (tmp_path / "chat.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for _ in range(2):
        assert said("ingest", tmp_path / "chat.jsonl") == 0
    assert said("work", "--drain") == 0
    capsys.readouterr()
    assert said("status", "--json") == 0
    states = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["shard"], one["waiting"]) for one in states] == [(1, 0), (2, 0), (3, 0)]
    assert said("shards", "list", "--json") == 0
    held = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(one["messages"] for one in held) == ROOMS
    assert said("audit") == 0
