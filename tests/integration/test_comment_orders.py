"""What a claim round sells becomes orders, and a deleted comment a cancelled one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from intent.model.batch import Batch, Retraction
from intent.model.outcomes import ConversionStatus
from intent.operations.comment_orders import record_claim_orders
from intent.outcomes.outcome_books import outcome_books
from intent.outcomes.reading import read_clock, read_conversions
from intent.outcomes.recording import OutcomeRecorder, Recorded
from tests.conftest import EPOCH, MakeMessage
from tests.integration.conftest import House
from tests.integration.test_claim_rounds import opened


def write(house: House, number: int) -> Recorded:
    return record_claim_orders(house.database, OutcomeRecorder(house.tombstones), number, "SGD")


def orders(house: House, **options: Any) -> dict[str, tuple[str, int | None]]:
    with house.database.read() as connection:
        return {
            one.keys["message_id"]: (one.status.value, one.value_micros)
            for one in read_conversions(connection, **options)
        }


def test_a_deleted_comment_is_a_cancelled_order_and_the_day_before_stays(
    house: House, make_message: MakeMessage
) -> None:
    house.local = house.make("purchase_intent")
    number = opened(house.database)
    mine = make_message("A1 red 2", user_id="ann")
    other = make_message("A2", user_id="ben")
    house.work(mine, other, unsure=False)
    assert write(house, number).new == 2
    assert write(house, number) == Recorded()
    assert orders(house) == {"m-1": ("placed", 78_000_000), "m-2": ("placed", None)}
    with house.database.read() as connection:
        before = read_clock(connection)
    at = EPOCH + timedelta(minutes=5)
    taken_back = Retraction("tiktok", "room-1", at, message_id="m-1", by="author")
    house.inbox.put(Batch(retractions=[taken_back]))
    house.inbox.put(Batch(retractions=[taken_back]))
    cancelled = ConversionStatus.CANCELLED.value
    assert orders(house) == {"m-1": (cancelled, 78_000_000), "m-2": ("placed", None)}
    assert orders(house, as_of=before)["m-1"] == ("placed", 78_000_000)
    assert write(house, number) == Recorded()
    with house.database.read() as connection:
        books = outcome_books(connection)
    assert (books.conversions, books.holds) == (2, True)


def test_an_order_of_a_shop_stays_when_a_comment_goes(
    house: House, make_message: MakeMessage
) -> None:
    from tests.integration.test_outcome_erasure import order

    house.work(make_message("A1 red", user_id="ann"), unsure=False)
    bought = order(1, platform="tiktok", user_id="ann", keys={"message_id": "m-1"})
    with house.database.begin() as transaction:
        OutcomeRecorder(house.tombstones).conversions(transaction, [bought])
    gone = Retraction("tiktok", "room-1", EPOCH + timedelta(minutes=5), message_id="m-1")
    house.inbox.put(Batch(retractions=[gone]))
    assert orders(house) == {"m-1": ("placed", None)}
