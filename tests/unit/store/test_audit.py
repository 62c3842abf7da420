"""The audit holds over healthy books, and names every way in which they can be wrong."""

from __future__ import annotations

import pytest
import sqlalchemy

from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.queues.inbox import SqlInbox
from intent.store.audit import Balance, balance
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from tests.conftest import MakeDecision, MakeMessage


@pytest.fixture
def kept(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Database:
    """Return a database in which m-1 to m-3 are decided, and m-4 and m-5 wait."""
    messages = [make_message() for _ in range(5)]
    inbox = SqlInbox(database)
    inbox.put(Batch(messages))
    labels = (("price_inquiry", "shipping_inquiry"), ("chatter",), ("spam",))
    decided = [
        Entry(message, make_decision(*chosen))
        for message, chosen in zip(messages, labels, strict=False)
    ]
    with database.begin() as transaction:
        SqlDecisions().save(transaction, decided)
        transaction.execute(
            sqlalchemy.text("DELETE FROM inbox WHERE message_id IN ('m-1', 'm-2', 'm-3')")
        )
    return database


def recounted(database: Database) -> Balance:
    with database.read() as connection:
        return balance(connection)


def test_healthy_books_balance(kept: Database) -> None:
    books = recounted(kept)
    assert books.holds
    assert books.equation() == "5 accepted = 3 decided + 2 waiting + 0 dead + 0 retracted"


def test_an_empty_database_balances(database: Database) -> None:
    assert recounted(database).holds


@pytest.mark.parametrize(
    ("harm", "field", "count"),
    [
        ("DELETE FROM inbox WHERE message_id = 'm-4'", "nowhere", 1),
        ("DELETE FROM decisions WHERE message_id = 'm-1'", "nowhere", 1),
        ("UPDATE inbox SET message_id = 'm-1' WHERE message_id = 'm-4'", "twice", 1),
        ("DELETE FROM messages WHERE message_id IN ('m-1', 'm-4')", "unknown", 2),
        ("UPDATE decisions SET revision = 1 WHERE message_id = 'm-1'", "gaps", 1),
        ("DELETE FROM decision_labels WHERE label = 'shipping_inquiry'", "misfiled", 1),
        ("UPDATE decision_labels SET label = 'spam' WHERE label = 'chatter'", "misfiled", 1),
        ("DELETE FROM decision_labels", "misfiled", 3),
    ],
)
def test_it_names_what_is_wrong(harm: str, field: str, count: int, kept: Database) -> None:
    with kept.begin() as transaction:
        transaction.execute(sqlalchemy.text(harm))
    books = recounted(kept)
    assert not books.holds
    assert getattr(books, field) == count
