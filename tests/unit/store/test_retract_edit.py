"""What is taken back or edited, in everything that SQL keeps beside inbox and decisions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy

from intent.features.online.state import SqlFeatureState
from intent.model.batch import Accepted, Batch, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import Entry
from intent.model.errors import StoreUnavailable
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy
from intent.queues.inbox import SqlInbox
from intent.queues.put import put_batches
from intent.store.audit import Balance, balance
from intent.store.dead_letters import drop, read_dead_letters, replay
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.history import SqlHistory
from intent.store.runs import SqlRuns
from intent.store.schema import messages
from intent.store.tombstones import Tombstones
from tests.conftest import EPOCH, MakeDecision, MakeMessage, rows

LATER = EPOCH + timedelta(days=1)


def named(message: Message) -> Batch:
    return Batch(
        retractions=[
            Retraction(message.platform, message.room_id, LATER, message_id=message.message_id)
        ]
    )


class Kept:
    """A database with one decided message, ``said``, and a run that decided it beside."""

    def __init__(self, database: Database, said: Message, make_decision: MakeDecision) -> None:
        self.database, self.said, self.make = database, said, make_decision
        self.features = SqlFeatureState({})
        self.tombstones = Tombstones(lambda make: b"key of the tests")
        self.erasure = SqlErasure(self.tombstones)
        self.author = DataSubject(SubjectKind.USER, said.platform, said.user_id)
        self.inbox = SqlInbox(database, features=self.features, tombstones=self.tombstones)
        self.runs = SqlRuns(database)
        self.inbox.put(Batch([said]))
        self.decide()
        self.runs.start("trial", prompt="p", prompt_version="v1", description="a trial")
        with database.begin() as transaction:
            beside = Entry(said, make_decision("price_inquiry"), 1, "trial", visible=False)
            SqlDecisions().save(transaction, [beside])

    def decide(self) -> None:
        taken = self.inbox.take(100, 1_000_000)
        with self.database.begin() as transaction:
            held = self.inbox.done(transaction, taken)
            entries = [Entry(one.message, self.make(), one.revision) for one in held]
            self.features.add(transaction, SqlDecisions().save(transaction, entries))

    def edit(self, text: str = "another text") -> Accepted:
        return self.inbox.put(Batch([self.said.model_copy(update={"text": text})]))

    def asked(self) -> int:
        with self.database.begin() as transaction:
            page = self.runs.to_ask(transaction, "trial", EPOCH, LATER, 0, 10)
        return len(page.questions)

    def shown(self) -> int:
        with self.database.begin() as transaction:
            return len(self.runs.to_show(transaction, "trial", 0, 10).entries)


@pytest.fixture
def kept(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Kept:
    return Kept(database, make_message(message_id="one"), make_decision)


def test_a_run_shows_nothing_that_was_retracted_since_and_asks_no_more_about_it(
    kept: Kept,
) -> None:
    assert (kept.shown(), len(list(kept.runs.compare("trial"))), kept.asked()) == (1, 1, 0)
    kept.inbox.put(named(kept.said))
    assert (kept.shown(), list(kept.runs.compare("trial")), kept.asked()) == (0, [], 0)


def test_a_run_is_asked_again_about_what_was_edited_since(kept: Kept) -> None:
    kept.edit()
    assert (kept.shown(), list(kept.runs.compare("trial")), kept.asked()) == (0, [], 0)
    kept.decide()
    assert (kept.shown(), kept.asked()) == (0, 1)


def test_an_edited_message_waits_from_its_edit_on(kept: Kept) -> None:
    (before,) = rows(kept.database, "messages")
    old = sqlalchemy.update(messages).values(accepted_timestamp=EPOCH)
    with kept.database.begin() as transaction:
        transaction.execute(old)
    kept.edit()
    (after,) = rows(kept.database, "messages")
    assert (after["text"], after["user_id"]) == ("another text", before["user_id"])
    assert after["accepted_timestamp"] >= before["accepted_timestamp"]


def test_the_llm_is_not_shown_what_was_retracted(kept: Kept, make_message: MakeMessage) -> None:
    asked = make_message("and now?", sent_at=LATER)
    history = SqlHistory(kept.database, count=5)
    assert history.before([asked]) == [kept.said]
    kept.inbox.put(named(kept.said))
    assert history.before([asked]) == []


def test_who_is_forgotten_leaves_no_edit_and_no_retraction(kept: Kept) -> None:
    kept.edit()
    kept.inbox.put(named(kept.said))
    ban = Retraction("tiktok", "room-1", LATER, user_id=kept.said.user_id)
    kept.inbox.put(Batch(retractions=[ban]))
    with kept.database.begin() as transaction:
        erased, stood = kept.erasure.erase(transaction, kept.author, 10)
        kept.features.remove(transaction, stood)
    assert erased == 1
    assert rows(kept.database, "retractions") == rows(kept.database, "earlier_versions") == []


def test_the_audit_counts_what_was_retracted_and_what_was_edited(
    kept: Kept, make_message: MakeMessage
) -> None:
    gone, waiting = make_message(), make_message()
    kept.inbox.put(Batch([gone, waiting]))
    kept.inbox.put(named(gone))
    kept.edit()
    with kept.database.read() as connection:
        books = balance(connection)
    assert books.holds
    assert books.equation() == "3 accepted = 0 decided + 2 waiting + 0 dead + 1 retracted"


@pytest.mark.parametrize("how", ["replay", "drop"])
def test_a_dead_letter_of_an_edited_message_leaves_the_books_in_order(kept: Kept, how: str) -> None:
    kept.edit()
    (delivery,) = kept.inbox.take(10, 1000)
    kept.inbox.dead_letter(delivery, "cannot be decided")
    (letter,) = read_dead_letters(kept.database)
    if how == "replay":
        assert replay(kept.database, letter)
        kept.decide()
    else:
        assert drop(kept.database, letter.id)
    with kept.database.read() as connection:
        books = balance(connection)
    assert books.holds
    assert (books.decided, books.retracted) == ((1, 0) if how == "replay" else (0, 1))


def test_what_is_decided_is_retracted_only_where_features_are_told(kept: Kept) -> None:
    with pytest.raises(ValueError, match="features must be uncounted"):
        SqlInbox(kept.database).put(named(kept.said))
    assert rows(kept.database, "retractions") == []


WAITS = sqlalchemy.text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Database]:
    from intent.bootstrap.application import migrations_dir
    from intent.store.migrate import migrate

    database = Database(postgres_url)
    migrate(database, migrations_dir())
    yield database
    database.close()


def until_it_waits(database: Database, thread: threading.Thread) -> None:
    """Start it, and return once it waits for somebody's lock, or is through."""
    thread.start()
    with database.read() as connection:
        while thread.is_alive() and not connection.execute(WAITS).scalar_one():
            pass


def test_a_retraction_beside_its_message_on_another_connection_misses_nothing(
    postgresql: Database, make_message: MakeMessage, taxonomy: Taxonomy
) -> None:
    features = SqlFeatureState(taxonomy.members)
    inbox, message = SqlInbox(postgresql, features=features), make_message()
    accepted: list[Accepted] = []
    putting = threading.Thread(target=lambda: accepted.append(inbox.put(named(message))))
    with postgresql.begin() as transaction:
        put_batches(transaction, [Batch([message])], features, Tombstones())
        until_it_waits(postgresql, putting)
    putting.join()
    assert [one.retracted for one in accepted] == [1]
    assert inbox.waiting() == 0


def test_of_two_edits_on_two_connections_the_newer_stands(
    postgresql: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    kept = Kept(postgresql, make_message("first"), make_decision)
    second, third = (
        kept.said.model_copy(
            update={"text": text, "sent_at": kept.said.sent_at + timedelta(seconds=later)}
        )
        for text, later in (("second", 1), ("third", 2))
    )
    beside = [threading.Thread(target=lambda: kept.inbox.put(Batch([third])))]

    def put_third(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        # The one that puts the second has just compared it with the first.
        if len(beside) == 1 and "earlier_versions" in statement:
            beside.append(beside[0])
            until_it_waits(postgresql, beside[0])

    sqlalchemy.event.listen(postgresql.engine, "after_cursor_execute", put_third)
    kept.inbox.put(Batch([second]))
    beside[0].join()
    (taken,) = kept.inbox.take(10, 10_000)
    assert taken.message.text == "third"
    assert balance_of(postgresql).holds


def balance_of(database: Database) -> Balance:
    with database.read() as connection:
        return balance(connection)


def test_what_is_erased_while_it_is_edited_leaves_nothing_behind(
    postgresql: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    kept = Kept(postgresql, make_message("first"), make_decision)

    def erase() -> None:
        with postgresql.begin() as transaction:
            gone = kept.erasure.erase(transaction, kept.author, 10)
            kept.features.remove(transaction, gone[1])

    erasing = threading.Thread(target=erase)
    with postgresql.begin() as transaction:
        put_batches(
            transaction, [Batch([edited(kept.said)])], kept.features, Tombstones(), alone=True
        )
        until_it_waits(postgresql, erasing)
    erasing.join()
    assert rows(postgresql, "inbox") == []
    assert balance_of(postgresql).holds


def test_what_is_retracted_while_it_is_replayed_waits_no_more(
    postgresql: Database, make_message: MakeMessage
) -> None:
    features, message = SqlFeatureState({}), make_message()
    inbox = SqlInbox(postgresql, features=features)
    inbox.put(Batch([message]))
    inbox.dead_letter(inbox.take(10, 10_000)[0], "cannot be decided")
    (letter,) = read_dead_letters(postgresql)
    beside = [threading.Thread(target=lambda: inbox.put(named(message)))]

    def retract(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if len(beside) == 1 and statement.startswith("INSERT INTO inbox"):
            beside.append(beside[0])
            until_it_waits(postgresql, beside[0])

    sqlalchemy.event.listen(postgresql.engine, "after_cursor_execute", retract)
    assert replay(postgresql, letter)
    beside[0].join()
    assert inbox.waiting() == 0
    assert balance_of(postgresql).holds


def edited(message: Message) -> Message:
    return message.model_copy(update={"text": "another text"})


def test_a_message_that_is_erased_while_it_comes_again_is_put_again(
    postgresql: Database, make_message: MakeMessage
) -> None:
    inbox, message = SqlInbox(postgresql), make_message()
    inbox.put(Batch([message]))
    left = [sqlalchemy.delete(messages)]

    def erase(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if left and statement.startswith("INSERT INTO messages"):
            with postgresql.begin() as transaction:
                transaction.execute(left.pop())

    sqlalchemy.event.listen(postgresql.engine, "after_cursor_execute", erase)
    with pytest.raises(StoreUnavailable, match="erased"):
        inbox.put(Batch([message]))
    assert inbox.put(Batch([message])).new == 1


def test_a_second_edit_waits_once_with_its_own_text(kept: Kept) -> None:
    kept.edit("second")
    kept.edit("third")
    (taken,) = kept.inbox.take(10, 10_000)
    assert (taken.message.text, taken.revision) == ("third", 3)


def test_what_is_put_while_its_author_is_buried_is_found_and_erased(
    postgresql: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    kept = Kept(postgresql, make_message("first"), make_decision)
    more = make_message("more", user_id=kept.said.user_id)

    def erase() -> None:
        with postgresql.begin() as transaction:
            kept.erasure.begin(transaction, kept.author, anyway=False)
        with postgresql.begin() as transaction:
            gone = kept.erasure.erase(transaction, kept.author, 10)
            kept.features.remove(transaction, gone[1])

    erasing = threading.Thread(target=erase)
    with postgresql.begin() as transaction:
        put_batches(transaction, [Batch([more])], kept.features, kept.tombstones)
        until_it_waits(postgresql, erasing)
    erasing.join()
    assert rows(postgresql, "messages") == []
    assert kept.inbox.put(Batch([more])).erased == 1
