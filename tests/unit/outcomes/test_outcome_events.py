"""Events of the store are told with their rooms and creators, and added up by unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, UnitKind, read_arms
from intent.model.outcomes import (
    Click,
    ConversionEvent,
    ConversionKind,
    ConversionStatus,
    Impression,
)
from intent.outcomes.exposures import ExposureRecorder, save_experiment
from intent.outcomes.outcome_events import OutcomeEvents
from intent.outcomes.recording import OutcomeRecorder
from intent.outcomes.unit_sums import read_unit_sums
from intent.store.engine import Database
from intent.store.tombstones import Tombstones
from tests.conftest import EPOCH

TOMBSTONES = Tombstones(lambda make: b"k" * 32)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, UNTIL = EPOCH + DAY, EPOCH + 9 * DAY
ROOMS = Experiment(
    "boost",
    UnitKind.ROOM,
    read_arms(["control", "boost"]),
    ComparedRatio.ORDERS_PER_VIEWER,
    START,
    "boost",
)


def order(number: int, at: Any, **values: Any) -> ConversionEvent:
    given = {
        "status": ConversionStatus.PAID,
        "value_micros": 20_000_000,
        "currency": "SGD",
        "platform": "tiktok",
        "event_timestamp": at,
    }
    named = ("shop", f"{number}", f"shop:{number}", ConversionKind.ORDER, at)
    return ConversionEvent(*named, **{**given, **values})


@pytest.fixture
def told(database: Database) -> Database:
    """Before the start ann was in room-0 of host-a; then ann and ben came into room-1 of host-a, and
    cem into room-2 of host-b. Ann ordered without saying where, ben's order was refunded.
    """
    recorder = OutcomeRecorder(TOMBSTONES)
    shows = [
        ("r0", "ann", "room-0", "host-a", EPOCH),
        ("r1", "ann", "room-1", "host-a", START + HOUR),
        ("r2", "ben", "room-1", "host-a", START + HOUR),
        ("r3", "cem", "room-2", "host-b", START + 2 * HOUR),
    ]
    with database.begin() as transaction:
        for request, user, room, creator, at in shows:
            shown = Impression(request, "tiktok", user, room, 1, at, "p", creator_id=creator)
            recorder.impressions(transaction, [shown])
            click = Click(request, "tiktok", user, room, at)
            recorder.clicks(transaction, [click, replace(click, watch_seconds=60.0)])
        refunded = {"status": ConversionStatus.REFUNDED}
        orders = [
            order(1, EPOCH + HOUR, user_id="ann", room_id="room-0"),
            order(2, START + 3 * HOUR, user_id="ann"),
            order(3, START + 3 * HOUR, user_id="ben", room_id="room-1", **refunded),
            order(4, START + 4 * HOUR, user_id="dan", room_id="room-2"),
        ]
        recorder.conversions(transaction, orders)
    return database


def exposed(database: Database, experiment: Experiment, *units: str) -> None:
    with database.begin() as transaction:
        save_experiment(transaction, experiment)
        ExposureRecorder(TOMBSTONES).expose(transaction, experiment, "tiktok", units, START)


def test_a_click_that_is_told_twice_is_one_and_an_order_is_placed_where_its_buyer_was(
    told: Database,
) -> None:
    with told.read() as connection:
        events = list(OutcomeEvents(connection, EPOCH, UNTIL).read())
    assert sum(one.name == "clicks" for one in events) == 4
    orders = {one.user_id: one for one in events if one.name == "orders" and one.at > START}
    assert set(orders) == {"ann", "dan"}, "what was refunded is no order"
    assert (orders["ann"].room_id, orders["ann"].creator_id) == ("room-1", "host-a")
    assert orders["ann"].entered == START + HOUR
    assert orders["dan"].entered is None
    assert (orders["ann"].value, orders["ann"].currency) == (20.0, "SGD")


def test_rooms_are_added_up_with_their_creators_last_one_before(told: Database) -> None:
    exposed(told, ROOMS, "room-1", "room-2")
    with told.read() as connection:
        found = read_unit_sums(connection, ROOMS, UNTIL)
    assert found.sums["viewers"].tolist() == [2.0, 1.0]
    assert found.sums["orders"].tolist() == [1.0, 1.0]
    assert found.sums["value"].tolist() == [20.0, 20.0]
    assert found.earlier["orders"][0] == 1.0
    assert np.isnan(found.earlier["orders"][1]), "host-b had no room before"
    assert found.clicks.ordered.tolist() == [True, False, False]
    assert found.clicks.waits[0] == 2 * 3600
    assert found.currencies == ("SGD",)


def test_viewers_count_once_each_and_what_came_before_they_were_exposed_does_not(
    told: Database,
) -> None:
    viewers = replace(ROOMS, name="viewers", unit=UnitKind.VIEWER)
    exposed(told, viewers, "ann", "ben", "nobody")
    with told.read() as connection:
        found = read_unit_sums(connection, viewers, UNTIL)
    assert found.sums["viewers"].tolist() == [1.0, 1.0, 1.0]
    assert found.sums["orders"].tolist() == [1.0, 0.0, 0.0]
    assert found.earlier["orders"][0] == 1.0
    assert np.isnan(found.earlier["orders"][2])


def test_blocks_leave_their_burn_in_out_and_an_order_counts_where_its_buyer_came_in(
    told: Database,
) -> None:
    blocks = replace(ROOMS, name="turns", unit=UnitKind.TIME, block=HOUR)
    units = [blocks.block_of("room-1", START + HOUR), blocks.block_of("room-2", START + 2 * HOUR)]
    exposed(told, blocks, *units)
    with told.read() as connection:
        found = read_unit_sums(connection, blocks, UNTIL)
        assert found.sums["clicks"].tolist() == [2.0, 1.0]
        assert found.sums["orders"].tolist() == [1.0, 0.0]
        assert found.rooms.tolist() == [0, 1]
        late = read_unit_sums(connection, replace(blocks, burn_in=HOUR / 2), UNTIL)
    assert late.sums["clicks"].tolist() == [0.0, 0.0]


def test_creators_are_added_up_over_their_rooms(told: Database) -> None:
    creators = replace(ROOMS, name="hosts", unit=UnitKind.CREATOR)
    exposed(told, creators, "host-a", "host-b")
    with told.read() as connection:
        found = read_unit_sums(connection, creators, UNTIL)
    assert found.sums["impressions"].tolist() == [2.0, 1.0]
    assert found.earlier["clicks"][0] == 1.0


def test_nothing_exposed_is_said(database: Database) -> None:
    exposed(database, ROOMS)
    with database.read() as connection, pytest.raises(WrongUse, match="nothing was exposed"):
        read_unit_sums(connection, ROOMS, UNTIL)
