"""Forgetting a person: nothing of them is left, and the books balance."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import select

from intent.bootstrap.application import migrations_dir
from intent.model.batch import Batch, Position, Refused, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import OperatorError
from intent.model.hook import HookState
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy
from intent.operations.forget import Forgotten, forget, forget_again
from intent.queues.inbox import SqlInbox
from intent.store.dead_letters import record_refused
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.hooks import FORGOTTEN
from intent.store.ledger import SqlLedger, SqlReplies
from intent.store.migrate import migrate
from intent.store.schema import messages
from intent.store.tombstones import Tombstones
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows
from tests.integration.conftest import House
from tests.pushing import Shop
from tests.unit.store.test_ledger import attempt

ANN = "u-canary-ann"


def run(
    house: House,
    platform: str = "tiktok",
    user: str = ANN,
    kind: SubjectKind = SubjectKind.USER,
    **options: Any,
) -> Forgotten:
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    return forget(
        DataSubject(kind, platform, user), *parts, **{"stop": threading.Event(), **options}
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
            category_id="k",
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


@pytest.mark.fault("erase")
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


@pytest.mark.fault("erase")
def test_who_is_interrupted_is_known_until_nothing_that_quotes_them_is_left(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)
    SqlReplies(house.database).keep({"k": b"quotes canary text 1"})
    stop = threading.Event()

    def interrupted(report: Forgotten) -> None:
        if report.replies:
            stop.set()

    parts = (SqlErasure(house.tombstones), house.features, house.database)
    forget(DataSubject(SubjectKind.USER, "tiktok", ANN), *parts, stop=stop, progress=interrupted)
    assert rows(house.database, "llm_replies") == []
    assert run(house).messages > 0
    assert "canary" not in everything(house.database)
    assert run(house) == Forgotten(known=True, buried=True)


@pytest.mark.fault("erase")
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


@pytest.mark.fault("erase")
def test_what_comes_again_of_a_forgotten_person_is_dropped_before_it_is_stored(
    house: House, make_message: MakeMessage
) -> None:
    mine = make_message("canary", user_id=ANN)
    house.work(mine)
    assert run(house).messages == 1
    line = b'{"platform": "tiktok", "user_id": "u-canary-ann", "text": 7}'
    other = make_message(user_id="u-2", reply_to={"message_id": mine.message_id, "text": "canary"})
    accepted = house.inbox.put(
        Batch(
            [mine, make_message("canary again", user_id=ANN), other],
            [refused(line), refused(b"{}")],
            [Retraction("tiktok", "room-1", EPOCH, user_id=ANN)],
            position=Position("s", "2"),
        )
    )
    assert (accepted.new, accepted.erased, accepted.refused) == (1, 3, 1)
    assert "canary" not in everything(house.database)
    assert [row["message_id"] for row in rows(house.database, "messages")] == [other.message_id]
    assert run(house).messages == 0
    assert house.holds()


def test_a_message_and_a_room_can_be_forgotten_too(house: House, make_message: MakeMessage) -> None:
    talk = {"kind": "chat", "room_id": "canary-talk", "user_id": "u-2"}
    canary, stays = make_message("canary"), make_message()
    house.work(canary, stays, make_message(**talk), make_message(**talk))
    house.ask()
    assert run(house, user=canary.message_id, kind=SubjectKind.MESSAGE).messages == 1
    assert run(house, user="canary-talk", kind=SubjectKind.ROOM).messages == 2
    assert house.inbox.put(Batch([canary, make_message(**talk), stays])).erased == 2
    assert "canary" not in everything(house.database)
    assert [row["message_id"] for row in rows(house.database, "messages")] == [stays.message_id]
    assert house.holds()


def test_hooks_forget_a_room_and_never_ask_for_all_rooms_instead(
    house: House, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    shop = Shop(house.database, make_message, make_decision)
    shop.hook(name="one", rooms=("canary-talk",))
    shop.hook(name="two", rooms=("room-1", "canary-talk"))
    assert run(house, user="canary-talk", kind=SubjectKind.ROOM).known
    assert "canary" not in everything(house.database)
    one, two = shop.hooks.all()
    assert (one.state, one.reason) == (HookState.PAUSED, FORGOTTEN)
    assert not one.filter.takes("room-1", ("price_inquiry",), 1.0)
    assert (two.state, two.filter.rooms) == (HookState.ACTIVE, ("room-1",))


def test_hooks_forget_the_room_of_a_direct_conversation(
    house: House, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    house.work(make_message(kind="chat", room_id="canary-talk", user_id=ANN))
    shop = Shop(house.database, make_message, make_decision)
    shop.hook(rooms=("canary-talk", "room-1"))
    run(house)
    assert [one.filter.rooms for one in shop.hooks.all()] == [("room-1",)]


def test_the_books_forget_the_room_of_a_direct_conversation(
    house: House, make_message: MakeMessage
) -> None:
    house.work(make_message(kind="chat", room_id="canary-talk", user_id=ANN))
    spent = attempt(EPOCH, room_id="canary-talk", nanodollars=7)
    ledger = SqlLedger(house.database)
    ledger.book(spent)
    run(house)
    assert "canary" not in everything(house.database)
    assert ledger.spent(EPOCH) == 7


@pytest.mark.parametrize(
    "payload",
    [
        b'{"platform": "tiktok", "user_id": 77, "text": "canary"}',
        b'{"platform": "tiktok", "room_id": "r", "text": "canary, cut before its',
        b'{"platform": "tiktok", "user_id": "77", "text": "canary, cut',
        b'{"platform": "tiktok", "user_id": "\\u0037\\u0037", "text": "canary, cut',
        b'["canary"]',
        b"\xff\xfe canary",
    ],
)
def test_a_line_that_may_be_theirs_goes_with_them(
    house: House, make_message: MakeMessage, payload: bytes
) -> None:
    house.inbox.put(Batch([make_message(user_id="77")], [refused(payload)]))
    assert run(house, user="77").refused == 1
    assert "canary" not in everything(house.database)


def test_a_line_that_may_be_theirs_is_not_kept_when_the_file_comes_again(
    house: House, make_message: MakeMessage
) -> None:
    cut = refused(b'{"platform": "tiktok", "room_id": "r", "text": "canary, cut before its')
    batch = Batch([make_message("canary", user_id="77")], [cut, refused(b'["other"]')])
    house.inbox.put(batch)
    assert run(house, user="77").refused == 2
    again = house.inbox.put(batch)
    assert (again.new, again.refused, again.erased) == (0, 0, 3)
    assert "canary" not in everything(house.database)
    # As after a restore: who is forgotten again goes with what nobody can name.
    with house.database.begin() as transaction:
        record_refused(transaction, [cut])
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    assert forget_again(*parts, stop=threading.Event()).refused == 1
    assert "canary" not in everything(house.database)


def test_a_person_of_whom_only_a_broken_line_is_known_is_forgotten(house: House) -> None:
    line = b'{"platform": "tiktok", "user_id": 77, "text": "canary"}'
    house.inbox.put(Batch(refused=[refused(line), refused(b"whose is this?")]))
    assert not run(house, user="78").known
    assert run(house, user="77") == Forgotten(refused=2, known=True, buried=True)


def test_who_is_not_known_can_be_forgotten_beforehand(
    house: House, make_message: MakeMessage
) -> None:
    assert not run(house).buried
    assert run(house, anyway=True) == Forgotten(known=False, buried=True)
    assert house.inbox.put(Batch([make_message(user_id=ANN)])).erased == 1


@pytest.mark.fault("erase")
def test_a_reply_to_what_was_erased_meanwhile_is_not_kept(
    house: House, make_message: MakeMessage
) -> None:
    mine, other = make_message(user_id=ANN), make_message(user_id="u-2")
    house.work(mine, other)
    replies = SqlReplies(house.database)
    run(house)
    replies.keep({"late": b"quotes canary"}, {mine.identity, other.identity})
    replies.keep({"good": b"quotes another"}, {other.identity})
    assert set(replies.find(["late", "good"])) == {"good"}


@pytest.mark.fault("erase")
def test_after_a_restore_everybody_is_forgotten_again(
    house: House, make_message: MakeMessage
) -> None:
    mine = [make_message("canary", user_id=f"u-{number}") for number in range(3)]
    house.work(*mine)
    with house.database.begin() as transaction:
        house.tombstones.bury(
            transaction,
            [
                DataSubject(SubjectKind.USER, "tiktok", "u-1"),
                DataSubject(SubjectKind.MESSAGE, "tiktok", mine[0].message_id),
            ],
        )
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    assert forget_again(*parts, stop=threading.Event()).messages == 2
    assert [row["user_id"] for row in rows(house.database, "messages")] == ["u-2"]
    assert house.holds()


def test_another_key_is_refused_before_anything_is_stored(
    house: House, make_message: MakeMessage
) -> None:
    house.work(make_message(user_id=ANN))
    run(house)
    wrong = SqlInbox(house.database, tombstones=Tombstones(lambda make: b"another"))
    with pytest.raises(OperatorError, match="put back the key file"):
        wrong.put(Batch([make_message(user_id=ANN)]))
    with pytest.raises(ValueError, match="nobody was given the key"):
        SqlInbox(house.database).put(Batch([make_message(user_id=ANN)]))
    assert rows(house.database, "messages") == []


@pytest.mark.fault("erase")
def test_nothing_of_the_person_stands_in_the_files_of_the_database(
    tmp_path: Path, taxonomy: Taxonomy, make_decision: MakeDecision, make_message: MakeMessage
) -> None:
    database = Database(f"sqlite:///{tmp_path}/intent.db")
    migrate(database, migrations_dir())
    house = House(database, taxonomy, make_decision)
    house.work(*[make_message(f"canary {one}", user_id=ANN) for one in range(30)])
    assert found(tmp_path) > 0
    with database.read() as reader:
        reader.execute(select(messages)).first()
        assert run(house, cut_log=database.cut_log, stop=Impatient()).overwritten is False
    assert run(house, cut_log=database.cut_log).overwritten is True
    assert found(tmp_path) == 0


def found(folder: Path) -> int:
    return sum(path.read_bytes().count(b"canary") for path in folder.iterdir())


class Impatient(threading.Event):
    """Lets no time pass."""

    def wait(self, timeout: float | None = None) -> bool:
        return False
