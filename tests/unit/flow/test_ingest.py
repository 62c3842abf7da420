"""Reading into the inbox waits for the database, and says what was left when told to stop."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from intent.flow.ingest import IngestPolicy, ingest
from intent.model.batch import Accepted, Batch, Refused
from intent.model.errors import Stopping, StoreUnavailable
from intent.queues.memory import MemoryInbox
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


def test_a_stop_during_an_outage_hands_back_what_was_read(make_message: MakeMessage) -> None:
    stop, kept = Event(), list[Batch]()
    stop.set()
    batch = Batch([make_message()])
    with pytest.raises(Stopping):
        ingest(Batches(batch), Flaky(away=99), stop=stop, policy=QUICK, keep=kept.append)
    assert kept == [batch]


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
