"""An id that comes again: the same text changes nothing, another one is an edit, and somebody else's
is a conflict.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from intent.model.batch import Retraction
from intent.model.message import Message, parse_message
from tests.conftest import EPOCH, MakeMessage
from tests.contracts.house import House


def versions(make_message: MakeMessage, *texts: str, apart: float = 0.0) -> list[Message]:
    """Return versions of one message, so many seconds apart."""
    return [
        make_message(text, message_id="one", sent_at=EPOCH + timedelta(seconds=apart * number))
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize("apart", [0.0, 5.0])
def test_an_edited_message_is_decided_again_as_the_next_revision(
    house: House, make_message: MakeMessage, apart: float
) -> None:
    old, new = versions(make_message, "hello", "hello, I want to order two", apart=apart)
    house.put(old)
    house.work()
    accepted = house.put(new)
    assert (accepted.new, accepted.repeated, accepted.edited) == (0, 0, 1)
    assert house.standing("one") == (1, "platform", ())
    assert house.holds()
    house.work()
    assert house.standing("one") == (2, "local", ("purchase_intent",))
    assert house.leads() == {"one"}
    assert house.holds()


def test_an_edit_takes_the_lead_of_the_old_text_back(
    house: House, make_message: MakeMessage
) -> None:
    old, new = versions(make_message, "I order two", "sorry, nothing")
    house.put(old)
    house.work()
    house.put(new)
    assert house.leads() == set()
    house.work()
    assert house.standing("one") == (2, "local", ("chatter",))
    assert house.holds()


def test_an_edit_before_the_first_decision_is_decided_once(
    house: House, make_message: MakeMessage
) -> None:
    old, new = versions(make_message, "hello", "I order two")
    accepted = house.put(old, new)
    assert (accepted.new, accepted.edited, house.inbox.waiting()) == (1, 1, 1)
    assert house.work().decided == 1
    assert house.standing("one") == (0, "local", ("purchase_intent",))
    assert house.holds()


def test_an_edit_while_the_old_text_is_decided_wins(
    house: House, make_message: MakeMessage
) -> None:
    old, new = versions(make_message, "hello", "I order two")
    house.put(old)
    deliveries = house.inbox.take(10, 1000)
    house.put(new)
    assert house.finish(deliveries) == []
    house.work()
    assert house.standing("one") == (0, "local", ("purchase_intent",))
    assert house.holds()


def test_two_edits_in_one_batch_leave_the_last(house: House, make_message: MakeMessage) -> None:
    first, second, third = versions(make_message, "hello", "I order two", "I order three")
    house.put(first)
    house.work()
    assert house.put(second, third).edited == 2
    assert [one.message.text for one in house.inbox.take(10, 1000)] == ["I order three"]


@pytest.mark.parametrize("apart", [0.0, 5.0])
def test_an_edited_messages_old_version_that_comes_again_changes_nothing(
    house: House, make_message: MakeMessage, apart: float
) -> None:
    old, new = versions(make_message, "hello", "I order two", apart=apart)
    for decided in (False, True):
        accepted = house.put(old, new)
        assert accepted.repeated == (2 if decided else 0)
        house.work()
    assert house.put(old).repeated == 1
    assert house.leads() == {"one"}
    assert house.holds()


def test_an_old_version_that_comes_late_is_no_edit(house: House, make_message: MakeMessage) -> None:
    old, new = versions(make_message, "hello", "I order two", apart=5.0)
    house.put(new)
    assert house.put(old).repeated == 1
    house.work()
    assert house.standing("one") == (0, "local", ("purchase_intent",))


def test_an_edit_may_go_back_to_what_was_said_before(
    house: House, make_message: MakeMessage
) -> None:
    for version in versions(make_message, "I order two", "no", "I order two", apart=5.0):
        house.put(version)
        house.work()
    assert house.standing("one") == (4, "local", ("purchase_intent",))
    assert house.holds()


def test_a_text_that_only_looks_different_to_a_computer_is_no_edit(
    house: House, make_message: MakeMessage
) -> None:
    composed, combining = versions(make_message, "caf\u00e9", "cafe\u0301")
    house.put(composed)
    assert house.put(combining).repeated == 1


def test_an_answer_about_the_text_before_an_edit_changes_nothing(
    house: House, make_message: MakeMessage
) -> None:
    old, new = versions(make_message, "hello", "hello you")
    house.put(old)
    house.work(unsure=True)
    claims = house.lane.take(10, 0.0)
    house.put(new)
    house.work(unsure=True)
    assert house.answer(claims, "purchase_intent") == []
    assert house.standing("one") == (2, "local", ("chatter",))
    saved = house.answer(house.lane.take(10, 0.0), "purchase_intent")
    assert [(entry.revision, entry.message.text) for entry in saved] == [(3, "hello you")]
    assert house.holds()


def test_an_edit_of_a_dead_letter_is_tried_anew(house: House, make_message: MakeMessage) -> None:
    old, new = versions(make_message, "unspeakable", "I order two")
    house.put(old)
    house.inbox.dead_letter(house.inbox.take(1, 1000)[0], "cannot be decided")
    house.put(new)
    house.work()
    assert (house.leads(), house.dead_letters()) == ({"one"}, [])
    assert house.holds()


def test_an_edit_of_what_was_retracted_stays_retracted(
    house: House, make_message: MakeMessage
) -> None:
    old, new = versions(make_message, "hello", "I order two", apart=5.0)
    house.put(old)
    house.work()
    house.put(retractions=[Retraction("tiktok", "room-1", EPOCH, message_id="one")])
    house.put(new)
    house.work()
    assert (house.leads(), house.standing("one")) == (set(), (1, "platform", ()))
    assert house.holds()


def test_an_edit_that_waits_can_be_retracted(house: House, make_message: MakeMessage) -> None:
    old, new = versions(make_message, "hello", "I order two")
    house.put(old)
    house.work()
    house.put(new)
    gone = Retraction("tiktok", "room-1", EPOCH, message_id="one")
    assert house.put(retractions=[gone]).retracted == 1
    assert (house.inbox.waiting(), house.standing("one")) == (0, (1, "platform", ()))
    assert house.holds()


TWO_CHATS = """
{"platform": "telegram", "room_id": "-1001", "message_id": "1", "user_id": "a", "kind": "chat", "text": "hello", "sent_at": "2026-11-26T19:00:00Z"}
{"platform": "telegram", "room_id": "-1001", "message_id": "2", "user_id": "a", "kind": "chat", "text": "thanks", "sent_at": "2026-11-26T19:00:00Z"}
{"platform": "telegram", "room_id": "-1002", "message_id": "1", "user_id": "b", "kind": "chat", "text": "I order two, please send me the link to pay", "sent_at": "2026-11-26T19:00:00Z"}
{"platform": "telegram", "room_id": "-1002", "message_id": "2", "user_id": "b", "kind": "chat", "text": "price for three?", "sent_at": "2026-11-26T19:00:00Z"}
"""


def test_an_id_known_from_another_room_is_a_conflict_and_no_edit(house: House) -> None:
    messages = [parse_message(line.encode()) for line in TWO_CHATS.strip().splitlines()]
    for times in (1, 2):
        accepted = house.put(*messages)
        assert (accepted.conflicting, accepted.edited) == (2, 0)
        assert (accepted.new, accepted.repeated) == ((2, 0) if times == 1 else (0, 2))
        assert [reason.partition(";")[0] for reason in house.dead_letters()] == [
            "message_id: is known from another room"
        ] * 2
    house.work()
    assert house.standing("1") == (0, "local", ("chatter",))
    assert house.holds()


def test_an_id_known_from_another_author_is_a_conflict_and_no_edit(
    house: House, make_message: MakeMessage
) -> None:
    said = [make_message(message_id="0", user_id=user) for user in ("u-1", "u-2", "u-3")]
    accepted = house.put(*said)
    assert (accepted.new, accepted.conflicting) == (1, 2)
    assert {reason.partition(";")[0] for reason in house.dead_letters()} == {
        "message_id: is known from another author"
    }
    assert house.holds()
