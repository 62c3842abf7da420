"""What becomes of batches that are put together: as if one were put after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from intent.flow.joined import JoinedPuts
from intent.model.batch import Accepted, Batch, Gap, Position, Refused, Retraction
from intent.model.message import Message
from intent.store.engine import Database
from tests.conftest import EPOCH, MakeDecision, MakeMessage
from tests.contracts.house import House


def counts(accepted: list[Accepted]) -> list[Accepted]:
    return [replace(one, conflicts=()) for one in accepted]


def retraction(message: Message) -> Retraction:
    return Retraction(
        message.platform, message.room_id, message.sent_at, message_id=message.message_id
    )


def test_each_batch_is_told_what_became_of_its_own(house: House, make_message: MakeMessage) -> None:
    known, fresh, other = make_message(), make_message(), make_message()
    house.put(known)
    edited = known.model_copy(
        update={"text": "I order two", "sent_at": known.sent_at + timedelta(seconds=1)}
    )
    foreign = fresh.model_copy(update={"user_id": "somebody else"})
    accepted = house.inbox.put_all(
        [
            Batch([known]),
            Batch([fresh, fresh], refused=[Refused("is no JSON", b"{", "d1", "line 1")]),
            Batch([edited, foreign]),
            Batch(),
            Batch([other, fresh], refused=[Refused("is no JSON", b"{", "d1", "line 9")]),
        ]
    )
    assert counts(accepted) == [
        Accepted(new=0, repeated=1),
        Accepted(new=1, repeated=1, refused=1),
        Accepted(new=0, repeated=0, edited=1),
        Accepted(new=0, repeated=0),
        Accepted(new=1, repeated=1),
    ]
    (conflict,) = accepted[2].conflicts
    assert [one.conflicting for one in accepted] == [0, 0, 1, 0, 0]
    assert conflict.reason.startswith("message_id: is known from another author")
    house.work()
    assert house.leads() == {known.message_id}
    assert house.holds()


def test_a_message_of_one_batch_and_what_takes_it_back_in_another_may_come_together(
    house: House, make_message: MakeMessage
) -> None:
    stood, before, after, stays = (make_message("I order one") for _ in range(4))
    house.put(stood)
    house.work()
    accepted = house.inbox.put_all(
        [
            Batch([before], retractions=[retraction(after)]),
            Batch(retractions=[retraction(before), retraction(stood)]),
            Batch([after, stays]),
        ]
    )
    assert sum(one.retracted for one in accepted) == 3
    house.work()
    assert house.leads() == {stays.message_id}
    assert house.holds()


def test_positions_and_gaps_of_all_are_kept(house: House, make_message: MakeMessage) -> None:
    gap = Gap("tiktok", "room-1", EPOCH, EPOCH + timedelta(seconds=5), "lost")
    house.inbox.put_all(
        [
            Batch([make_message()], position=Position("a", "1")),
            Batch(gaps=[gap], position=Position("b", "1")),
            Batch([make_message()], position=Position("a", "2")),
        ]
    )
    assert house.inbox.waiting() == 2
    positions = house.inbox if hasattr(house.inbox, "position") else _positions(house)
    assert positions.position("a") == Position("a", "2")
    assert positions.position("b") == Position("b", "1")
    assert [one.reason for one in positions.gaps()] == ["lost"]


def _positions(house: House) -> object:
    from intent.store.positions import SqlPositions

    return SqlPositions(house.transactions)


def test_they_wait_in_the_order_in_which_they_were_put(
    house: House, make_message: MakeMessage
) -> None:
    said = [make_message(str(number), message_id=f"m-{9 - number}") for number in range(9)]
    house.inbox.put_all([Batch([one]) for one in said])
    assert [one.message.text for one in house.inbox.take(100, 1_000_000)] == list("012345678")


def test_none_is_kept_when_one_cannot_be(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    from intent.queues.inbox import SqlInbox

    inbox = SqlInbox(database)
    broken = make_message().model_copy(update={"text": None})
    with pytest.raises(Exception):  # noqa: B017, PT011  whatever the driver says of it
        inbox.put_all([Batch([make_message()]), Batch([broken])])
    assert inbox.waiting() == 0


def test_two_writers_beside_each_other_take_each_message_once(
    database: Database, make_message: MakeMessage
) -> None:
    from intent.queues.inbox import SqlInbox

    messages = [make_message() for _ in range(60)]
    writers = [JoinedPuts(SqlInbox(database).put_all) for _ in range(2)]
    told: list[Accepted] = []

    def send(puts: JoinedPuts, mine: list[Message]) -> None:
        told.extend(puts.submit(Batch([one]), 1).result(60) for one in mine)

    threads = [
        Thread(target=send, args=(puts, mine))
        for puts, mine in zip(
            [*writers, *writers],
            [messages[:40], messages[20:], messages[::-1], messages],
            strict=True,
        )
    ]
    for puts in writers:
        puts.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for puts in writers:
        puts.leave(30)
    assert (sum(one.new for one in told), sum(one.repeated for one in told)) == (60, 140)
    assert SqlInbox(database).waiting() == 60
