"""What processes tell of their sources is summed up, whoever tells it."""

from __future__ import annotations

from datetime import timedelta

from intent.bootstrap.application import migrations_dir
from intent.model.batch import Batch, Gap
from intent.model.listening import SourceNews, SourceState
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.listened import SqlListenedSources, read_source_records
from intent.store.migrate import migrate
from intent.store.positions import SqlPositions
from tests.conftest import EPOCH

HOUR = timedelta(hours=1)
READING = SourceNews("shop", "exec", SourceState.READING)


def test_counts_add_up_and_the_newest_time_and_error_stay(database: Database) -> None:
    sources = SqlListenedSources(database)
    sources.tell([SourceNews("shop", "exec", SourceState.READING, 3, 1, 0, EPOCH, EPOCH)])
    sources.tell([SourceNews("shop", "exec", SourceState.WAITING, 2, 0, 1, error="lost")])
    sources.tell([READING, SourceNews("another", "exec", SourceState.ENDED)])
    known = read_source_records(database, HOUR).listened
    another, shop = known["another"], known["shop"]
    assert (another.source, another.state, another.messages) == ("another", SourceState.ENDED, 0)
    assert (shop.state, shop.messages, shop.dropped, shop.reconnects) == ("reading", 5, 1, 1)
    assert (shop.arrived, shop.sent, shop.error) == (EPOCH, EPOCH, "lost")
    assert shop.first_at <= shop.seen_at


def test_nothing_to_tell_opens_nothing(database: Database) -> None:
    SqlListenedSources(database).tell([])
    assert read_source_records(database, HOUR).listened == {}


def test_a_gap_keeps_the_source_that_was_blind_and_goes_down_without_it(
    database: Database,
) -> None:
    gap = Gap("twitch", "r", EPOCH, None, "reset", source="shop")
    inbox, positions = SqlInbox(database), SqlPositions(database)
    inbox.put(Batch(gaps=[gap]))
    inbox.put(Batch(gaps=[Gap("twitch", "r", EPOCH, EPOCH + timedelta(seconds=1), "reset")]))
    (kept,) = positions.gaps()
    assert (kept.source, kept.until) == ("shop", EPOCH + timedelta(seconds=1))
    migrate(database, migrations_dir(), "0007")
    migrate(database, migrations_dir())
    assert [one.source for one in SqlPositions(database).gaps()] == [None]
