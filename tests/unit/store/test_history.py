"""The few messages that were said before others."""

from __future__ import annotations

from intent.model.batch import Batch
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.history import SqlHistory
from tests.conftest import MakeMessage


def test_the_last_few_of_the_room_come_oldest_first(
    database: Database, make_message: MakeMessage
) -> None:
    said = [make_message(str(number)) for number in range(10)]
    SqlInbox(database).put(
        Batch(
            [
                *said,
                make_message("elsewhere", room_id="room-2"),
                make_message("other", platform="youtube"),
            ]
        )
    )
    before = SqlHistory(database, count=3).before([said[8], said[6]])
    assert [message.text for message in before] == ["3", "4", "5"]


def test_the_asked_messages_are_not_before_themselves(
    database: Database, make_message: MakeMessage
) -> None:
    one = make_message("one")
    other = make_message("other", sent_at=one.sent_at)
    SqlInbox(database).put(Batch([one, other]))
    assert [message.text for message in SqlHistory(database, count=3).before([other])] == ["one"]
    assert SqlHistory(database, count=3).before([one, other]) == []
    assert SqlHistory(database, count=0).before([other]) == []
