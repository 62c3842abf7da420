"""Forgetting reaches what was shown to a person, entered and ordered, and their record tells it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from intent.features.definitions.definitions import load_definitions
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.outcomes import (
    Click,
    ConversionCredit,
    ConversionEvent,
    ConversionKind,
    ConversionLink,
    ConversionStatus,
    Impression,
    LinkMethod,
)
from intent.model.taxonomy import Taxonomy
from intent.operations.forget import Forgotten, forget, forget_again
from intent.operations.subject_access import subject_record
from intent.outcomes.outcome_books import outcome_books
from intent.outcomes.recording import OutcomeRecorder, Recorded, record_credits, record_links
from intent.store.erasure import SqlErasure
from tests.conftest import EPOCH, MakeMessage, rows
from tests.integration.conftest import House

TABLES = ("impressions", "clicks", "conversions", "conversion_links", "credits")


def order(number: int, **values: Any) -> ConversionEvent:
    given: dict[str, Any] = {
        "source": "shop",
        "source_event_id": f"{number}",
        "conversion_id": f"shop:{number}",
        "kind": ConversionKind.ORDER,
        "status": ConversionStatus.PLACED,
        "event_timestamp": EPOCH,
        "changed_timestamp": EPOCH,
    }
    return ConversionEvent(**{**given, **values})


def filled(house: House, make_message: MakeMessage) -> list[ConversionEvent]:
    """Ann wrote m-1 and Ben m-2; Ann ordered 1, whoever ordered 2 is Ann by a link, Ben 3."""
    ann, ben = make_message(user_id="ann"), make_message(user_id="ben", room_id="room-2")
    house.work(ann, ben)
    orders = [
        order(1, platform="tiktok", user_id="ann"),
        order(2, keys={"phone": "hash"}),
        order(3, platform="tiktok", user_id="ben", room_id="room-2"),
    ]
    with house.database.begin() as transaction:
        recorder = OutcomeRecorder(house.tombstones)
        recorder.conversions(transaction, orders)
        for user, room in (("ann", "room-1"), ("ben", "room-2")):
            shown = Impression(f"r-{user}", "tiktok", user, room, 1, EPOCH, "p")
            recorder.impressions(transaction, [shown])
            recorder.clicks(transaction, [Click(f"r-{user}", "tiktok", user, room, EPOCH)])
        keys = [
            (f"shop:{number}", "tiktok", message.message_id)
            for number, message in ((1, ann), (2, ann), (3, ben))
        ]
        links = [ConversionLink(*key, LinkMethod.PHONE, 1.0, 60, "r") for key in keys]
        record_links(transaction, links)
        credits_ = [ConversionCredit("r", key[0], "comment", *key[1:], 1.0) for key in keys]
        record_credits(transaction, credits_)
    return orders


def counts(house: House) -> list[int]:
    return [len(rows(house.database, table)) for table in TABLES]


def run(house: House, kind: str, platform: str, key: str) -> Forgotten:
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    return forget(DataSubject(SubjectKind(kind), platform, key), *parts, stop=threading.Event())


def again(house: House, orders: list[ConversionEvent]) -> Recorded:
    with house.database.begin() as transaction:
        return OutcomeRecorder(house.tombstones).conversions(transaction, orders)


def test_a_person_goes_with_all_that_names_them_or_is_linked_to_them(
    house: House, make_message: MakeMessage
) -> None:
    orders = filled(house, make_message)
    assert run(house, "user", "tiktok", "ann").outcomes == 4
    assert counts(house) == [1, 1, 1, 1, 1]
    assert again(house, orders) == Recorded(known=1, forgotten=2)
    assert counts(house) == [1, 1, 1, 1, 1]
    assert house.holds()


def test_a_person_of_whom_only_an_order_is_known_is_forgotten(
    house: House, make_message: MakeMessage
) -> None:
    bought = order(1, platform="tiktok", user_id="ann")
    again(house, [bought])
    assert run(house, "user", "tiktok", "ann").outcomes == 1
    assert again(house, [bought]) == Recorded(forgotten=1)


@pytest.mark.parametrize(
    ("kind", "platform", "key", "left"),
    [
        ("message", "tiktok", "m-1", [2, 2, 3, 1, 1]),
        ("room", "tiktok", "room-2", [1, 1, 2, 2, 2]),
        ("conversion", "shop", "shop:2", [2, 2, 2, 2, 2]),
    ],
)
def test_a_message_a_room_and_one_order_are_forgotten_alone(
    house: House, make_message: MakeMessage, kind: str, platform: str, key: str, left: list[int]
) -> None:
    filled(house, make_message)
    assert run(house, kind, platform, key).known
    assert counts(house) == left
    with house.database.read() as connection:
        assert outcome_books(connection).holds


def test_after_a_restore_orders_are_forgotten_again(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)
    with house.database.begin() as transaction:
        house.tombstones.bury(
            transaction,
            [
                DataSubject(SubjectKind.USER, "tiktok", "ben"),
                DataSubject(SubjectKind.CONVERSION, "shop", "shop:2"),
            ],
        )
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    assert forget_again(*parts, stop=threading.Event()).outcomes == 4
    assert [row["conversion_id"] for row in rows(house.database, "conversions")] == ["shop:1"]
    assert counts(house) == [1, 1, 1, 1, 1]


def test_a_persons_record_tells_their_outcomes_and_nobody_elses(
    house: House, make_message: MakeMessage, taxonomy: Taxonomy
) -> None:
    filled(house, make_message)
    definitions = load_definitions(taxonomy.names, taxonomy.members)
    record = subject_record(house.database, definitions, "tiktok", "ann", EPOCH)
    assert [len(record[name]) for name in TABLES] == [1, 1, 2, 2, 2]
    assert [one["conversion_id"] for one in record["conversions"]] == ["shop:1", "shop:2"]
    assert "ben" not in str(record)
