"""The bench of the inbox: a store that is filled in bulk is one that the service could have filled,
and what arrives on streams is counted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.bench.inbox_pages import InboxLoad, measure_inbox
from eval.bench.inbox_store import fill_store
from intent.model.taxonomy import Taxonomy
from intent.operations.lead_inbox import look_at_inbox
from intent.operations.leads import find_leads
from intent.store.audit import balance
from intent.store.engine import Database
from intent.store.lead_shelf import ShelfFilter


def test_a_store_that_is_filled_in_bulk_is_as_the_service_fills_it(
    database: Database, taxonomy: Taxonomy
) -> None:
    fill_store(database, taxonomy, 1_200, lambda said: None)
    with database.read() as connection:
        books = balance(connection)
    assert (books.accepted, books.holds) == (1_200, True)
    view = look_at_inbox(database, ShelfFilter(), limit=50)
    assert {one.hot for one in view.leads[: view.counts.hot]} == {True}
    assert sorted((one.leads, one.room_id) for one in view.rooms) == [
        (16, "live-1"),
        (84, "live-0"),
    ]
    hot = ShelfFilter(label="purchase_intent")
    assert len(list(find_leads(database, taxonomy, hot))) == 20
    assert view.counts.waiting == 75


@pytest.mark.slow
def test_every_decision_arrives_on_every_stream_once(sqlite_url: str, tmp_path: Path) -> None:
    load = InboxLoad(messages=1_000, streams=4, pace=20.0, seconds=1.0, pairs=1, burst=20)
    found = measure_inbox(sqlite_url, tmp_path, load, lambda said: None)
    assert (found.decisions, found.lost, found.doubled) == (20, 0, 0)
    assert found.page.size < 100_000
    assert 0 < found.visible_p50 <= found.visible_p95
