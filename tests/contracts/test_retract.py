"""What was taken back is gone from its instant on: from the inbox, the lane, leads and features."""

from __future__ import annotations

from datetime import timedelta

from intent.model.batch import Retraction
from tests.conftest import EPOCH, MakeMessage
from tests.contracts.house import House

GONE = (1, "platform", ())


def named(message_id: str, room: str = "room-1") -> Retraction:
    return Retraction("tiktok", room, EPOCH, message_id=message_id)


def banned(user_id: str, seconds: float, room: str = "room-1") -> Retraction:
    return Retraction("tiktok", room, EPOCH + timedelta(seconds=seconds), user_id=user_id)


def test_a_retracted_lead_is_hidden_and_counts_for_nothing(
    house: House, make_message: MakeMessage
) -> None:
    house.put(make_message("I order one"), make_message("I order two"))
    house.work()
    assert house.leads() == {"m-1", "m-2"}
    assert house.put(retractions=[named("m-1")]).retracted == 1
    assert (house.leads(), house.standing("m-1")) == ({"m-2"}, GONE)
    assert house.holds()


def test_retracting_again_changes_nothing(house: House, make_message: MakeMessage) -> None:
    house.put(make_message("I order one"))
    house.work()
    house.put(retractions=[named("m-1")])
    assert house.put(retractions=[named("m-1"), banned("u-1", 60)]).retracted == 0
    assert house.standing("m-1") == GONE
    assert house.holds()


def test_a_retracted_message_that_waits_leaves_the_inbox_undecided(
    house: House, make_message: MakeMessage
) -> None:
    house.put(make_message("I order one"), make_message("hello"))
    assert house.put(retractions=[named("m-1")]).retracted == 1
    assert house.inbox.waiting() == 1
    assert house.work().decided == 1
    assert house.standing("m-1") == (0, "platform", ())
    assert house.holds()


def test_a_message_that_is_retracted_while_it_is_decided_stays_retracted(
    house: House, make_message: MakeMessage
) -> None:
    house.put(make_message("I order one"))
    deliveries = house.inbox.take(10, 1000)
    house.put(retractions=[named("m-1")])
    assert house.finish(deliveries) == []
    house.inbox.release(deliveries)
    house.inbox.retry(deliveries, 0.0)
    assert not house.inbox.dead_letter(deliveries[0], "no")
    assert (house.work().decided, house.leads()) == (0, set())
    assert house.holds()


def test_a_retraction_that_comes_before_its_message_is_kept_and_applied(
    house: House, make_message: MakeMessage
) -> None:
    assert house.put(retractions=[named("m-1"), named("m-9", room="other")]).retracted == 0
    accepted = house.put(make_message("I order one"), make_message("I order two"))
    assert (accepted.new, accepted.retracted) == (2, 1)
    house.work()
    assert (house.leads(), house.standing("m-1")) == ({"m-2"}, (0, "platform", ()))
    assert house.holds()


def test_a_retraction_and_its_message_may_come_in_one_batch(
    house: House, make_message: MakeMessage
) -> None:
    accepted = house.put(make_message("I order one"), retractions=[named("m-1")])
    assert (accepted.new, accepted.retracted, house.inbox.waiting()) == (1, 1, 0)
    assert house.holds()


def test_a_retraction_of_another_room_means_another_message(
    house: House, make_message: MakeMessage
) -> None:
    house.put(make_message("I order one"))
    house.work()
    assert house.put(retractions=[named("m-1", room="room-2")]).retracted == 0
    assert house.leads() == {"m-1"}


def test_a_ban_retracts_all_that_its_author_wrote_in_that_room_until_then(
    house: House, make_message: MakeMessage
) -> None:
    house.put(
        make_message("I order", message_id="decided", sent_at=EPOCH),
        make_message("I order", message_id="elsewhere", sent_at=EPOCH, room_id="room-2"),
        make_message("I order", message_id="somebody", sent_at=EPOCH, user_id="u-2"),
    )
    house.work()
    house.put(make_message("I order", message_id="waiting", sent_at=EPOCH))
    assert house.put(retractions=[banned("u-1", 60)]).retracted == 2
    late = make_message("I order", message_id="late", sent_at=EPOCH + timedelta(seconds=60))
    back = make_message("I order", message_id="back", sent_at=EPOCH + timedelta(seconds=61))
    assert house.put(late, back).retracted == 1
    house.work()
    assert house.leads() == {"elsewhere", "somebody", "back"}
    assert house.holds()


def test_of_two_bans_the_later_one_retracts(house: House, make_message: MakeMessage) -> None:
    house.put(retractions=[banned("u-1", 60)])
    house.put(retractions=[banned("u-1", 30)])
    message = make_message("I order", sent_at=EPOCH + timedelta(seconds=45))
    assert house.put(message).retracted == 1


def test_a_cleared_room_retracts_what_all_wrote_until_then(
    house: House, make_message: MakeMessage
) -> None:
    house.put(
        make_message("I order", sent_at=EPOCH),
        make_message("I order", sent_at=EPOCH, user_id="u-2"),
        make_message("I order", sent_at=EPOCH + timedelta(seconds=2)),
    )
    house.work()
    cleared = Retraction("tiktok", "room-1", EPOCH + timedelta(seconds=1))
    assert house.put(retractions=[cleared]).retracted == 2
    assert house.leads() == {"m-3"}
    assert house.holds()


def test_an_answer_to_a_retracted_message_changes_nothing(
    house: House, make_message: MakeMessage
) -> None:
    house.put(make_message("hello"), make_message("hi"))
    house.work(unsure=True)
    claims = house.lane.take(10, 0.0)
    house.put(retractions=[named("m-1")])
    saved = house.answer(claims, "purchase_intent")
    assert [entry.message.message_id for entry in saved] == ["m-2"]
    assert (house.leads(), house.standing("m-1"), house.lane.waiting()) == ({"m-2"}, GONE, 0)
    assert house.holds()


def test_what_was_retracted_is_asked_no_more(house: House, make_message: MakeMessage) -> None:
    house.put(make_message("hello"))
    house.work(unsure=True)
    house.put(retractions=[named("m-1")])
    assert (house.lane.waiting(), house.lane.take(10, 0.0)) == (0, [])


def test_a_retracted_dead_letter_leaves(house: House, make_message: MakeMessage) -> None:
    house.put(make_message("hello"))
    house.inbox.dead_letter(house.inbox.take(1, 1000)[0], "cannot be decided")
    house.put(retractions=[named("m-1")])
    assert house.dead_letters() == []
    assert house.holds()


def test_a_retracted_message_that_comes_again_stays_retracted(
    house: House, make_message: MakeMessage
) -> None:
    message = make_message("I order one")
    house.put(message)
    house.work()
    house.put(retractions=[named("m-1")])
    assert (house.put(message).repeated, house.inbox.waiting()) == (1, 0)
    assert house.standing("m-1") == GONE
