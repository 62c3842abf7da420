"""What attribution says of worlds whose truth is known: caused holds the truth, a coupon that causes
nothing is told to cause nothing, and links are right.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from eval.world.made import World
from intent.model.batch import Batch
from intent.model.message import Message
from intent.model.outcomes import ConversionEvent, ConversionKind, ConversionStatus
from intent.outcomes.causing import CausedOrders, DealtTouch, UnitOrder, caused_orders
from intent.outcomes.crediting import CreditRule, Journey, Touch, credit
from intent.outcomes.linking import LinkTold, find_links
from intent.outcomes.recording import OutcomeRecorder
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.tombstones import Tombstones

WINDOW = timedelta(days=30)
PLAIN: dict[str, float] = {
    "impressions": 20_000,
    "need": 3.0,
    "treatment": 0.5,
    "carry_over": 0.0,
    "capacity": 0,
    "link_loss": 0.0,
    "answer_seconds": 0.0,
    "silent": 0.0,
}
"""Many who ask, hosts that can serve everybody, and no effect on anybody else: what is withheld from
one changes nothing for another.
"""

Made = Callable[..., World]


def rows_of(world: World, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = world.tables[name].to_pylist()
    return rows


def told(world: World, kind: str) -> CausedOrders:
    """Return what is said of replies or coupons; a person in a room is what is dealt."""
    touches = [
        DealtTouch((row["user_id"], row["room_id"]), row["touched_at"], row["arm"] == "given")
        for row in rows_of(world, "touches")
        if row["touch_kind"] == kind
    ]
    orders = [
        UnitOrder((row["user_id"], row["room_id"]), row["event_timestamp"])
        for row in rows_of(world, "conversions")
        if row["revision"] == 0
    ]
    found = caused_orders(touches, orders, WINDOW, max(one.at for one in touches) + 2 * WINDOW)
    assert found is not None
    return found


def truth(world: World) -> float:
    """Return the orders that a reply makes, on average of those to whom one could be given first in
    a room.
    """
    effects = {
        row["message_id"]: int(row["order_if_given"]) - int(row["order_if_withheld"])
        for row in world.truth["touches"].to_pylist()
        if row["touch_kind"] == "reply"
    }
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows_of(world, "touches"):
        if row["touch_kind"] == "reply":
            first.setdefault((row["user_id"], row["room_id"]), row)
    return float(np.mean([effects[row["message_id"]] for row in first.values()]))


def test_what_is_told_to_be_caused_lies_about_the_truth_and_a_coupon_causes_nothing(
    made: Made,
) -> None:
    held = 0
    for seed in range(4):
        world = made(seed, **{**PLAIN, "impressions": 8_000})
        found, none = told(world, "reply"), told(world, "coupon")
        held += (found.low <= truth(world) <= found.high) + (none.low <= 0 <= none.high)
    assert held >= 6


@pytest.mark.simulate
def test_the_intervals_of_two_hundred_worlds_hold_the_truth(made: Made) -> None:
    held, quiet, shifts = 0, 0, []
    for seed in range(200):
        world = made(seed, **PLAIN)
        found, none, true = told(world, "reply"), told(world, "coupon"), truth(world)
        held += found.low <= true <= found.high
        quiet += none.low <= 0 <= none.high
        shifts.append(found.difference - true)
    print(f"caused holds the truth in {held} of 200 worlds, mean shift {np.mean(shifts):+.4f}")
    print(f"the placebo coupon's interval holds 0 in {quiet} of 200 worlds")
    assert 0.93 <= held / 200 <= 0.97
    assert quiet / 200 >= 0.93


@pytest.mark.simulate
def test_two_hundred_worlds_without_any_effect_are_silent(made: Made) -> None:
    alarms = 0
    for seed in range(200):
        knobs = {**PLAIN, "treatment": 0.0, "information": 0.0, "leak": 0.0}
        alarms += told(made(1_000 + seed, **knobs), "reply").p < 0.05
    print(f"{alarms} of 200 worlds without any effect raise an alarm")
    assert alarms / 200 <= 0.09


def test_rules_credit_what_causes_nothing_and_so_are_no_cause(made: Made) -> None:
    """Commenting causes no order in the world, and every rule credits it all the same."""
    world = made(3, **{**PLAIN, "impressions": 8_000})
    said: dict[str, list[Touch]] = {}
    for row in rows_of(world, "messages"):
        if row["author_role"] == "viewer":
            touch = Touch("comment", row["platform"], row["message_id"], row["sent_at"])
            said.setdefault(row["user_id"], []).append(touch)
    journeys = []
    for row in rows_of(world, "conversions"):
        if row["revision"] == 0:
            before = [
                one for one in said.get(row["user_id"], []) if one.at <= row["event_timestamp"]
            ]
            journeys.append(Journey(row["conversion_id"], tuple(before)))
    for rule in CreditRule:
        found = credit(journeys, rule, "r")
        credited = {one.conversion_id for one in found}
        assert len(credited) > 0.2 * len(journeys)
        assert sum(one.share for one in found) == pytest.approx(len(credited))


def test_links_by_exact_keys_are_right_in_a_world(made: Made, database: Database) -> None:
    world = made(2, **{**PLAIN, "link_loss": 0.2, "impressions": 6_000})
    messages = [
        Message(
            **{
                name: row[name]
                for name in ("platform", "room_id", "message_id", "user_id", "kind", "text")
            },
            sent_at=row["sent_at"],
            author_role=row["author_role"],
        )
        for row in rows_of(world, "messages")
    ]
    SqlInbox(database).put(Batch(messages))
    events = [
        ConversionEvent(
            source=row["source"],
            source_event_id=row["source_event_id"],
            conversion_id=row["conversion_id"],
            kind=ConversionKind(row["kind"]),
            status=ConversionStatus(row["status"]),
            platform=row["platform"],
            user_id=row["user_id"],
            event_timestamp=row["event_timestamp"],
            changed_timestamp=row["event_timestamp"],
        )
        for row in rows_of(world, "conversions")
    ]
    with database.begin() as transaction:
        OutcomeRecorder(Tombstones()).conversions(transaction, events)
    nobody = LinkTold("r", timedelta(days=7), lambda connection, identities: {})
    with database.read() as connection:
        links = find_links(connection, nobody).links
    buyers = {
        row["conversion_id"]: row["user_id"] for row in world.truth["conversions"].to_pylist()
    }
    authors = {one.message_id: one.user_id for one in messages}
    assert links
    right = sum(authors[one.message_id] == buyers[one.conversion_id] for one in links)
    assert right / len(links) >= 0.99
