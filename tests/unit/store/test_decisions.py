"""Decisions are appended, never changed; readers see the newest of a promoted run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy

from intent.model.batch import Batch
from intent.model.decision import Decision, Entry, Slot
from intent.model.message import Message
from intent.model.question import Answer, Claim, Question
from intent.queues.inbox import SqlInbox
from intent.store.decisions import PRODUCTION, SqlDecisions, current_decisions
from intent.store.engine import Database
from intent.store.rows import decision_from
from intent.store.runs import SqlRuns
from intent.store.schema import decisions
from tests.conftest import MakeDecision, MakeMessage, rows


def save(database: Database, *entries: Entry) -> list[Entry]:
    with database.begin() as transaction:
        return SqlDecisions().save(transaction, entries)


def test_a_decision_reads_back_as_it_was_saved(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    decision = make_decision(
        "price_inquiry",
        "shipping_inquiry",
        slots=(Slot("place", "Perth"),),
        lead_probability=0.987654,
        from_cache=True,
        degraded=True,
    )
    save(database, Entry(make_message(), decision))
    with database.read() as connection:
        row = connection.execute(sqlalchemy.select(decisions)).mappings().one()
    assert decision_from(row) == decision


def test_a_revision_that_exists_stays_as_it_is(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    message = make_message()
    first, second = (
        Entry(message, make_decision("price_inquiry")),
        Entry(message, make_decision("spam")),
    )
    assert save(database, first) == [first]
    assert save(database, second) == []
    assert len(rows(database, "decision_labels")) == 1


def test_only_what_was_inserted_comes_back_in_order_also_when_it_stands_twice(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    entries = [Entry(make_message(), make_decision("price_inquiry")) for _ in range(300)]
    save(database, entries[7])
    assert save(database, *entries, entries[0]) == [
        entry for entry in entries if entry is not entries[7]
    ]


def test_the_database_says_when_we_knew(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    save(database, Entry(make_message(), make_decision()))
    with database.read() as connection:
        created = connection.execute(sqlalchemy.select(decisions.c.created_timestamp)).scalar_one()
    assert abs(created - datetime.now(UTC)) < timedelta(seconds=30)


def test_readers_see_the_newest_visible_revision(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    message = make_message()
    with database.begin() as transaction:
        transaction.exec_driver_sql("INSERT INTO runs (name) VALUES ('trial')")
    save(
        database,
        Entry(message, make_decision("chatter")),
        Entry(message, make_decision("price_inquiry"), revision=1),
    )
    save(database, Entry(message, make_decision("spam"), revision=2, run="trial", visible=False))
    labels = sqlalchemy.select(current_decisions.c.labels)
    with database.read() as connection:
        assert connection.execute(labels).scalars().all() == [["price_inquiry"]]
    save(database, Entry(message, make_decision("spam"), revision=3, run="trial"))
    with database.read() as connection:
        assert connection.execute(labels).scalars().all() == [["spam"]]


def test_a_naive_time_is_never_stored(database: Database) -> None:
    with pytest.raises(sqlalchemy.exc.StatementError, match="naive"), database.read() as connection:
        connection.execute(
            sqlalchemy.select(decisions.c.id).where(
                decisions.c.event_timestamp > datetime(2026, 1, 1)
            )
        )


def answer(message: Message, decision: Decision, *, revision: int, run: str = PRODUCTION) -> Answer:
    question = Question(
        message.platform, message.message_id, message.room_id, message.sent_at, revision, run
    )
    return Answer(Claim(question, message, receipt=1, token="t", attempts=1), decision)


def test_an_answer_to_an_overtaken_revision_is_left_out(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    message, better = make_message(), make_decision("price_inquiry")
    SqlInbox(database).put(Batch([message]))
    with database.begin() as transaction:
        store = SqlDecisions()
        store.save(transaction, [Entry(message, make_decision("chatter"))])
        (first,) = store.follow(transaction, [answer(message, better, revision=0)])
        store.save(transaction, [first])
        assert (first.revision, first.previous) == (1, make_decision("chatter"))
        late = answer(message, make_decision("spam"), revision=0)
        assert store.follow(transaction, [late]) == []
        (second,) = store.follow(transaction, [answer(message, better, revision=1)])
        assert second.revision == 2


def test_a_run_beside_answers_each_message_once(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    message, beside = make_message(), make_decision("price_inquiry")
    SqlInbox(database).put(Batch([message]))
    SqlRuns(database).start("shorter", prompt="p", prompt_version="v", description="")
    with database.begin() as transaction:
        store = SqlDecisions()
        store.save(transaction, [Entry(message, make_decision("chatter"))])
        question = answer(message, beside, revision=0, run="shorter")
        (entry,) = store.follow(transaction, [question])
        store.save(transaction, [entry])
        assert (entry.visible, entry.previous) == (False, None)
        assert store.follow(transaction, [question]) == []
