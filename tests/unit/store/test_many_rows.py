"""Many rows are written by one statement, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.queues.inbox import SqlInbox
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.feature_tables import feature_counters
from intent.store.many_rows import MANY, insert_unless_known, update_by_key, upsert
from intent.store.rows import message_row
from intent.store.schema import messages
from tests.conftest import MakeDecision, MakeMessage, rows

MORE = 2 * MANY


@pytest.mark.parametrize("count", [1, MORE])
def test_what_is_known_stays_and_only_what_was_inserted_is_returned(
    database: Database, count: int
) -> None:
    first = [{"key": "a", "newest": 1, "state": b"\x00one"}]
    both = [
        {"key": "a", "newest": 9, "state": b""},
        *({"key": f"b{n:02}", "newest": n, "state": b"two"} for n in range(count)),
    ]
    c = feature_counters.c
    with database.begin() as transaction:
        assert insert_unless_known(transaction, feature_counters, first, [c.key]) == [("a",)]
        inserted = insert_unless_known(transaction, feature_counters, both, [c.key, c.newest])
    assert sorted(map(tuple, inserted)) == [(f"b{n:02}", n) for n in range(count)]
    kept = {row["key"]: bytes(row["state"]) for row in rows(database, "feature_counters")}
    assert kept == {"a": b"\x00one", **{f"b{n:02}": b"two" for n in range(count)}}


@pytest.mark.parametrize("count", [1, MORE])
def test_rows_are_updated_by_their_key_and_others_stay(database: Database, count: int) -> None:
    if database.dialect == "sqlite":
        return  # there the same rows are upserted
    keys = [f"{n:02}" for n in range(count)]
    before = [{"key": key, "newest": 1, "state": b""} for key in [*keys, "other"]]
    after = [{"key": key, "newest": 2, "state": key.encode()} for key in keys]
    with database.begin() as transaction:
        insert_unless_known(transaction, feature_counters, before, [feature_counters.c.key])
        update_by_key(transaction, feature_counters, "key", after)
        held = transaction.execute(select(feature_counters).order_by("key")).all()
    assert [(row.key, row.newest, bytes(row.state)) for row in held] == [
        *((key, 2, key.encode()) for key in keys),
        ("other", 1, b""),
    ]


def test_texts_of_every_kind_and_what_is_missing_come_back_as_they_were(
    database: Database, make_message: MakeMessage
) -> None:
    texts = ['a "quoted", {braced} text', "back\\slash\n", "NULL", "价格多少？", " "]
    inbox = SqlInbox(database)
    said = [(text, lang) for text in texts for lang in ("en", None)] * 2
    inbox.put(Batch([make_message(text, lang=lang) for text, lang in said]))
    assert len(said) >= MANY
    came = [(one.message.text, one.message.lang) for one in inbox.take(100, 100_000)]
    assert came == said


def test_decisions_of_which_some_are_known_are_inserted_without_these(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    said = [make_message() for _ in range(MORE)]
    SqlInbox(database).put(Batch(said))
    entries = [Entry(message, make_decision("price_inquiry")) for message in said]
    record = SqlDecisions()
    with database.begin() as transaction:
        assert record.save(transaction, entries[:1]) == entries[:1]
    with database.begin() as transaction:
        # one of them twice, too
        assert record.save(transaction, [*entries, entries[-1]]) == entries[1:]
    decided = rows(database, "decisions")
    assert len(decided) == MORE
    labels = {row["decision_id"] for row in rows(database, "decision_labels")}
    assert labels == {row["id"] for row in decided}


@pytest.mark.parametrize("count", [1, MORE])
def test_what_is_known_by_its_key_is_written_anew(database: Database, count: int) -> None:
    first = [{"key": f"{n:02}", "newest": 1, "state": b""} for n in range(count)]
    again = [{"key": f"{n:02}", "newest": 2, "state": b"\x00\xff"} for n in range(1, count + 1)]
    with database.begin() as transaction:
        upsert(transaction, feature_counters, ["key"], first)
        upsert(transaction, feature_counters, ["key"], again)
        held = transaction.execute(select(feature_counters).order_by("key")).all()
    assert [(row.key, row.newest, bytes(row.state)) for row in held] == [
        ("00", 1, b""),
        *((f"{n:02}", 2, b"\x00\xff") for n in range(1, count + 1)),
    ]


@pytest.mark.parametrize("count", [1, MORE])
def test_what_is_too_long_for_its_column_is_refused_and_not_cut(
    database: Database, make_message: MakeMessage, count: int
) -> None:
    if database.dialect == "sqlite":
        return  # it knows no lengths
    long = [{**message_row(make_message()), "room_id": "r" * 201} for _ in range(count)]
    with pytest.raises(DBAPIError), database.begin() as transaction:
        insert_unless_known(transaction, messages, long, [messages.c.message_id])
