"""What changes about leads is put on its way to the hooks that ask for it, once, whoever reads."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.hook import Answered, HookEvent, HookState
from intent.queues.hook_fanout import CUT_OFF, fan_out
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.lead_log import prune_changes
from intent.store.tombstones import Tombstones
from tests.conftest import MakeDecision, MakeMessage, rows
from tests.pushing import Shop

EVERYTHING = tuple(HookEvent)


@pytest.fixture
def shop(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Shop:
    return Shop(database, make_message, make_decision)


def test_a_hook_is_told_of_what_comes_after_it_was_added(shop: Shop) -> None:
    shop.found()
    hook = shop.hook()
    shop.found("chatter")
    lead = shop.found()
    assert shop.read_on(hook) == 1
    assert shop.told == [("found", lead.message_id, "waiting")]
    assert shop.read_on(hook) == 0


def test_a_lead_is_found_by_a_hook_once_it_is_what_the_hook_asks_for(shop: Shop) -> None:
    hook = shop.hook(minimum=800_000, rooms=("room-1",), intents=("purchase_intent",))
    sure = shop.found("price_inquiry", "purchase_intent", probability=0.8)
    doubtful = shop.found("purchase_intent", probability=0.4)
    shop.found("purchase_intent", room_id="room-2")
    shop.found("price_inquiry")
    shop.read_on(hook)
    shop.decide(doubtful, "purchase_intent", probability=0.9)
    shop.read_on(hook)
    assert shop.told == [
        ("found", sure.message_id, "waiting"),
        ("found", doubtful.message_id, "waiting"),
    ]


def test_what_changes_and_goes_is_told_to_who_asks_for_it_and_noted_for_who_does_not(
    shop: Shop,
) -> None:
    every, only = shop.hook(name="every", events=EVERYTHING), shop.hook(name="only")
    lead = shop.found()
    for labels in (("purchase_intent",), ("chatter",), ("price_inquiry",)):
        for hook in (every, only):
            shop.read_on(hook)
            for one in shop.deliveries.take(hook, 10):
                shop.deliveries.delivered(one, Answered(200))
        shop.decide(lead, *labels)
    shop.read_on(every)
    shop.read_on(only)
    numbers = {hook.id: hook.name for hook in shop.hooks.all()}
    told = [
        (numbers[row["hook_id"]], row["event"]) for row in rows(shop.database, "hook_deliveries")
    ]
    assert [event for name, event in told if name == "every"] == [
        "lead.found",
        "lead.changed",
        "lead.gone",
        "lead.found",
    ]
    assert [event for name, event in told if name == "only"] == [
        "lead.found",
        "lead.gone",
        "lead.found",
    ]
    assert [state for event, _, state in shop.told if event == "gone"].count("skipped") == 1


def test_what_nobody_has_looked_at_yet_is_not_told_twice_over(shop: Shop) -> None:
    hook = shop.hook(events=EVERYTHING)
    lead = shop.found()
    shop.decide(lead, "purchase_intent")
    shop.read_on(hook)
    shop.decide(lead, "price_inquiry")
    shop.read_on(hook)
    assert [event for event, _, _ in shop.told] == ["found"]
    assert len(shop.deliveries.take(hook, 10)) == 1
    shop.decide(lead, "purchase_intent")
    shop.read_on(hook)
    assert [event for event, _, _ in shop.told] == ["found", "changed"]


def test_that_somebody_handles_a_lead_is_told_to_who_asks_for_it(shop: Shop) -> None:
    every, only = shop.hook(name="every", events=EVERYTHING), shop.hook(name="only")
    lead, chatter = shop.found(), shop.found("chatter")
    for hook in (every, only):
        shop.read_on(hook)
        for one in shop.deliveries.take(hook, 10):
            shop.deliveries.delivered(one, Answered(200))
    for message in (lead, chatter):
        shop.handled(message, "take")
    assert (shop.read_on(every), shop.read_on(only)) == (2, 2)
    assert [event for event, _, _ in shop.told] == ["found", "found", "handled"]


def test_what_a_receiver_may_have_heard_is_not_told_in_another_way_under_its_id(shop: Shop) -> None:
    hook = shop.hook(events=EVERYTHING)
    lead = shop.found()
    shop.read_on(hook)
    shop.deliveries.take(hook, 1)  # whoever took it dies, and somebody had posted it
    shop.end_leases()
    (again,) = shop.deliveries.take(hook, 1)
    shop.deliveries.release(again)
    shop.decide(lead, "purchase_intent")
    shop.read_on(hook)
    assert [event for event, _, _ in shop.told] == ["found", "changed"]


def test_of_two_who_read_on_at_once_one_does_nothing(shop: Shop) -> None:
    hook = shop.hook()
    shop.found()

    def meanwhile(step: str) -> None:
        raise RuntimeError("its process dies before it commits")

    with pytest.raises(RuntimeError):
        fan_out(shop.database, hook, meanwhile)
    assert shop.told == []
    assert fan_out(shop.database, hook, lambda step: None) == 1
    assert fan_out(shop.database, hook, lambda step: None) == 0
    assert len(shop.told) == 1


def test_what_changes_while_a_hook_is_paused_is_told_when_it_goes_on(shop: Shop) -> None:
    hook = shop.hook()
    shop.hooks.put(hook, HookState.PAUSED, "by hand")
    lead = shop.found()
    assert shop.deliveries.work() == []
    assert fan_out(shop.database, hook, lambda step: None) == 0
    shop.hooks.put(hook, HookState.ACTIVE)
    (work,) = shop.deliveries.work()
    assert (work.changes, work.due) == (True, False)
    assert shop.read_on(hook) == 1
    assert shop.told == [("found", lead.message_id, "waiting")]


def test_a_hook_that_slept_longer_than_the_log_is_kept_says_so_and_goes_on(shop: Shop) -> None:
    hook = shop.hook()
    shop.found()
    shop.hooks.put(hook, HookState.PAUSED, "by hand")
    with shop.database.begin() as transaction:
        assert prune_changes(transaction, timedelta(0)) == 1
    shop.hooks.put(hook, HookState.ACTIVE)
    (work,) = shop.deliveries.work()
    assert work.changes
    assert shop.read_on(hook) == 0
    assert shop.hooks.find(hook.name).reason == CUT_OFF
    lead = shop.found()
    assert shop.read_on(hook) == 1
    assert shop.told == [("found", lead.message_id, "waiting")]


def test_what_an_active_hook_has_not_read_is_not_pruned(shop: Shop) -> None:
    slow = shop.hook(name="slow")
    shop.hook(name="elsewhere")
    with shop.database.begin() as transaction:
        transaction.execute(text("UPDATE hooks SET position = 'x' WHERE name = 'elsewhere'"))
    shop.found()
    shop.read_on(slow)
    lead = shop.found()
    with shop.database.begin() as transaction:
        assert prune_changes(transaction, timedelta(0)) == 1
    assert shop.read_on(slow) == 1
    assert shop.told[-1] == ("found", lead.message_id, "waiting")
    assert shop.hooks.find("slow").reason is None


def test_of_an_erased_person_nothing_is_on_its_way_and_nothing_is_put_there(shop: Shop) -> None:
    hook = shop.hook()
    gone = shop.found(user_id="u-canary")
    shop.read_on(hook)
    later = shop.found(user_id="u-canary")
    stays = shop.found(user_id="u-2")
    (taken,) = shop.deliveries.take(hook, 1)
    erasure = SqlErasure(Tombstones(lambda make: b"key"))
    subject = DataSubject(SubjectKind.USER, "tiktok", "u-canary")
    with shop.database.begin() as transaction:
        erasure.begin(transaction, subject, anyway=False)
        assert erasure.erase(transaction, subject, 10)[0] == 2
    assert shop.told == []
    assert shop.deliveries.look_up(taken) is None
    assert not shop.deliveries.delivered(taken, Answered(200))
    shop.read_on(hook)
    assert shop.told == [("found", stays.message_id, "waiting")]
    assert gone.message_id != later.message_id


def test_who_is_erased_while_what_they_said_is_put_on_its_way_leaves_nothing_there(
    shop: Shop,
) -> None:
    hook, said = shop.hook(), shop.found(user_id="u-canary")
    erasure = SqlErasure(Tombstones(lambda make: b"key"))
    subject = DataSubject(SubjectKind.USER, "tiktok", "u-canary")

    def erase() -> None:
        with shop.database.begin() as transaction:
            erasure.erase(transaction, subject, 10)

    with shop.database.begin() as transaction:
        erasure.begin(transaction, subject, anyway=False)
    erasing = Thread(target=erase)

    def meanwhile(step: str) -> None:
        assert step == "fanned_out"
        erasing.start()
        while shop.database.dialect == "postgresql" and not waits_for_a_lock(shop.database):
            assert erasing.is_alive(), "it does not wait for who puts them on their way"

    assert fan_out(shop.database, hook, meanwhile) == 1
    erasing.join(60)
    assert rows(shop.database, "messages") == []
    assert shop.told == [], said.message_id


def waits_for_a_lock(database: Database) -> bool:
    with database.read() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return bool(connection.exec_driver_sql(waiting).scalar_one())
