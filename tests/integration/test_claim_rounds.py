"""Claim rounds: stored, closed, read in order of arrival, and gone with whom they are of."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from intent.model.batch import Batch, Retraction
from intent.model.claim_round import ClaimRound, Ordered, read_items
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import WrongUse
from intent.operations.forget import forget
from intent.store.claim_rounds import (
    RoundRequest,
    close_round,
    count_waiting,
    open_round,
    read_claim_messages,
    read_corrections,
    read_round,
    read_rounds,
    save_correction,
)
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.subject_record import read_record
from tests.conftest import EPOCH, MakeMessage, rows
from tests.integration.conftest import House

ITEMS = read_items(
    ["A1 | wrap dress / gaun | red=2, blue / biru=1 | 39", "A2 | tote | 5", "A3 | pin"]
)


def opened(database: Database, **values: Any) -> int:
    given = {
        "platform": "tiktok",
        "room_id": "room-1",
        "title": "friday",
        "items": ITEMS,
        "since": EPOCH,
        "until": None,
        "by": "ops",
    }
    with database.begin() as transaction:
        return open_round(transaction, RoundRequest(**{**given, **values}))


def held(database: Database, number: int) -> ClaimRound:
    with database.read() as connection:
        return read_round(connection, number)


def said(database: Database, number: int) -> list[str]:
    with database.read() as connection:
        return [one.text for one in read_claim_messages(connection, read_round(connection, number))]


def test_a_round_reads_back_as_it_was_opened_and_closed(database: Database) -> None:
    number = opened(database)
    assert held(database, number).items == ITEMS
    assert held(database, number).until is None
    with database.begin() as transaction:
        close_round(transaction, number, EPOCH + timedelta(hours=1), "eve")
    found = held(database, number)
    assert (found.until, found.opened_by, found.closed_by) == (
        EPOCH + timedelta(hours=1),
        "ops",
        "eve",
    )


def test_two_rounds_of_one_room_never_cover_the_same_time(database: Database) -> None:
    first = opened(database, until=EPOCH + timedelta(hours=1))
    with pytest.raises(WrongUse, match=f"intent claims close {first}"):
        opened(database, since=EPOCH + timedelta(minutes=59))
    later = opened(database, since=EPOCH + timedelta(hours=1))
    opened(database, room_id="room-2")
    with database.read() as connection:
        assert [one.number for one in read_rounds(connection, room="room-1")] == [later, first]


@pytest.mark.parametrize("until", [EPOCH, EPOCH - timedelta(seconds=1)])
def test_a_round_cannot_end_before_it_begins(database: Database, until: Any) -> None:
    with pytest.raises(WrongUse, match="ends after it begins"):
        opened(database, until=until)


def test_messages_come_in_order_of_arrival_and_an_edited_one_at_its_edit(
    house: House, make_message: MakeMessage
) -> None:
    number = opened(house.database)
    late, early = (
        make_message("late", sent_at=EPOCH + timedelta(seconds=9)),
        make_message("early", sent_at=EPOCH + timedelta(seconds=3)),
    )
    before = make_message("before the round", sent_at=EPOCH - timedelta(seconds=1))
    first, second = (make_message(name, sent_at=EPOCH) for name in ("first", "second"))
    house.work(late, early, before, first, second)
    assert said(house.database, number) == ["first", "second", "early", "late"]
    edited = first.model_copy(update={"text": "first, edited"})
    house.inbox.put(Batch([edited]))
    assert said(house.database, number) == ["second", "early", "late"]
    with house.database.read() as connection:
        assert count_waiting(connection, read_round(connection, number)) == 1
    house.work()
    assert said(house.database, number) == ["second", "early", "late", "first, edited"]


def test_what_is_taken_back_is_not_read(house: House, make_message: MakeMessage) -> None:
    number = opened(house.database)
    message = make_message("gone")
    house.work(message, make_message("stays"))
    house.inbox.put(
        Batch([], [], [Retraction("tiktok", "room-1", EPOCH, message_id=message.message_id)])
    )
    assert said(house.database, number) == ["stays"]


def test_the_newest_correction_of_a_message_stands_and_names_who_made_it(
    house: House, make_message: MakeMessage
) -> None:
    number = opened(house.database)
    message = make_message("A1?")
    house.work(message)
    for ordered in ([], [Ordered("A1", "red", 2)]):
        with house.database.begin() as transaction:
            save_correction(
                transaction, read_round(transaction, number), message.message_id, ordered, "eve"
            )
    assert len(rows(house.database, "claim_corrections")) == 2
    with house.database.read() as connection:
        found = read_corrections(connection, number)[message.message_id]
    assert (found.ordered, found.by) == ((Ordered("A1", "red", 2),), "eve")


def test_a_message_of_another_room_cannot_be_corrected(
    house: House, make_message: MakeMessage
) -> None:
    number = opened(house.database)
    message = make_message("A1", room_id="room-2")
    house.work(message)
    with house.database.begin() as transaction, pytest.raises(WrongUse, match="no message"):
        save_correction(transaction, read_round(transaction, number), message.message_id, [], "eve")


@pytest.mark.parametrize(("kind", "key", "left"), [("user", "u-ann", 1), ("room", "room-1", 0)])
def test_corrections_go_with_the_person_and_rounds_with_the_room(
    house: House, make_message: MakeMessage, kind: str, key: str, left: int
) -> None:
    number = opened(house.database)
    message = make_message("A1", user_id="u-ann")
    house.work(message)
    with house.database.begin() as transaction:
        save_correction(transaction, read_round(transaction, number), message.message_id, [], "eve")
    with house.database.read() as connection:
        told = read_record(connection, "tiktok", "u-ann")["claim_corrections"]
    assert [(one["message_id"], one["ordered"]) for one in told] == [(message.message_id, [])]
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    forget(DataSubject(SubjectKind(kind), "tiktok", key), *parts, stop=threading.Event())
    assert rows(house.database, "claim_corrections") == []
    assert len(rows(house.database, "claim_rounds")) == left


def test_a_room_in_which_nothing_was_said_is_forgotten_with_its_rounds(house: House) -> None:
    opened(house.database, room_id="quiet")
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    report = forget(
        DataSubject(SubjectKind.ROOM, "tiktok", "quiet"), *parts, stop=threading.Event()
    )
    assert report.known
    assert rows(house.database, "claim_rounds") == []
