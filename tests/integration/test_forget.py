"""Forgetting a person: nothing of them is left, and the books balance."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy

from intent.model.batch import Batch, Refused
from intent.model.message import Message
from intent.operations.forget import Forgotten, forget
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.ledger import SqlReplies
from tests.conftest import MakeMessage, rows
from tests.integration.conftest import House

ANN = "u-canary-ann"


def run(house: House, platform: str = "tiktok", user: str = ANN) -> Forgotten:
    return forget(
        platform, user, SqlErasure(), house.features, house.database, stop=threading.Event()
    )


def everything(database: Database) -> str:
    """Return all rows of all tables as text."""
    return "\n".join(
        str(row)
        for table in sqlalchemy.inspect(database.engine).get_table_names()
        for row in rows(database, table)
    )


def refused(payload: bytes) -> Refused:
    return Refused("is wrong", payload, hashlib.sha256(payload).hexdigest(), "line 1")


def filled(house: House, make_message: MakeMessage) -> Sequence[Message]:
    mine = [
        make_message(
            f"canary text {number}",
            user_id=ANN,
            room_id=f"room-{number % 3}",
            creator_id="c",
            item_id="i",
        )
        for number in range(250)
    ]
    reply: Any = {"message_id": mine[0].message_id, "text": mine[0].text}
    others = [
        make_message(
            f"text {number}",
            user_id=f"u-{number}",
            room_id="room-1",
            creator_id="c",
            reply_to=reply,
        )
        for number in range(30)
    ]
    house.work(*mine, *others)
    return mine


def test_nothing_of_the_person_is_left_anywhere(house: House, make_message: MakeMessage) -> None:
    filled(house, make_message)
    house.ask()
    SqlReplies(house.database).keep({"k": b"quotes canary text 1"})
    house.inbox.put(
        Batch(
            [make_message("canary waits", user_id=ANN)],
            [
                refused(b'{"platform": "tiktok", "user_id": "u-canary-ann", "text": "canary"}'),
                refused(b'{"platform": "tiktok", "user_id": "u-canary-ann", "text": "canary, cut'),
                refused(b'{"platform": "tiktok", "user_id": "u-other", "text": "stays"}'),
            ],
        ),
    )
    report = run(house)
    assert (report.messages, report.refused, report.replies) == (251, 2, 1)
    assert "canary" not in everything(house.database)
    assert len(rows(house.database, "messages")) == 30
    assert len(rows(house.database, "dead_letters")) == 1
    assert house.holds()


def test_what_waits_is_forgotten_too(house: House, make_message: MakeMessage) -> None:
    filled(house, make_message)
    lent = house.inbox.take(100, 100_000)
    house.inbox.put(Batch([make_message("canary", user_id=ANN)]))
    (delivery,) = house.inbox.take(100, 100_000)
    house.inbox.dead_letter(delivery, "cannot be decided")
    assert run(house).messages == 251
    assert (lent, house.inbox.waiting(), house.lane.waiting()) == ([], 0, 30)
    assert house.holds()


def test_other_people_and_other_platforms_stay(house: House, make_message: MakeMessage) -> None:
    house.work(make_message(user_id=ANN, platform="youtube"), make_message(user_id="u-2"))
    SqlReplies(house.database).keep({"k": b"quotes somebody"})
    before = everything(house.database)
    for user in (ANN, "u-2 ", "u-", ""):
        assert run(house, user=user) == Forgotten()
    assert run(house, platform="TikTok", user="u-2") == Forgotten()
    assert everything(house.database) == before


def test_who_is_interrupted_is_known_until_nothing_that_quotes_them_is_left(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)
    SqlReplies(house.database).keep({"k": b"quotes canary text 1"})
    stop = threading.Event()

    def interrupted(report: Forgotten) -> None:
        if report.replies:
            stop.set()

    parts = (SqlErasure(), house.features, house.database)
    forget("tiktok", ANN, *parts, stop=stop, progress=interrupted)
    assert rows(house.database, "llm_replies") == []
    assert run(house).known
    assert "canary" not in everything(house.database)
    assert not run(house).known


def test_an_answer_that_comes_after_the_forgetting_is_not_kept(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)
    inner = house.answerer

    class Slow:
        def answer(self, *arguments: Any) -> Any:
            run(house)
            return inner.answer(*arguments)

    house.answerer = Slow()  # type: ignore[assignment]
    house.ask()
    assert "canary" not in everything(house.database)
    assert house.holds()


def test_forgetting_twice_deletes_what_has_come_in_since(
    house: House, make_message: MakeMessage
) -> None:
    house.work(make_message(user_id=ANN))
    assert run(house).messages == 1
    house.work(make_message(user_id=ANN), make_message(user_id="u-2"))
    assert run(house).messages == 1
    assert run(house).messages == 0
    assert house.holds()
