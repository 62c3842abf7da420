"""What attribution says of worlds whose truth is known: caused holds the truth, a coupon that causes
nothing is told to cause nothing, and links are right.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from eval.world.decided import MeasuredDecisions
from eval.world.knobs import WorldKnobs
from eval.world.made import World
from eval.world.past import Past, come_to_pass
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
from tests.conftest import EPOCH

WINDOW = timedelta(days=30)
PLAIN: dict[str, float] = {
    "impressions": 20_000,
    "users": 20_000,
    "days": 4,
    "creators": 60,
    "need": 3.0,
    "treatment": 0.5,
    "carry_over": 0.0,
    "capacity": 0,
    "link_loss": 0.0,
    "answer_seconds": 0.0,
    "silent": 0.0,
}
"""Many who ask, hosts that can serve everybody, and no effect on anybody else: what is withheld from
one changes nothing for another. Hardly anybody comes twice: who was not answered could order later,
which the truth of one visit does not know.
"""

Made = Callable[..., World]


def turned_on(**knobs: float) -> WorldKnobs:
    return WorldKnobs(**{**PLAIN, **knobs})  # type: ignore[arg-type]


def rows_of(world: World, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = world.tables[name].to_pylist()
    return rows


def told(past: Past, kind: str) -> CausedOrders:
    """Return what is said of replies or coupons; a person in a room is what is dealt."""
    row, at, given = dealt(past, kind)
    happened = past.happened
    touches = [
        DealtTouch((str(happened.user[one]), str(happened.room[one])), instant(when), bool(arm))
        for one, when, arm in zip(row, at, given, strict=True)
    ]
    orders = [
        UnitOrder((str(happened.user[one]), str(happened.room[one])), instant(when))
        for one, when in zip(past.bought.row, past.bought.at, strict=True)
    ]
    found = caused_orders(touches, orders, WINDOW, instant(0) + 12 * WINDOW)
    assert found is not None
    return found


def dealt(past: Past, kind: str) -> tuple[Any, Any, Any]:
    """Return the impressions, times and arms of replies or coupons. Arms are dealt when somebody
    enters: an order that an answer makes may be dated before the answer here, and after entering.
    """
    said, sent = past.said, past.coupons
    row, given = sent.row, sent.sent
    if kind == "reply":
        row = said.row[np.flatnonzero(said.asks)]
        given = past.happened.replied[row]
    return row, past.clicked_at[row], given


def truth(past: Past) -> float:
    """Return the orders that a reply makes, on average of those to whom one could be given first in
    a room.
    """
    row, at, _ = dealt(past, "reply")
    first: dict[tuple[int, int], int] = {}
    for one in row[np.argsort(at, kind="stable")]:
        first.setdefault((past.happened.user[one], past.happened.room[one]), one)
    rows = list(first.values())
    happened = past.happened
    return float((happened.ordered_with[rows] * 1.0 - happened.ordered_without[rows]).mean())


def instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(microseconds))


def test_what_is_told_to_be_caused_lies_about_the_truth_and_a_coupon_causes_nothing(
    decisions: MeasuredDecisions,
) -> None:
    held = quiet = 0
    for seed in range(12):
        past = come_to_pass(turned_on(), seed, decisions)
        found, none = told(past, "reply"), told(past, "coupon")
        held += found.low <= truth(past) <= found.high
        quiet += none.low <= 0 <= none.high
    assert held >= 10
    assert quiet >= 10


@pytest.mark.simulate
def test_the_intervals_of_two_hundred_worlds_hold_the_truth(decisions: MeasuredDecisions) -> None:
    held, quiet, shifts = 0, 0, []
    for seed in range(200):
        past = come_to_pass(turned_on(), seed, decisions)
        found, none, true = told(past, "reply"), told(past, "coupon"), truth(past)
        held += found.low <= true <= found.high
        quiet += none.low <= 0 <= none.high
        shifts.append(found.difference - true)
    print(f"caused holds the truth in {held} of 200 worlds, mean shift {np.mean(shifts):+.4f}")
    print(f"the placebo coupon's interval holds 0 in {quiet} of 200 worlds")
    assert 0.93 <= held / 200 <= 0.97
    assert quiet / 200 >= 0.93


@pytest.mark.simulate
def test_two_hundred_worlds_without_any_effect_are_silent(decisions: MeasuredDecisions) -> None:
    knobs = turned_on(treatment=0.0, information=0.0)
    alarms = sum(
        told(come_to_pass(knobs, seed, decisions), "reply").p < 0.05 for seed in range(1_000, 1_200)
    )
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
