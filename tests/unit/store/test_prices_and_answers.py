"""Decisions are saved with the price that is named, and with how soon a host answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from intent.model.batch import Batch
from intent.model.decision import Decision, Entry, Slot
from intent.model.message import AuthorRole, Context, Message, Reply
from intent.model.prices import OCTAVE
from intent.queues.inbox import SqlInbox
from intent.store.decisions import RETRACTED, SqlDecisions
from intent.store.engine import Database
from tests.conftest import EPOCH, MakeDecision, MakeMessage


def save(database: Database, *entries: Entry) -> list[Decision]:
    """Save entries, and return the decisions as they were saved."""
    SqlInbox(database).put(Batch([entry.message for entry in entries]))
    with database.begin() as transaction:
        return [one.decision for one in SqlDecisions().save(transaction, entries)]


@pytest.fixture
def ask(make_message: MakeMessage) -> Message:
    return make_message(sent_at=EPOCH)


@pytest.fixture
def reply(make_message: MakeMessage, ask: Message) -> Any:
    def make(seconds: int, role: AuthorRole = AuthorRole.HOST, **values: Any) -> Message:
        given = {
            "user_id": "host",
            "author_role": role,
            "reply_to": Reply(message_id=ask.message_id),
            "sent_at": EPOCH + timedelta(seconds=seconds),
        }
        return make_message("yes", **{**given, **values})

    return make


@pytest.fixture
def bid(make_decision: MakeDecision) -> Decision:
    return make_decision("price_inquiry", slots=(Slot("quantity", "2"), Slot("price", "RM 20")))


def test_a_named_price_stands_beside_the_one_on_screen(
    database: Database, make_message: MakeMessage, bid: Decision
) -> None:
    shown = Context(item="scarf, RM 40")
    [with_item, without] = save(
        database, Entry(make_message(context=shown), bid), Entry(make_message(), bid)
    )
    assert (with_item.stated_price, with_item.price_gap) == (2000, -OCTAVE)
    assert (without.stated_price, without.price_gap) == (2000, None)


def test_the_first_answer_of_a_host_to_a_lead_says_how_soon_it_came(
    database: Database, make_decision: MakeDecision, ask: Message, reply: Any
) -> None:
    asking, talk = make_decision("price_inquiry"), make_decision("chatter")
    [_, first, second] = save(
        database, Entry(ask, asking), Entry(reply(40), talk), Entry(reply(50), talk)
    )
    assert (first.answer_seconds, second.answer_seconds) == (40, None)
    [third] = save(database, Entry(reply(60, AuthorRole.MODERATOR), talk))
    assert third.answer_seconds is None, "an answer of an earlier transaction was the first"


def test_what_is_no_answer_to_a_lead_has_no_time(
    database: Database, make_decision: MakeDecision, ask: Message, reply: Any
) -> None:
    talk = make_decision("chatter")
    save(database, Entry(ask, make_decision("price_inquiry")))
    told = save(
        database,
        Entry(reply(1, AuthorRole.VIEWER), talk),
        Entry(reply(2, room_id="room-2"), talk),
        Entry(reply(-3), talk),
        Entry(reply(4, reply_to=Reply(message_id="gone")), talk),
        Entry(reply(5, reply_to=Reply(text="how much?")), talk),
    )
    assert [one.answer_seconds for one in told] == [None] * 5
    [answer] = save(database, Entry(reply(6), talk))
    assert answer.answer_seconds == 6


def test_an_answer_to_chatter_is_none_until_a_later_revision_knows_of_the_lead(
    database: Database, make_decision: MakeDecision, ask: Message, reply: Any
) -> None:
    talk, answer = make_decision("chatter"), reply(9)
    [_, first] = save(database, Entry(ask, talk), Entry(answer, talk))
    assert first.answer_seconds is None
    save(database, Entry(ask, make_decision("price_inquiry"), 1, previous=talk))
    [again] = save(database, Entry(answer, talk, 1, previous=first))
    assert again.answer_seconds == 9


def test_an_answer_stays_known_when_what_was_asked_is_forgotten(
    database: Database, make_decision: MakeDecision, reply: Any
) -> None:
    known, talk = make_decision("chatter", answer_seconds=30), make_decision("chatter")
    [again] = save(database, Entry(reply(30), talk, 1, previous=known))
    assert again.answer_seconds == 30


def test_what_is_taken_back_tells_nothing(
    database: Database, ask: Message, reply: Any, make_decision: MakeDecision
) -> None:
    save(database, Entry(ask, make_decision("price_inquiry")))
    [gone] = save(database, Entry(reply(3), RETRACTED))
    assert gone.answer_seconds is None
