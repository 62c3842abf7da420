"""What a receiver is told of a lead."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from intent.hooks.courier import HookCourier
from intent.hooks.post import HookPost
from intent.hooks.signing import Signer
from intent.model.decision import Slot
from intent.model.hook import Hook, HookDelivery, HookEvent, PushedLead, Telling
from tests.receivers import Receiver

AT = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
LEAD = PushedLead(
    platform="tiktok",
    room_id="live_1",
    message_id="m_1",
    user_id="u_1",
    creator_id="c_1",
    item_id=None,
    category_id="hijabs",
    offer="10 % off",
    item=None,
    lang=None,
    text='mau satu kak 🙏 "navy"\u2028',
    event_timestamp=AT,
    labels=("purchase_intent",),
    lead_probability=970_000,
    slots=(Slot("quantity", "satu"),),
    decided_by="local",
    handling="open",
    answered=False,
    stands=True,
)


@pytest.mark.parametrize("event", [HookEvent.FOUND, HookEvent.CHANGED, HookEvent.HANDLED])
def test_of_a_lead_all_is_told_that_a_shop_needs(event: HookEvent) -> None:
    (told, headers) = tell(event)
    assert (told["type"], told["timestamp"]) == (event.value, "2026-11-20T12:00:05+00:00")
    assert told["data"] == {
        "id": "WyJ0aWt0b2siLCJtXzEiXQ",
        "platform": "tiktok",
        "room_id": "live_1",
        "message_id": "m_1",
        "user_id": "u_1",
        "creator_id": "c_1",
        "item_id": None,
        "category_id": "hijabs",
        "context": {"offer": "10 % off", "item": None},
        "lang": None,
        "text": LEAD.text,
        "sent_at": "2026-11-20T12:00:05+00:00",
        "labels": ["purchase_intent"],
        "lead_probability": 0.97,
        "slots": [{"kind": "quantity", "text": "satu"}],
        "decided_by": "local",
        "handling": "open",
        "answered": False,
    }
    assert headers["webhook-id"] == "msg_1"


def test_of_a_lead_that_is_gone_nothing_is_told_but_which_it_was() -> None:
    told, _ = tell(HookEvent.GONE)
    assert told["data"].keys() == {"id", "platform", "room_id", "message_id"}


def tell(event: HookEvent) -> tuple[dict[str, object], dict[str, str]]:
    signer = Signer(lambda: b"k" * 32)
    delivery = HookDelivery(1, "msg_1", event, "tiktok", "m_1", AT, 1, 1, "token")
    with Receiver() as receiver:
        hook = Hook(1, "shop", receiver.url, signer.salts(), allow_private=True)
        assert HookCourier(signer, HookPost()).tell(delivery, Telling(hook, LEAD)).accepted
    (seen,) = receiver.seen
    return json.loads(seen.body), dict(seen.headers)
