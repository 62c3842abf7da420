"""Deliveries are lent under claims, told as things stand, tried again, and given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from intent.model.hook import Answered, DeliveryState, HookEvent, HookState
from intent.queues.hook_deliveries import SqlHookDeliveries
from intent.queues.hook_history import (
    read_deliveries,
    read_figures,
    replay_deliveries,
    replay_leads,
)
from intent.store.engine import Database
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.pushing import Shop

OK, BAD = Answered(200), Answered(500, "answers with status 500")


@pytest.fixture
def shop(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Shop:
    return Shop(database, make_message, make_decision)


def test_two_who_take_get_different_ones_and_a_lease_that_ends_is_taken_again(shop: Shop) -> None:
    hook = shop.hook()
    for _ in range(5):
        shop.found()
    shop.read_on(hook)
    one, other = shop.deliveries.take(hook, 3), shop.deliveries.take(hook, 3)
    assert (len(one), len(other)) == (3, 2)
    assert {a.webhook_id for a in one}.isdisjoint(b.webhook_id for b in other)
    assert not shop.deliveries.work()[0].due
    shop.end_leases()
    again = shop.deliveries.take(hook, 3)
    assert [(a.webhook_id, a.attempts) for a in again] == [(a.webhook_id, 1) for a in one]
    assert not shop.deliveries.delivered(one[0], OK), "its claim was lost"
    assert shop.deliveries.look_up(one[0]) is None
    assert shop.deliveries.delivered(again[0], OK)


def test_the_deliveries_of_one_lead_go_out_one_after_the_other(shop: Shop) -> None:
    hook = shop.hook(events=tuple(HookEvent))
    lead, other = shop.found(), shop.found()
    shop.read_on(hook)
    first = shop.deliveries.take(hook, 1)[0]
    shop.decide(lead, "chatter")
    shop.read_on(hook)
    (second,) = shop.deliveries.take(hook, 10)
    assert (first.message_id, second.message_id) == (lead.message_id, other.message_id)
    assert shop.deliveries.failed(first, BAD, 0.0)
    (first,) = shop.deliveries.take(hook, 10)
    assert (first.event, first.attempts) == (HookEvent.FOUND, 2)
    shop.deliveries.delivered(first, OK)
    (last,) = shop.deliveries.take(hook, 10)
    assert (last.event, last.message_id) == (HookEvent.GONE, lead.message_id)


def test_a_lead_is_told_as_it_stands(shop: Shop) -> None:
    hook = shop.hook()
    lead = shop.found("price_inquiry", text="berapa kak?", item_id="i-1")
    shop.read_on(hook)
    shop.decide(lead, "purchase_intent", probability=0.75)
    (delivery,) = shop.deliveries.take(hook, 1)
    told = shop.deliveries.look_up(delivery)
    assert told is not None
    assert told.is_true
    assert (told.hook.name, told.lead.labels) == ("shop", ("purchase_intent",))
    assert (told.lead.lead_probability, told.lead.text) == (750_000, "berapa kak?")
    assert (told.lead.handling, told.lead.item_id) == ("open", "i-1")


@pytest.mark.parametrize("asks", [True, False])
def test_what_has_become_untrue_is_told_as_gone_under_another_id_or_not_at_all(
    shop: Shop, asks: bool
) -> None:
    events = (HookEvent.FOUND, HookEvent.GONE) if asks else (HookEvent.FOUND,)
    hook = shop.hook(events=events)
    lead = shop.found()
    shop.read_on(hook)
    (delivery,) = shop.deliveries.take(hook, 1)
    shop.decide(lead, "chatter")
    told = shop.deliveries.look_up(delivery)
    assert told is not None
    assert not told.is_true
    gone = shop.deliveries.untrue(delivery)
    if asks:
        assert gone is not None
        assert (gone.event, gone.token) == (HookEvent.GONE, delivery.token)
        assert gone.webhook_id != delivery.webhook_id
        assert shop.deliveries.delivered(gone, OK)
    else:
        assert gone is None
    shop.read_on(hook)
    assert [event for event, _, _ in shop.told] == ["gone"], "and it is not told once more"
    shop.decide(lead, "price_inquiry")
    shop.read_on(hook)
    assert [event for event, _, _ in shop.told] == ["gone", "found"]


def test_what_is_true_again_is_sent_after_all(shop: Shop) -> None:
    hook = shop.hook()
    lead = shop.found()
    shop.read_on(hook)
    (delivery,) = shop.deliveries.take(hook, 1)
    shop.decide(lead, "chatter")
    shop.decide(lead, "price_inquiry")
    assert shop.deliveries.untrue(delivery) is None
    (again,) = shop.deliveries.take(hook, 1)
    assert (again.webhook_id, again.attempts) == (delivery.webhook_id, 1)


def test_what_failed_comes_again_later_and_then_never(shop: Shop) -> None:
    hook = shop.hook()
    shop.found()
    shop.read_on(hook)
    (delivery,) = shop.deliveries.take(hook, 1)
    assert shop.deliveries.failed(delivery, BAD, 60.0)
    assert shop.deliveries.take(hook, 1) == []
    (seen,) = read_deliveries(shop.database, hook)
    assert (seen.state, seen.attempts, seen.status) == (DeliveryState.WAITING, 1, 500)
    assert seen.next_try is not None
    assert seen.next_try > datetime.now(UTC) + timedelta(seconds=30)
    shop.end_leases()
    (delivery,) = shop.deliveries.take(hook, 1)
    assert delivery.attempts == 2
    assert shop.deliveries.failed(delivery, Answered(None, "does not answer in 10 s"), None)
    (seen,) = read_deliveries(shop.database, hook)
    assert (seen.state, seen.error) == (DeliveryState.DEAD, "does not answer in 10 s")
    assert replay_deliveries(shop.database, hook) == 1
    (again,) = shop.deliveries.take(hook, 1)
    assert (again.webhook_id, again.attempts) == (delivery.webhook_id, 1)


def test_a_receiver_that_wants_nothing_more_ends_its_hook_and_loses_nothing(shop: Shop) -> None:
    hook = shop.hook()
    shop.found()
    shop.read_on(hook)
    (delivery,) = shop.deliveries.take(hook, 1)
    shop.deliveries.ended(delivery, Answered(410, "answers with status 410"))
    ended = shop.hooks.find("shop")
    assert (ended.state, ended.reason) == (HookState.ENDED, "answers with status 410")
    assert shop.deliveries.work() == []
    shop.hooks.put(ended, HookState.ACTIVE)
    (again,) = shop.deliveries.take(hook, 1)
    assert (again.webhook_id, again.attempts) == (delivery.webhook_id, 1)


def test_the_figures_are_those_of_the_rows(shop: Shop) -> None:
    hook, idle = shop.hook(), shop.hook(name="idle")
    for _ in range(4):
        shop.found()
    shop.read_on(hook)
    taken = shop.deliveries.take(hook, 3)
    shop.deliveries.delivered(taken[0], OK)
    shop.deliveries.failed(taken[1], BAD, None)
    busy, other = read_figures(shop.database)
    assert (busy.waiting, busy.delivered, busy.dead, busy.skipped) == (2, 1, 1, 0)
    assert busy.oldest_seconds is not None
    assert 0 <= busy.oldest_seconds < 600
    assert (other.hook.id, other.waiting, other.oldest_seconds) == (idle.id, 0, None)


def test_leads_of_before_are_told_when_asked_for_and_known_ones_by_their_ids(shop: Shop) -> None:
    early = shop.found(sent_at=EPOCH - timedelta(days=2))
    before = [shop.found(), shop.found("purchase_intent")]
    shop.found("chatter")
    hook = shop.hook(intents=("price_inquiry",))
    known = shop.found()
    shop.read_on(hook)
    (delivery,) = shop.deliveries.take(hook, 1)
    shop.deliveries.delivered(delivery, OK)
    since = EPOCH - timedelta(days=1)
    assert sum(replay_leads(shop.database, hook, since)) == 2
    assert sum(replay_leads(shop.database, hook, since)) == 0, "they are on their way already"
    taken = {one.message_id: one.webhook_id for one in shop.deliveries.take(hook, 10)}
    assert taken.keys() == {before[0].message_id, known.message_id}
    assert taken[known.message_id] == delivery.webhook_id
    assert early.message_id not in taken


def test_with_a_hook_everything_on_its_way_to_it_goes(shop: Shop) -> None:
    hook = shop.hook()
    shop.found()
    shop.read_on(hook)
    (delivery,) = shop.deliveries.take(hook, 1)
    shop.hooks.remove(hook)
    assert rows(shop.database, "hook_deliveries") == []
    assert shop.deliveries.look_up(delivery) is None
    shop.deliveries.release(delivery)
    assert SqlHookDeliveries(shop.database).work() == []
