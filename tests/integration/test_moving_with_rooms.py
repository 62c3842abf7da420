"""What hangs on rooms moves with them: claim rounds, orders that comments are, links of orders, and
what receivers have been told. What is of no room stays in the first shard, and is read with them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydantic import SecretStr

from intent.bootstrap.answering_shards import AnsweringShards
from intent.bootstrap.application import Application, migrations_dir, open_application
from intent.bootstrap.claim_shards import claims_over, home_of_claims, open_in_home
from intent.bootstrap.erasing import drop_loose_links, forget_everywhere
from intent.bootstrap.hook_shards import figures_of_all, hooks_of_all
from intent.bootstrap.shards import build_growing, build_inlet, open_shards
from intent.model.batch import Batch, Retraction
from intent.model.claim_round import Ordered
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.hook import Answered, Hook, HookDelivery, HookEvent, HookFilter, SecretSalts
from intent.model.message import Message
from intent.model.outcomes import (
    Click,
    ConversionEvent,
    ConversionKind,
    ConversionStatus,
    Impression,
)
from intent.model.shard_map import ShardMap
from intent.operations.attribution import (
    AttributionTold,
    attribution_report,
    keep_by_hand,
    link_conversions,
)
from intent.operations.audit import audit
from intent.operations.claims import ClaimSheet, close_claims, correct_claim, show_claims
from intent.operations.comment_orders import record_claim_orders
from intent.operations.conversions import list_conversions
from intent.operations.hooks import pause_hook, remove_hook, resume_hook
from intent.operations.shards import check_between
from intent.operations.subject_access import subject_record
from intent.outcomes.linking import LinkTold
from intent.outcomes.reading import read_clock
from intent.outcomes.recording import OutcomeRecorder
from intent.queues.hook_deliveries import SqlHookDeliveries
from intent.report.attribution_figures import AttributionReport
from intent.store.access import Access
from intent.store.claim_rounds import RoundRequest
from intent.store.engine import Database
from intent.store.hooks import SqlHooks
from intent.store.migrate import migrate
from intent.store.outcome_erasure import delete_conversions
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.test_claim_rounds import ITEMS
from tests.integration.test_growing_shards import STEPS, Killed
from tests.integration.test_shards import work
from tests.postgres import PostgresServer

ROOMS = [f"room-{number}" for number in range(6)]
MOVES = {room for room in ROOMS if ShardMap(2).home("tiktok", room) == 2}
EVERYTHING = HookFilter(events=(HookEvent.FOUND, HookEvent.CHANGED, HookEvent.GONE))
WEEK = timedelta(days=7)


class Databases:
    """Two empty databases, of which the first may be used alone; ``named`` is as a process sees
    them.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls

    def named(self, count: int) -> Application:
        app = open_application(access=Access.CREATE)
        url = SecretStr(" ".join(self._urls[:count]))
        settings = app.settings.model_copy(update={"database_url": url})
        return open_application(settings, access=Access.CREATE)


@pytest.fixture
def two(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Databases:
    monkeypatch.setenv("INTENT_KEY_FILE", str(tmp_path / "keys"))
    if getattr(request, "param", "sqlite") == "sqlite":
        return Databases([f"sqlite:///{tmp_path}/{number}.db" for number in (1, 2)])
    server: PostgresServer = request.getfixturevalue("postgres")
    urls = [server.fresh_database() for _ in (1, 2)]
    for url in urls:
        database = Database(url)
        migrate(database, migrations_dir())
        database.close()
    return Databases(urls)


def say(app: Application, make: MakeMessage, decide: MakeDecision, text: str) -> list[Message]:
    """Let somebody say this in every room, and decide it."""
    found = [
        make(f"purchase_intent {text}", room_id=room, user_id=f"u-{number % 3}")
        for number, room in enumerate(ROOMS)
    ]
    build_inlet(app).put(Batch(found))
    for one in open_shards(app):
        work(one, decide)
    return found


def shards_of(app: Application) -> AnsweringShards:
    return AnsweringShards(app, Event())


def open_rounds(app: Application) -> list[int]:
    return [
        open_in_home(
            shards_of(app), RoundRequest("tiktok", room, room, ITEMS, EPOCH - WEEK, None, "ops")
        )
        for room in ROOMS
    ]


def sheets(app: Application) -> list[ClaimSheet]:
    return [
        show_claims(home_of_claims(shards_of(app), held.number).database, held.number)
        for held in claims_over(shards_of(app))
    ]


def order(number: int, user: str) -> ConversionEvent:
    return ConversionEvent(
        source="shop",
        source_event_id=f"e-{number}",
        conversion_id=f"shop:{number}",
        kind=ConversionKind.ORDER,
        status=ConversionStatus.PLACED,
        value_micros=1_000_000 * number,
        currency="SGD",
        platform="tiktok",
        user_id=user,
        event_timestamp=EPOCH + timedelta(hours=5),
        changed_timestamp=EPOCH + timedelta(hours=5),
    )


def no_phones(_connection: Any, _identities: Any) -> dict[Any, Any]:
    return {}


def attributed(app: Application, as_of: datetime) -> AttributionReport:
    home, *others = (one.database for one in open_shards(app))
    told = AttributionTold(window=WEEK, phones_of=no_phones, as_of=as_of)
    return attribution_report(home, told, others)


def link(app: Application) -> int:
    home, *others = (one.database for one in open_shards(app))
    return link_conversions(home, LinkTold("production", WEEK, no_phones), others)[1]


def links(app: Application) -> set[tuple[str, str, str]]:
    """Return all links, each of which lies beside its message."""
    found = [
        (row["conversion_id"], row["message_id"], row["method"])
        for one in open_shards(app)
        for row in rows(one.database, "conversion_links")
    ]
    assert len(found) == len(set(found))
    return set(found)


def tell(app: Application) -> list[HookDelivery]:
    """Let the receivers read on in every shard, and take what they are sent."""
    found = []
    for one in open_shards(app):
        deliveries = SqlHookDeliveries(one.database)
        (hook,) = SqlHooks(one.database).all()
        while deliveries.fan_out(hook):
            (hook,) = SqlHooks(one.database).all()
        while taken := deliveries.take(hook, 100):
            for delivery in taken:
                deliveries.delivered(delivery, Answered(200))
            found += taken
    return found


def fill(app: Application, make: MakeMessage, decide: MakeDecision) -> list[Message]:
    """Let all things hang on six rooms; what was said last is not told to receivers yet."""
    SqlHooks(app.database).add(
        Hook(0, "shop", "https://shop.example/", SecretSalts("key", "s"), EVERYTHING)
    )
    said = say(app, make, decide, "A1 red 2")
    assert len(tell(app)) == len(ROOMS)
    recorder = OutcomeRecorder(app.tombstones)
    for number, message in zip(open_rounds(app), said, strict=True):
        orders = [Ordered("A1", "blue", 1)]
        correct_claim(app.database, number, message.message_id, orders, "ops")
        assert record_claim_orders(app.database, recorder, number, "SGD").new == 1
    with app.database.begin() as transaction:
        recorder.conversions(transaction, [order(number, f"u-{number}") for number in range(3)])
        shown = [Impression("r", "tiktok", "u-1", room, 1, EPOCH, "p") for room in ROOMS[:1]]
        recorder.impressions(transaction, shown)
        recorder.clicks(transaction, [Click("r", "tiktok", "u-1", ROOMS[0], EPOCH)])
    assert link(app) > len(ROOMS)
    say(app, make, decide, "me too")
    return said


def require_whole(app: Application) -> None:
    shards = open_shards(app)
    databases = [one.database for one in shards]
    for one in shards:
        assert audit(one.database, app.taxonomy.members, shards=databases).holds
        assert not rows(one.database, "leaving_rooms")
    assert check_between(databases).holds


@pytest.mark.parametrize(
    ("two", "at"),
    [*(("sqlite", step) for step in STEPS), ("postgresql", "copied")],
    indirect=["two"],
)
def test_all_that_hangs_on_rooms_is_as_before_wherever_the_mover_dies(
    two: Databases,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    at: str,
) -> None:
    first = two.named(1)
    fill(first, make_message, make_decision)
    with first.database.read() as connection:
        now = read_clock(connection)
    before = sheets(first), attributed(first, now), list_conversions(first.database)
    kept = links(first)
    passed: list[str] = []

    def die(step: str) -> None:
        passed.append(step)
        if step == at and passed.count(at) == (2 if at != "fenced" else 1):
            raise Killed

    with pytest.raises(Killed):
        build_growing(two.named(2), step=die).run()
    app = two.named(2)
    build_growing(app).run()
    require_whole(app)
    home, other = (one.database for one in open_shards(app))
    listed = list_conversions(home, others=[other])
    assert (sheets(app), attributed(app, now), listed) == before
    assert {row["room_id"] for row in rows(other, "claim_rounds")} == MOVES
    assert links(app) == kept
    assert rows(other, "conversion_links")
    assert link(app)
    assert not link(app)
    # What was told stays told, and what nobody has read yet is told now: once.
    told = [(one.event, one.message_id) for one in tell(app)]
    assert len(told) == len(set(told)) == len(ROOMS)
    assert {event for event, _ in told} == {HookEvent.FOUND}
    (figures,) = figures_of_all(app)
    assert (figures.delivered, figures.waiting) == (2 * len(ROOMS), 0)
    require_whole(app)


@pytest.fixture
def grown(
    two: Databases, make_message: MakeMessage, make_decision: MakeDecision
) -> tuple[Application, list[Message]]:
    said = fill(two.named(1), make_message, make_decision)
    app = two.named(2)
    build_growing(app).run()
    return app, said


def test_a_person_is_forgotten_with_orders_that_links_of_any_shard_name(
    grown: tuple[Application, list[Message]], make_message: MakeMessage
) -> None:
    app, said = grown
    bought = order(9, "somebody-else")
    home, other = (one.database for one in open_shards(app))
    with home.begin() as transaction:
        OutcomeRecorder(app.named_databases[0].tombstones).conversions(transaction, [bought])
    theirs = next(one for one in said if one.room_id in MOVES)
    keep_by_hand(home, "shop:9", theirs.identity, [other])
    assert {row["conversion_id"] for row in rows(other, "conversion_links")} >= {"shop:9"}
    subject = DataSubject(SubjectKind.USER, "tiktok", theirs.user_id)
    assert forget_everywhere(app, subject, stop=Event(), anyway=False).buried
    require_whole(app)
    shards = open_shards(app)
    record = subject_record(
        shards[0].database,
        app.definitions,
        "tiktok",
        theirs.user_id,
        EPOCH,
        shards[0].vault,
        beside=[(one.database, one.vault) for one in shards[1:]],
    )
    assert not any(found for found in record.values() if isinstance(found, list))
    everything = json.dumps(
        [rows(one.database, table) for one in shards for table in ("conversions", "hooks")],
        default=str,
    )
    assert "shop:9" not in everything
    assert theirs.user_id not in everything


def test_an_order_is_forgotten_with_its_links_in_all_shards(
    grown: tuple[Application, list[Message]],
) -> None:
    app, _ = grown
    subject = DataSubject(SubjectKind.CONVERSION, "shop", "shop:1")
    assert forget_everywhere(app, subject, stop=Event(), anyway=False).outcomes == 1
    require_whole(app)
    for one in open_shards(app):
        linked = {row["conversion_id"] for row in rows(one.database, "conversion_links")}
        assert "shop:1" not in linked


def test_links_go_with_orders_that_are_deleted_by_their_age(
    grown: tuple[Application, list[Message]],
) -> None:
    app, _ = grown
    home, other = (one.database for one in open_shards(app))
    with home.begin() as transaction:
        delete_conversions(transaction, ["shop:1"])
    assert not audit(other, app.taxonomy.members, shards=[home, other]).holds
    drop_loose_links(app)
    require_whole(app)


def test_a_comment_that_is_taken_back_in_another_shard_is_a_cancelled_order(
    grown: tuple[Application, list[Message]],
) -> None:
    app, said = grown
    gone = next(one for one in said if one.room_id in MOVES)
    taken = Retraction("tiktok", gone.room_id, EPOCH + WEEK, message_id=gone.message_id)
    build_inlet(app).put(Batch(retractions=[taken]))
    home, other = (one.database for one in open_shards(app))
    found = {
        one.keys.get("message_id"): one.status
        for one in list_conversions(home, source="comment", others=[other])
    }
    assert found[gone.message_id] is ConversionStatus.CANCELLED
    assert set(found.values()) == {ConversionStatus.CANCELLED, ConversionStatus.PLACED}


def test_rounds_of_all_shards_have_numbers_of_their_own(
    grown: tuple[Application, list[Message]],
) -> None:
    app, _ = grown
    begin = EPOCH + timedelta(days=400)
    for held in claims_over(shards_of(app)):
        home = home_of_claims(shards_of(app), held.number)
        close_claims(home.database, held.number, EPOCH + WEEK, "ops")
    again = [
        open_in_home(shards_of(app), RoundRequest("tiktok", room, room, ITEMS, begin, None, "ops"))
        for room in ROOMS
    ]
    assert again == list(range(7, 13))
    homes = {row["room_id"] for row in rows(open_shards(app)[1].database, "claim_rounds")}
    assert homes == MOVES


def test_hooks_are_said_in_the_first_shard_and_the_others_follow(
    grown: tuple[Application, list[Message]],
) -> None:
    app, _ = grown
    for state in ("paused", "active"):
        with hooks_of_all(app, states=True) as home:
            (pause_hook if state == "paused" else resume_hook)(home.database, "shop")
        for one in open_shards(app):
            assert {row["state"] for row in rows(one.database, "hooks")} == {state}
    with hooks_of_all(app) as home:
        remove_hook(home.database, "shop")
    assert not any(rows(one.database, "hooks") for one in open_shards(app))
