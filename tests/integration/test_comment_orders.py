"""What a claim round sells becomes orders, and a deleted comment a cancelled one."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
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
from tests.integration.test_command_line import Run
from tests.integration.test_command_line import run as run

EARLY, LATER = "2026-11-20T20:01:00+08:00", "2026-11-20T20:02:00+08:00"


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


def test_the_command_line_sells_what_is_claimed_and_cancels_what_is_deleted(
    run: Run, tmp_path: Path
) -> None:
    said = {"platform": "tiktok", "room_id": "live-9", "kind": "comment"}
    told = [
        {**said, "message_id": "c1", "user_id": "ann", "text": "A1 red 2", "sent_at": EARLY},
        {**said, "message_id": "c2", "user_id": "ben", "text": "A1 red", "sent_at": LATER},
    ]
    lines = "".join(json.dumps(one) + "\n" for one in told)
    (tmp_path / "chat.jsonl").write_text(lines, encoding="utf-8")
    run("ingest", tmp_path / "chat.jsonl", "--format", "wire")
    run("work", "--drain", "--no-ask")
    since = ("--since", "2026-11-20T20:00:00+08:00")
    item = ("--item", "A1 | dress | red=5, blue=2 | 39")
    assert run("claims", "open", "live-9", "--platform", "tiktok", *since, *item).code == 0
    assert "2 new orders" in run("conversions", "claims", "1", "--currency", "SGD").err
    gone = {"platform": "tiktok", "room_id": "live-9", "message_id": "c1", "by": "author"}
    line = json.dumps({"retraction": {**gone, "at": "2026-11-20T20:05:00+08:00"}})
    program = tmp_path / "room.py"
    program.write_text(f"print({line!r}, flush=True)\n", encoding="utf-8")
    assert run("listen", f"exec:{sys.executable} {program}").code == 0
    found = {
        one["value_micros"]: (one["status"], one["revision"])
        for one in run("conversions", "list", "--json").lines()
    }
    assert found == {78_000_000: ("cancelled", 1), 39_000_000: ("placed", 0)}
    assert "0 new orders" in run("conversions", "claims", "1", "--currency", "SGD").err
    assert run("audit").code == 0


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
