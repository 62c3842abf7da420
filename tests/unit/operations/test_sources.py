"""What share of the last hour a source has seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from intent.model.batch import Batch, Gap, Position
from intent.model.listening import ListenedSource, SourceNews, SourceState
from intent.operations.sources import observed_share, read_gaps, read_sources
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from intent.store.listened import SqlListenedSources
from tests.conftest import EPOCH

MINUTE = timedelta(minutes=1)
NOW = EPOCH + 120 * MINUTE
READING = ListenedSource(
    "shop", "exec", SourceState.READING, EPOCH, NOW, 0, 0, 0, None, None, None, None
)


def gap(room: str, since: int, until: int | None) -> Gap:
    """Return a gap; times are minutes before now."""
    end = None if until is None else NOW - until * MINUTE
    return Gap("twitch", room, NOW - since * MINUTE, end, "reset", source="shop")


@pytest.mark.parametrize(
    ("gaps", "share"),
    [
        ([], 1.0),
        ([gap("a", 30, 15)], 0.75),
        ([gap("a", 90, 30)], 0.5),
        ([gap("a", 30, 20), gap("a", 25, 15)], 0.75),
        ([gap("a", 30, 15), gap("b", 60, 30)], 0.5),
        ([gap("a", 15, None)], 0.75),
        ([gap("a", 90, 60)], 1.0),
    ],
    ids=["none", "one", "from before", "two that overlap", "the worst room", "open", "over"],
)
def test_gaps_are_what_was_not_seen(gaps: list[Gap], share: float) -> None:
    assert observed_share(READING, gaps, NOW) == pytest.approx(share)


def test_time_without_a_process_is_blind_and_time_before_the_first_is_none_at_all() -> None:
    gone = replace(READING, seen_at=NOW - 15 * MINUTE)
    assert observed_share(gone, [], NOW) == pytest.approx(0.75)
    assert observed_share(gone, [gap("a", 30, 10)], NOW) == pytest.approx(0.5)
    young = replace(gone, first_at=NOW - 30 * MINUTE)
    assert observed_share(young, [], NOW) == pytest.approx(0.5)
    assert observed_share(replace(READING, first_at=NOW), [], NOW) is None


def test_a_source_that_waits_or_failed_sees_nothing_and_one_that_ended_misses_nothing() -> None:
    since = NOW - 15 * MINUTE
    for state in (SourceState.WAITING, SourceState.FAILED):
        away = replace(READING, state=state, error="lost", error_at=since)
        assert observed_share(away, [], NOW) == pytest.approx(0.75)
    ended = replace(READING, state=SourceState.ENDED, seen_at=since)
    assert observed_share(ended, [], NOW) == 1.0


def test_everything_known_of_a_source_comes_together(database: Database) -> None:
    SqlListenedSources(database).tell([SourceNews("shop", "exec", SourceState.READING, 3)])
    own = [replace(gap("a", 30, 15), source="shop"), replace(gap("b", 30, None), source="shop")]
    SqlInbox(database).put(Batch(gaps=own, position=Position("shop", "7")))
    SqlInbox(database).put(Batch(position=Position("another", "1")))
    another, shop = read_sources(database)
    assert (another.source, another.listened, another.position) == ("another", None, "1")
    assert (shop.running, shop.position, shop.gaps, shop.blind) == (True, "7", 2, 1)
    assert shop.listened is not None
    assert shop.listened.messages == 3


def test_gaps_that_last_come_first_and_then_the_newest(database: Database) -> None:
    gaps = [gap("old", 90, 80), gap("new", 30, 20), gap("lasts", 100, None), gap("too", 20, None)]
    SqlInbox(database).put(Batch(gaps=gaps))
    assert [one.room_id for one in read_gaps(database)] == ["too", "lasts", "new", "old"]
    assert len(read_gaps(database, limit=3)) == 3
