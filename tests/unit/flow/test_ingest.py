"""Reading into the inbox waits for the database, and says what was left when told to stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from intent.flow.ingest import IngestPolicy, ingest
from intent.model.batch import Accepted, Batch, Refused
from intent.model.errors import Stopping, StoreUnavailable
from intent.queues.memory import MemoryInbox
from intent.queues.spool import FileSpool
from tests.conftest import MakeMessage

QUICK = IngestPolicy(outage_delay=0.001, outage_delay_most=0.002)


class Batches:
    """A source of these batches."""

    def __init__(self, *batches: Batch) -> None:
        self.batches, self.asked = batches, 0

    def read(self) -> Iterator[Batch]:
        for batch in self.batches:
            self.asked += 1
            yield batch


class Flaky(MemoryInbox):
    """An inbox whose database is away the first ``away`` times."""

    def __init__(self, away: int) -> None:
        super().__init__()
        self.away = away

    def put(self, batch: Batch) -> Accepted:
        self.away -= 1
        if self.away >= 0:
            raise StoreUnavailable("the database is away")
        return super().put(batch)


def test_an_outage_is_waited_out_and_nothing_is_lost(make_message: MakeMessage) -> None:
    inbox = Flaky(away=3)
    source = Batches(Batch([make_message()]), Batch([make_message(), make_message()]))
    report = ingest(source, inbox, stop=Event(), policy=QUICK)
    assert (report.accepted, report.outages, inbox.waiting()) == (3, 3, 3)


def test_a_stop_during_an_outage_leaves_what_is_not_stored_in_the_spool(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    stop = Event()
    stop.set()
    first, second = Batch([make_message()]), Batch([make_message(), make_message()])
    spool = FileSpool(tmp_path, limit=100_000)
    with pytest.raises(Stopping):
        ingest(Batches(first, second), Flaky(away=99), stop=stop, spool=spool, policy=QUICK)
    spool.close()
    left = FileSpool(tmp_path, limit=100_000)
    inbox = MemoryInbox()
    report = ingest(Batches(), inbox, stop=Event(), spool=left, policy=QUICK)
    left.close()
    assert (report.accepted, inbox.waiting(), list(tmp_path.iterdir())) == (3, 3, [])


def test_reading_goes_on_while_the_database_is_away_and_order_is_kept(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    inbox = Flaky(away=4)
    batches = [Batch([make_message(str(number))]) for number in range(6)]
    spool = FileSpool(tmp_path, limit=100_000)
    report = ingest(Batches(*batches), inbox, stop=Event(), spool=spool, policy=QUICK)
    taken = [delivery.message.text for delivery in inbox.take(10, 10_000)]
    assert (report.accepted, taken) == (6, ["0", "1", "2", "3", "4", "5"])
    assert not spool.waiting


def test_a_full_spool_makes_the_source_wait_and_loses_nothing(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    inbox = Flaky(away=7)
    batches = [Batch([make_message()]) for _ in range(5)]
    spool = FileSpool(tmp_path, limit=700)
    report = ingest(Batches(*batches), inbox, stop=Event(), spool=spool, policy=QUICK)
    assert (report.accepted, inbox.waiting()) == (5, 5)


def test_a_stop_while_the_spool_is_full_loses_nothing_that_was_read(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    stop = Event()
    stop.set()
    spool, inbox = FileSpool(tmp_path, limit=10), MemoryInbox()
    with pytest.raises(Stopping):
        ingest(Batches(Batch([make_message()])), Flaky(99), stop=stop, spool=spool, policy=QUICK)
    spool.close()
    left = FileSpool(tmp_path, limit=10)
    assert ingest(Batches(), inbox, stop=Event(), spool=left, policy=QUICK).accepted == 1


def test_told_to_stop_it_takes_what_was_read_until_the_source_pauses(
    make_message: MakeMessage,
) -> None:
    stop = Event()
    stop.set()
    source = Batches(Batch([make_message()]), Batch([make_message()]), Batch(), Batch())
    report = ingest(source, MemoryInbox(), stop=stop)
    assert (report.accepted, source.asked) == (2, 3)


def test_a_source_of_mostly_refusals_is_no_source_of_messages(make_message: MakeMessage) -> None:
    wrong = [Refused("no JSON", b"x", str(number), "line 1") for number in range(3)]
    mixed = ingest(Batches(Batch([make_message()], wrong)), MemoryInbox(), stop=Event())
    assert mixed.refused_most
    fine = ingest(
        Batches(Batch([make_message() for _ in range(4)], wrong)), MemoryInbox(), stop=Event()
    )
    assert not fine.refused_most
