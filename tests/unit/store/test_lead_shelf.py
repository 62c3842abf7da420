"""The inbox of leads is read in its order, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from intent.bootstrap.application import migrate_fresh
from intent.model.batch import Batch
from intent.model.decision import Entry
from intent.model.errors import WrongUse
from intent.model.message import AuthorRole
from intent.model.taxonomy import Taxonomy
from intent.operations.lead_inbox import follow_inbox, look_at_inbox, look_at_lead
from intent.operations.leads import find_leads
from intent.queues.inbox import SqlInbox
from intent.store import lead_shelf
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.lead_shelf import (
    ShelfCounts,
    ShelfFilter,
    count_shelf,
    read_lead_rooms,
    read_shelf,
)
from tests.conftest import MakeDecision, MakeMessage
from tests.contracts.house import SqlHouse


def test_pages_follow_each_other_and_news_come_once(
    database: Database,
    taxonomy: Taxonomy,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> None:
    house = SqlHouse(make_decision, database, taxonomy.members)
    house.put(*(make_message(f"order {number}") for number in range(5)), make_message("hi"))
    house.work()
    first = look_at_inbox(database, ShelfFilter(), limit=3)
    second = look_at_inbox(database, ShelfFilter(), behind=first.older, limit=3)
    assert [one.text[-1] for one in (*first.leads, *second.leads)] == ["4", "3", "2", "1", "0"]
    assert (second.older, first.counts.waiting, first.counts.hot) == ("", 5, 5)
    assert [(room.leads, room.unanswered) for room in first.rooms] == [(5, 5)]
    house.put(make_message("order 100%"), make_message("order x", room_id="elsewhere"))
    house.work()
    with follow_inbox(database) as view:
        news = view.news(first.cursor, ShelfFilter(room="room-1"))
        assert view.news(news.cursor, ShelfFilter()).leads == ()
    assert [one.text for one in news.leads] == ["order 100%"]
    assert len(news.gone) == 1
    found = look_at_inbox(database, ShelfFilter(text="0%", label="purchase_intent", hot=True))
    assert [one.text for one in found.leads] == ["order 100%"]
    assert look_at_inbox(database, ShelfFilter(state="done")).leads == ()


def test_leads_of_viewers_are_found_by_room_label_time_and_certainty(
    database: Database,
    taxonomy: Taxonomy,
    make_message: MakeMessage,
    make_decision: MakeDecision,
) -> None:
    old, new, other, idle, host = (
        make_message("old"),
        make_message("new"),
        make_message("other", room_id="room-2"),
        make_message("idle"),
        make_message("last two pieces!", author_role=AuthorRole.HOST),
    )
    SqlInbox(database).put(Batch([old, new, other, idle, host]))
    decided = [
        Entry(old, make_decision("price_inquiry", lead_probability=0.6)),
        Entry(new, make_decision("price_inquiry", "shipping_inquiry")),
        Entry(other, make_decision("quote_request", lead_probability=0.9)),
        Entry(idle, make_decision("chatter")),
        Entry(host, make_decision("purchase_intent")),
    ]
    with database.begin() as transaction:
        SqlDecisions().save(transaction, decided)

    def found(limit: int | None = None, **how: Any) -> list[str]:
        asked = ShelfFilter(**how)
        return [one.text for one in find_leads(database, taxonomy, asked, limit=limit)]

    assert found() == ["other", "new", "old"]
    assert found(room="room-1") == ["new", "old"]
    assert found(label="shipping_inquiry") == ["new"]
    assert found(since=new.sent_at) == ["other", "new"]
    assert found(minimum=0.9) == ["other", "new"]
    assert found(limit=1) == ["other"]
    with pytest.raises(WrongUse, match="no lead intent"):
        found(label="chatter")
    behind = ""
    walked = []
    while part := list(find_leads(database, taxonomy, behind=behind, limit=1)):
        walked += [one.text for one in part]
        behind = part[-1].place
    assert walked == found()


def test_no_more_is_counted_than_is_shown(
    database: Database,
    taxonomy: Taxonomy,
    make_message: MakeMessage,
    make_decision: MakeDecision,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = SqlHouse(make_decision, database, taxonomy.members)
    said = [make_message(f"order {number}") for number in range(4)]
    house.put(*said, make_message("order x", room_id="elsewhere"))
    house.work()
    with database.read() as connection:
        assert count_shelf(connection) == ShelfCounts(5, 5, said[2].sent_at)
        assert count_shelf(connection, "nowhere") == ShelfCounts(0, 0, None)
        monkeypatch.setattr(lead_shelf, "COUNTED_MOST", 4)
        assert count_shelf(connection) == ShelfCounts(4, 4, None, more=True)
        assert count_shelf(connection, "room-1") == ShelfCounts(4, 4, said[2].sent_at)


def test_an_id_that_is_none_finds_no_lead(database: Database) -> None:
    assert look_at_lead(database, "nonsense") is None


def plans(database: Database, look: Callable[[Connection], object]) -> list[str]:
    """Return how SQLite finds what is looked at."""
    asked: list[tuple[str, Any]] = []
    with database.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda *one: asked.append((one[2], one[3]))
        )
        look(connection)
        return [
            row[3]
            for statement, values in list(asked)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


@pytest.mark.parametrize(
    "asked",
    [
        ShelfFilter(),
        ShelfFilter(room="r"),
        ShelfFilter(hot=True),
        ShelfFilter(state="unanswered"),
        ShelfFilter(state="done"),
        ShelfFilter(text="x"),
    ],
)
def test_the_inbox_is_read_in_the_order_of_its_index(sqlite_url: str, asked: ShelfFilter) -> None:
    """Of all leads, only those that are shown are looked at."""
    database = Database(sqlite_url)
    migrate_fresh(database)
    found = plans(database, lambda connection: read_shelf(connection, asked, limit=30))
    assert "ix_leads_" in found[0]
    assert not any("ORDER BY" in step for step in found)
    database.close()


def test_what_waits_is_counted_by_an_index(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    migrate_fresh(database)
    for look in (count_shelf, lambda connection: count_shelf(connection, "r")):
        assert all("ix_leads_" in step for step in plans(database, look) if "leads" in step)
    assert "ix_leads_room" in plans(database, lambda one: read_lead_rooms(one, 10))[0]
    database.close()
