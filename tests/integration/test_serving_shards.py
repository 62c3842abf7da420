"""A server over two shards is one inbox: leads of both are listed, followed and handled, and what
is away is said while the other goes on.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx2
import pytest
from pydantic import SecretStr

from intent.bootstrap import answering_shards
from intent.bootstrap.application import Application, open_application
from intent.bootstrap.shards import build_growing, build_inlet, feature_reader, keeper_of
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.model.errors import StoreUnavailable
from intent.model.lead import lead_id
from intent.model.message import Message
from intent.model.shard_map import ShardMap
from intent.operations.contact_book import list_accesses
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from intent.web.service import Service
from tests.conftest import EPOCH, MakeDecision, MakeMessage
from tests.postgres import PostgresServer
from tests.serving import RunningServer, running

PHONE = "+62 812-3456-7890"


class AwayDatabase:
    """Stands for a database that does not answer."""

    def read(self) -> NoReturn:
        raise StoreUnavailable("the database is away")

    begin = read


class ShardedHouse:
    """Two shards, a room in each, and a server over both."""

    def __init__(self, url: str, make: MakeMessage, decide: MakeDecision) -> None:
        app = open_application(access=Access.CREATE)
        settings = app.settings.model_copy(update={"database_url": SecretStr(url)})
        self.app = keeper_of(open_application(settings, access=Access.CREATE))
        build_growing(self.app).run()
        home = ShardMap(2).home
        named = [f"room-{number}" for number in range(20)]
        self.rooms = {
            number: next(room for room in named if home("tiktok", room) == number)
            for number in (1, 2)
        }
        self.service = Service(self.app)
        self._inlet, self._make, self._decide = build_inlet(self.app), make, decide
        self._minutes = itertools.count()

    def say(self, shard: int, text: str, **values: Any) -> Message:
        """Let a viewer say a lead in the room of a shard."""
        at = EPOCH + timedelta(minutes=next(self._minutes))
        message = self._make(text, room_id=self.rooms[shard], sent_at=at, **values)
        self._inlet.put(Batch([message]))
        app = self.shard(shard)
        with app.database.begin() as transaction:
            entry = Entry(message, self._decide("price_inquiry"))
            app.features.add(transaction, SqlDecisions().save(transaction, [entry]))
        return message

    def shard(self, number: int) -> Application:
        return self.app.named_databases[number - 1]

    def lose(self, number: int) -> Callable[[], None]:
        """Let a shard be away; return what brings it back."""
        held = vars(self.shard(number))
        database = held["database"]
        held["database"] = AwayDatabase()
        return lambda: held.update(database=database)


on_both = pytest.mark.parametrize("house", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def house(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> ShardedHouse:
    monkeypatch.setenv("INTENT_KEY_FILE", str(tmp_path / "keys"))
    monkeypatch.setattr(answering_shards, "PAUSE_SECONDS", 0.01)
    if getattr(request, "param", "sqlite") == "sqlite":
        urls = [f"sqlite:///{tmp_path}/{number}.db" for number in (1, 2)]
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        urls = [server.fresh_database() for _ in (1, 2)]
        for url in urls:
            _migrate(url)
    return ShardedHouse(" ".join(urls), make_message, make_decision)


def _migrate(url: str) -> None:
    from intent.bootstrap.application import migrations_dir
    from intent.store.engine import Database
    from intent.store.migrate import migrate

    database = Database(url)
    migrate(database, migrations_dir())
    database.close()


@pytest.fixture
def server(house: ShardedHouse) -> Iterator[RunningServer]:
    with running(house.service) as server:
        yield server


def get(server: RunningServer, path: str, **query: Any) -> Any:
    answer = httpx2.get(f"{server.url}{path}", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


def texts(found: Any) -> list[str]:
    return [one["text"] for one in found["leads"]]


class HeardEvents:
    """Follows the leads, from a cursor on."""

    def __init__(self, server: RunningServer, after: str, opened: ExitStack) -> None:
        where = f"{server.url}/v1/leads/stream"
        stream = httpx2.stream("GET", where, params={"after": after}, timeout=60)
        self._lines = opened.enter_context(stream).iter_lines()

    def until(self, name: str) -> Any:
        """Return what the next event of a name says."""
        for line in self._lines:
            if line == f"event: {name}":
                found = next(one for one in self._lines if one.startswith("data: "))
                return found.removeprefix("data: ")
        raise AssertionError(f"the stream ended without {name}")


@on_both
def test_leads_of_all_shards_are_listed_followed_and_handled(
    house: ShardedHouse, server: RunningServer
) -> None:
    said = [house.say(1 + number % 2, f"text {number}") for number in range(6)]
    first = get(server, "/v1/leads", limit=4)
    assert texts(first) == ["text 5", "text 4", "text 3", "text 2"]
    rest = get(server, "/v1/leads", limit=4, cursor=first["cursor"])
    assert (texts(rest), rest["cursor"], rest["away"]) == (["text 1", "text 0"], "", [])
    exported = get(server, "/v1/leads/export")
    assert [line.rsplit(",", 1)[1] for line in exported.splitlines()[1:]] == [
        f"text {number}" for number in (5, 4, 3, 2, 1, 0)
    ]
    with ExitStack() as opened:
        heard = HeardEvents(server, first["changes"], opened)
        for shard in (1, 2):
            house.say(shard, f"new in {shard}")
            assert json.loads(heard.until("lead"))["text"] == f"new in {shard}"
        waiting = json.loads(heard.until("cursor"))
        assert (waiting["waiting"], waiting["away"]) == (8, [])
        for message in said[:2]:
            lead = lead_id(*message.identity)
            assert get(server, f"/v1/leads/{lead}")["text"] == message.text
            taken = httpx2.post(f"{server.url}/v1/leads/{lead}:take", json={}).json()
            assert (taken["state"], taken["changed"]) == ("taken", True)
            assert json.loads(heard.until("lead"))["state"] == "taken"
    assert httpx2.post(f"{server.url}/v1/leads/WyJ0IiwibSJd:take", json={}).status_code == 404


def test_pages_rooms_and_contact_details_are_of_all_shards(
    house: ShardedHouse, server: RunningServer
) -> None:
    said = [house.say(shard, f"call me {PHONE}") for shard in (1, 2)]
    page, rooms = get(server, "/"), get(server, "/rooms")
    for message in said:
        lead = lead_id(*message.identity)
        assert f'href="/leads/{lead}"' in page
        assert message.room_id in rooms
        assert message.room_id in get(server, "/rooms/report", room=message.room_id)
        contacts = get(server, f"/v1/leads/{lead}/contacts")["contacts"]
        assert [one["text"] for one in contacts] == [PHONE]
    listed = get(server, "/v1/leads", contacts="true")["leads"]
    assert [one["contacts"][0]["text"] for one in listed] == [PHONE, PHONE]
    for shard in (1, 2):
        assert len(list_accesses(house.shard(shard).database, limit=10)) == 2
    assert httpx2.get(f"{server.url}/rooms/report", params={"room": "none"}).status_code == 422


def test_features_are_read_over_all_shards(house: ShardedHouse, server: RunningServer) -> None:
    for number in range(4):
        house.say(1 + number % 2, "text", user_id="u-1")
    at = EPOCH + timedelta(hours=1)
    chosen = house.app.definitions.feature_set(house.app.definitions.set_names[0])
    keys = {"platform": "tiktok", "user_id": "u-1", "room_id": house.rooms[2]}
    rows = {**keys, "creator_id": "c-1", "item_id": "i-1"}
    asked = {"feature_set": chosen.name, "rows": [rows], "at": at.isoformat()}
    answer = httpx2.post(f"{server.url}/v1/features:read", json=asked, timeout=60)
    table = feature_reader(house.app).read(
        chosen, {name: [value] for name, value in rows.items()}, at
    )
    told = answer.json()["features"]
    assert {name: column.tolist() for name, column in table.columns.items()}.keys() == told.keys()
    counted = [name for name in told if name.startswith("user__") and name.endswith("count_7d")]
    assert max(told[name][0] or 0 for name in counted) == 4


@on_both
def test_a_shard_that_is_away_is_said_and_the_other_goes_on(
    house: ShardedHouse, server: RunningServer
) -> None:
    here, there = house.say(1, "here"), house.say(2, "there")
    cursor = get(server, "/v1/leads")["changes"]
    with ExitStack() as opened:
        heard = HeardEvents(server, cursor, opened)
        assert json.loads(heard.until("cursor"))["away"] == []
        back = house.lose(2)
        found = get(server, "/v1/leads")
        assert (texts(found), found["away"]) == (["here"], [2])
        assert "shards away" in get(server, "/")
        assert "Shards that are away" in get(server, "/rooms")
        for path in (f"/v1/leads/{lead_id(*there.identity)}", "/v1/leads/export"):
            refused = httpx2.get(f"{server.url}{path}", timeout=60)
            assert refused.status_code == 503
            assert "shard 2 is away" in refused.json()["detail"]
        asked = {"feature_set": house.app.definitions.set_names[0], "rows": [{"platform": "x"}]}
        unread = httpx2.post(f"{server.url}/v1/features:read", json=asked, timeout=60)
        assert (unread.status_code, "shard 2" in unread.text) == (503, True)
        lead = lead_id(*here.identity)
        assert httpx2.post(f"{server.url}/v1/leads/{lead}:take", json={}).status_code == 200
        assert json.loads(heard.until("lead"))["state"] == "taken"
        assert json.loads(heard.until("cursor"))["away"] == [2]
        back()
        house.say(2, "missed by nobody")
        assert json.loads(heard.until("lead"))["text"] == "missed by nobody"
        assert json.loads(heard.until("cursor"))["away"] == []
    assert get(server, "/v1/leads")["away"] == []


def test_who_listed_while_a_shard_was_away_is_told_to_list_anew_once_it_is_back(
    house: ShardedHouse, server: RunningServer
) -> None:
    house.say(2, "there")
    get(server, "/v1/leads")
    back = house.lose(2)
    cursor = get(server, "/v1/leads")["changes"]
    with ExitStack() as opened:
        heard = HeardEvents(server, cursor, opened)
        back()
        assert heard.until("reload") == "-"
    assert texts(get(server, "/v1/leads")) == ["there"]
