"""Dead letters are found, put again and dropped: one by one, by their reason, or all."""

from __future__ import annotations

from threading import Event

import pytest

from intent.model.batch import Batch, Refused
from intent.queues.inbox import SqlInbox
from intent.store import dead_letters
from intent.store.audit import balance
from intent.store.dead_letters import drop_all, read_dead_letters, replay_all
from intent.store.engine import Database
from tests.conftest import MakeMessage


@pytest.fixture
def kept(
    database: Database, make_message: MakeMessage, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """Return a database with dead letters: five messages of two reasons, one payload of a third;
    worked on two at a time.
    """
    monkeypatch.setattr(dead_letters, "AT_ONCE", 2)
    inbox = SqlInbox(database)
    refused = Refused("is no JSON", b"x", "0" * 64, "line 1")
    inbox.put(Batch([make_message() for _ in range(5)], [refused]))
    for number, delivery in enumerate(inbox.take(10, 10_000)):
        reason = "cannot be decided: TooOdd" if number < 3 else "its worker died: 100 % memory"
        inbox.dead_letter(delivery, reason)
    return database


def left(database: Database) -> list[str]:
    with database.read() as connection:
        assert balance(connection).holds
    return [letter.reason.split(":")[0] for letter in read_dead_letters(database)]


@pytest.mark.parametrize(
    ("reason", "count"),
    [("TOOODD", 3), ("is no json", 1), ("100 %", 2), ("%", 2), ("_", 0), ("", 6)],
)
def test_they_are_found_by_a_text_in_their_reason(kept: Database, reason: str, count: int) -> None:
    assert len(list(read_dead_letters(kept, reason=reason))) == count


def test_a_limit_shows_the_oldest(kept: Database) -> None:
    all_of_them = [letter.id for letter in read_dead_letters(kept)]
    assert [letter.id for letter in read_dead_letters(kept, limit=2)] == all_of_them[:2]


def test_those_of_one_reason_are_put_again(kept: Database) -> None:
    assert replay_all(kept, "tooodd", stop=Event()) == 3
    assert left(kept) == ["is no JSON", "its worker died", "its worker died"]
    assert SqlInbox(kept).waiting() == 3


def test_all_that_are_messages_are_put_again_and_payloads_stay(kept: Database) -> None:
    assert replay_all(kept, stop=Event()) == 5
    assert left(kept) == ["is no JSON"]


def test_those_of_one_reason_are_dropped_with_their_messages(kept: Database) -> None:
    assert drop_all(kept, "worker died", stop=Event()) == 2
    assert left(kept) == ["is no JSON", *["cannot be decided"] * 3]


def test_all_are_dropped(kept: Database) -> None:
    assert drop_all(kept, stop=Event()) == 6
    assert left(kept) == []


def test_who_is_asked_to_leave_does_no_further_part(kept: Database) -> None:
    stop = Event()
    stop.set()
    assert (drop_all(kept, stop=stop), replay_all(kept, stop=stop)) == (0, 0)
    assert len(left(kept)) == 6
