"""Dead letters are named by number, or all at once by their reason, and never both."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch, Refused
from intent.model.errors import OperatorError, WrongUse
from intent.operations.dead_letters import Chosen, drop, find_dead_letters, replay
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from tests.conftest import MakeMessage


@pytest.fixture
def inbox(database: Database, make_message: MakeMessage) -> SqlInbox:
    inbox = SqlInbox(database)
    refused = [Refused("platform: Field required", b"x", "d1", "line 1")]
    inbox.put(Batch([make_message(), make_message(), make_message()], refused))
    reasons = ["cannot be decided: odd", "cannot be decided: odd", "its worker died"]
    for delivery, reason in zip(inbox.take(10, 10_000), reasons, strict=True):
        inbox.dead_letter(delivery, reason)
    return inbox


def test_letters_are_found_by_reason_and_up_to_a_limit(inbox: SqlInbox, database: Database) -> None:
    assert [letter.id for letter in find_dead_letters(database, reason="ODD")] == [2, 3]
    assert [letter.id for letter in find_dead_letters(database, limit=2)] == [1, 2]


def test_all_of_a_reason_wait_again_and_the_others_stay(
    inbox: SqlInbox, database: Database
) -> None:
    assert replay(database, Chosen(reason="cannot be decided", all=True), stop=Event()) == 2
    assert inbox.waiting() == 2
    assert [letter.id for letter in find_dead_letters(database)] == [1, 4]
    assert replay(database, Chosen(all=True), stop=Event()) == 1
    assert drop(database, Chosen(all=True), stop=Event()) == 1
    assert list(find_dead_letters(database)) == []


def test_some_are_named_by_number(inbox: SqlInbox, database: Database) -> None:
    assert drop(database, Chosen(numbers=(1, 4)), stop=Event()) == 2
    with pytest.raises(OperatorError, match="no dead letter 1"):
        drop(database, Chosen(numbers=(1, 2)), stop=Event())
    assert [letter.id for letter in find_dead_letters(database)] == [2, 3]


def test_a_payload_that_is_no_message_cannot_wait_again(
    inbox: SqlInbox, database: Database
) -> None:
    with pytest.raises(OperatorError, match="is no message: platform: Field required"):
        replay(database, Chosen(numbers=(1,)), stop=Event())


@pytest.mark.parametrize(
    "given",
    [{}, {"numbers": (1,), "all": True}, {"reason": "odd"}, {"numbers": (1,), "reason": "x"}],
)
def test_what_is_meant_must_be_said(given: dict[str, Any]) -> None:
    with pytest.raises(WrongUse):
        Chosen(**given)
