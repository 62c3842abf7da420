"""A look at the database is kept for a second, and nothing stale is told while it is away."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from intent.model.database_instruments import DATABASE_UP, INBOX, INBOX_AGE, LANE_AGE
from intent.model.errors import StoreUnavailable
from intent.model.instruments import Level
from intent.monitoring.looking import Looking


class Store:
    """Tells how long the oldest waits, unless it is away; and counts who asks."""

    def __init__(self) -> None:
        self.now, self.asked, self.away = 100.0, 0, False

    def read(self) -> Sequence[Level]:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("connection refused")
        return [Level(INBOX, 3, ("fresh",)), Level(INBOX_AGE, 5.0), Level(LANE_AGE, 0.0)]

    def looking(self) -> Looking:
        return Looking(self.read, clock=lambda: self.now)


def test_within_a_second_the_database_is_asked_once_and_ages_go_on() -> None:
    store = Store()
    looking = store.looking()
    looking()
    store.now += 0.9
    found = {one.instrument: one.value for one in looking()}
    assert store.asked == 1
    assert (found[DATABASE_UP], found[INBOX], round(found[INBOX_AGE], 3)) == (1, 3, 5.9)
    assert found[LANE_AGE] == 0, "where nothing waits, nothing grows older"
    store.now += 0.2
    looking()
    assert store.asked == 2


def test_a_database_that_is_away_is_told_and_nothing_of_before() -> None:
    store = Store()
    looking = store.looking()
    looking()
    store.away, store.now = True, store.now + 2
    assert looking() == [Level(DATABASE_UP, 0.0)]
    store.now += 0.5
    looking()
    assert store.asked == 2, "an outage is not asked for more often than the database"
    store.away, store.now = False, store.now + 1
    assert looking()[0] == Level(DATABASE_UP, 1.0)


def test_many_who_look_at_once_make_one_look() -> None:
    store = Store()
    looking = store.looking()
    threads = [threading.Thread(target=looking) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.asked == 1
