"""The log of what changes about leads: written with the change, read in the order in which it
became visible, on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import text

from intent.bootstrap.application import migrations_dir
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import DecidedBy, Decision, Entry
from intent.model.errors import StartAgain, WrongUse
from intent.model.lead import ChangeKind, LeadChange, lead_id, read_lead_id
from intent.model.message import AuthorRole, Message, Reply
from intent.model.taxonomy import Taxonomy
from intent.operations.lead_changes import prune_lead_changes
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.erasure import SqlErasure
from intent.store.lead_log import newest_cursor, prune_changes, read_changes
from intent.store.lead_tables import HOT
from intent.store.migrate import migrate
from intent.store.tombstones import Tombstones
from intent.store.versions import insert_messages
from tests.conftest import MakeDecision, MakeMessage, rows

Save = Callable[..., None]


@pytest.fixture
def save(database: Database) -> Save:
    def save(message: Message, decision: Decision, revision: int = 0, **values: object) -> None:
        with database.begin() as transaction:
            insert_messages(transaction, [message])
            SqlDecisions().save(transaction, [Entry(message, decision, revision, **values)])

    return save


def read(database: Database, cursor: str | None = None, count: int = 100) -> list[LeadChange]:
    with database.read() as connection:
        return read_changes(connection, cursor, count)


def told(database: Database, cursor: str | None = None) -> list[tuple[str, str]]:
    return [(change.kind.value, change.message_id) for change in read(database, cursor)]


def test_a_lead_is_found_changed_and_gone_and_chatter_is_not_told(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    lead, chatter = make_message(), make_message()
    price, none = make_decision("price_inquiry"), make_decision("chatter")
    save(lead, price)
    save(chatter, none)
    save(lead, replace(price, decided_by=DecidedBy.LLM), 1, previous=price)
    save(lead, none, 2, previous=price)
    save(lead, price, 3, previous=none)
    changes = read(database)
    assert [change.kind for change in changes] == ["found", "changed", "gone", "found"]
    assert [change.revision for change in changes] == [0, 1, 2, 3]
    assert {change.lead_id for change in changes} == {lead_id("tiktok", lead.message_id)}


def test_what_an_unpromoted_run_says_and_what_is_known_already_is_not_told(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    message, price = make_message(), make_decision("price_inquiry")
    save(message, price)
    save(message, price)
    save(message, price, 1, visible=False)
    assert told(database) == [("found", message.message_id)]


def test_what_host_and_moderators_write_is_no_lead(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    for role in (AuthorRole.HOST, AuthorRole.MODERATOR):
        save(make_message(author_role=role), make_decision("purchase_intent"))
    assert told(database) == []
    assert rows(database, "leads") == []


@pytest.mark.parametrize("reply_first", [True, False])
def test_the_hosts_reply_answers_a_lead_whichever_is_decided_first(
    database: Database,
    save: Save,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    reply_first: bool,
) -> None:
    lead = make_message()
    reply = make_message(
        "5", author_role=AuthorRole.HOST, reply_to=Reply(message_id=lead.message_id)
    )
    with database.begin() as transaction:
        insert_messages(transaction, [lead, reply])
    saves = [(lead, make_decision("price_inquiry")), (reply, make_decision("chatter"))]
    for one in reversed(saves) if reply_first else saves:
        save(*one)
    (state,) = rows(database, "leads")
    assert (state["answered_by"], state["attention"], bool(state["stands"])) == ("reply", 0, True)
    answered = [] if reply_first else [("answered", lead.message_id)]
    assert told(database) == [("found", lead.message_id), *answered]


def test_a_reply_that_is_taken_back_answers_nothing_any_more(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    lead = make_message()
    reply = make_message(
        "5", author_role=AuthorRole.HOST, reply_to=Reply(message_id=lead.message_id)
    )
    save(lead, make_decision("price_inquiry"))
    save(reply, make_decision("chatter"))
    gone = replace(make_decision(), labels=(), decided_by=DecidedBy.PLATFORM)
    save(reply, gone, 1, previous=make_decision("chatter"))
    (state,) = rows(database, "leads")
    assert (state["answered_by"], state["answered_timestamp"], state["attention"]) == (
        None,
        None,
        1,
    )


def test_a_reader_that_goes_on_from_any_line_misses_and_repeats_nothing(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    for _ in range(7):
        save(make_message(), make_decision("price_inquiry"))
    everything = read(database)
    seen, cursor = [], None
    while page := read(database, cursor, 2):
        seen += page
        cursor = page[-1].cursor
    assert seen == everything
    assert len(seen) == 7
    assert told(database, seen[3].cursor) == [("found", f"m-{n}") for n in (5, 6, 7)]


def test_who_begins_now_sees_only_what_comes(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    with database.read() as connection:
        empty = newest_cursor(connection)
    save(make_message(), make_decision("price_inquiry"))
    assert told(database, empty) == [("found", "m-1")]
    with database.read() as connection:
        now = newest_cursor(connection)
    save(make_message(), make_decision("price_inquiry"))
    assert told(database, now) == [("found", "m-2")]


def test_a_transaction_that_began_earlier_and_commits_later_is_not_skipped(
    migrated: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    slow, fast, price = make_message(), make_message(), make_decision("price_inquiry")
    with migrated.begin() as transaction:
        insert_messages(transaction, [slow, fast])
    with migrated.begin() as older:
        SqlDecisions().save(older, [Entry(slow, price)])
        with migrated.begin() as younger:
            SqlDecisions().save(younger, [Entry(fast, price)])
        with migrated.read() as connection:
            begun = newest_cursor(connection)
        assert told(migrated) == []  # the younger one waits for the older
    assert told(migrated) == [("found", slow.message_id), ("found", fast.message_id)]
    assert told(migrated, begun) == told(migrated)


@pytest.fixture
def migrated(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    migrate(opened, migrations_dir())
    yield opened
    opened.close()


def test_a_number_is_not_given_again_after_the_newest_line_was_erased(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    save(make_message(), make_decision("price_inquiry"))
    cursor = read(database)[-1].cursor
    with database.begin() as transaction:
        transaction.execute(text("DELETE FROM lead_changes"))
    save(make_message(), make_decision("price_inquiry"))
    assert told(database, cursor) == [("found", "m-2")]


@pytest.mark.parametrize("cursor", ["", "1", "x-y-z", "0-1-1\n", "0-1-1-1", "é", "0-1-" + "f" * 99])
def test_what_is_no_cursor_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(StartAgain, match="no cursor of this log"):
        read(database, cursor)


def test_a_cursor_of_another_database_is_refused(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    save(make_message(), make_decision("price_inquiry"))
    mine = read(database)[-1].cursor
    writer, number, written = (int(part, 16) for part in mine.split("-"))
    for other in (
        f"{writer:x}-{number:x}-{written + 1:x}",  # the same number, given at another time
        f"{writer + 1:x}-{number:x}-{written:x}",
        "fffffffffff-ffffff-1",  # what this database has not come to
    ):
        with pytest.raises(StartAgain, match="another database"):
            read(database, other)
    assert told(database, mine) == []


def test_who_is_erased_leaves_no_line_and_whoever_shows_leads_is_told(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    lead, other = make_message(user_id="u-9"), make_message()
    reply = make_message("5", author_role=AuthorRole.HOST, reply_to=Reply(message_id="m-2"))
    save(lead, make_decision("price_inquiry"))
    save(other, make_decision("price_inquiry"))
    save(reply, make_decision("chatter"))
    for subject in (
        DataSubject(SubjectKind.USER, "tiktok", "u-9"),
        DataSubject(SubjectKind.MESSAGE, "tiktok", reply.message_id),
    ):
        with database.begin() as transaction:
            SqlErasure(Tombstones(lambda _: b"key")).erase(transaction, subject, 10)
    assert told(database) == [("found", "m-2"), ("answered", "m-2"), ("erased", "")]
    assert read(database)[-1].lead_id is None
    (state,) = rows(database, "leads")
    assert (state["message_id"], state["answered_by"], state["attention"]) == ("m-2", None, 1)


def test_what_is_pruned_tells_a_slow_reader_to_start_again_and_a_quick_one_nothing(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    for _ in range(4):
        save(make_message(), make_decision("price_inquiry"))
    lines = read(database)
    old = "UPDATE lead_changes SET created_timestamp = '2020-01-01 00:00:00.000000+00' WHERE id < 3"
    with database.begin() as transaction:
        old = old.replace("+00", "") if database.dialect == "sqlite" else old
        transaction.execute(text(old))
    aged = read(database)
    with database.begin() as transaction:
        assert prune_changes(transaction, timedelta(days=30)) == 2
        assert prune_changes(transaction, timedelta(days=30)) == 0
    with pytest.raises(StartAgain, match="not kept any more"):
        read(database, aged[0].cursor)
    assert told(database, lines[2].cursor) == [("found", "m-4")]
    assert told(database) == [("found", "m-3"), ("found", "m-4")]


def test_a_cursor_of_when_nobody_wrote_leads_to_what_is_written_next(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    with database.read() as connection:
        cursor = newest_cursor(connection)
    assert read(database, cursor) == []
    save(make_message(), make_decision("price_inquiry"))
    assert told(database, cursor) == [("found", "m-1")]


def test_a_long_log_is_pruned_a_bounded_number_of_lines_at_a_time(
    database: Database, save: Save, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    for _ in range(5):
        save(make_message(), make_decision("price_inquiry"))
    lines = read(database)
    with database.begin() as transaction:
        assert prune_changes(transaction, timedelta(0), 2) == 2
    assert told(database) == [("found", f"m-{number}") for number in (3, 4, 5)]
    assert prune_lead_changes(database, timedelta(days=30), Event(), at_once=2) == 0
    assert prune_lead_changes(database, timedelta(0), Event(), at_once=2) == 3
    assert told(database) == []
    assert len(rows(database, "lead_changes")) == 1
    with pytest.raises(StartAgain):
        read(database, lines[1].cursor)
    assert read(database, lines[-1].cursor) == []
    save(make_message(), make_decision("price_inquiry"))
    assert told(database, lines[-1].cursor) == [("found", "m-6")]


def test_lines_of_the_server_that_a_database_was_restored_from_are_taken_over(
    migrated: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    first, second = make_message(), make_message()
    for message in (first, second):
        with migrated.begin() as transaction:
            insert_messages(transaction, [message])
            SqlDecisions().save(transaction, [Entry(message, make_decision("price_inquiry"))])
        if message is first:
            with migrated.begin() as transaction:
                transaction.execute(text("UPDATE lead_changes SET writer = 1000000000"))
    assert told(migrated) == [("found", "m-2")]
    with migrated.begin() as transaction:
        prune_changes(transaction, timedelta(days=30))
    assert told(migrated) == [("found", "m-1"), ("found", "m-2")]


@pytest.mark.parametrize(
    "identity", [("tiktok", "m:1"), ("exec", "a/b?c#ü😀"), ("x", 'quote"\\'), ("", "")]
)
def test_an_id_in_an_address_stands_for_its_message(identity: tuple[str, str]) -> None:
    given = lead_id(*identity)
    assert given.replace("-", "").replace("_", "").isalnum()
    assert read_lead_id(given) == identity


@pytest.mark.parametrize("given", ["", "m1", "é", "WyJhIl0", "WzEsMl0", "W1tbW1tb" * 500, "a b"])
def test_what_is_no_id_of_a_lead_is_refused(given: str) -> None:
    with pytest.raises(WrongUse, match="no id of a lead"):
        read_lead_id(given)


def test_hot_intents_are_those_of_the_taxonomy(taxonomy: Taxonomy) -> None:
    assert set(HOT) == set(taxonomy.groups["hot"])


def test_every_kind_is_written_as_it_is_named() -> None:
    assert {kind.value for kind in ChangeKind} == {
        "found",
        "changed",
        "gone",
        "answered",
        "handled",
        "erased",
    }
