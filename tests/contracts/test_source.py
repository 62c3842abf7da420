"""What a source may count on: a batch is stored, with its position, before the next is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from intent.flow.ingest import ingest
from intent.model.batch import Batch, Position, Refused, Retraction
from intent.queues.memory import MemoryInbox
from tests.conftest import EPOCH, MakeMessage


class FakeSource:
    """Hands over batches, and notes what was stored each time that it goes on."""

    def __init__(self, inbox: MemoryInbox, batches: list[Batch]) -> None:
        self._inbox, self._batches = inbox, batches
        self.acknowledged: list[str] = []

    def read(self) -> Iterator[Batch]:
        for batch in self._batches:
            yield batch
            stored = self._inbox.position("fake")
            if stored is not None:
                self.acknowledged.append(stored.token)


def at(token: str) -> Position:
    return Position("fake", token)


def test_a_source_acknowledges_what_is_stored_and_nothing_else(make_message: MakeMessage) -> None:
    inbox = MemoryInbox()
    batches = [
        Batch([make_message()], position=at("1")),
        Batch(),
        Batch([make_message()], position=at("2")),
    ]
    source = FakeSource(inbox, batches)
    ingest(source, inbox, stop=Event())
    assert source.acknowledged == ["1", "1", "2"]
    assert inbox.waiting() == 2


def test_a_batch_that_could_not_be_stored_is_not_acknowledged(make_message: MakeMessage) -> None:
    class Broken(MemoryInbox):
        def put(self, batch: Batch) -> None:  # type: ignore[override]
            raise ZeroDivisionError

    inbox = Broken()
    source = FakeSource(inbox, [Batch([make_message()], position=at("1"))])
    with pytest.raises(ZeroDivisionError):
        ingest(source, inbox, stop=Event())
    assert (source.acknowledged, inbox.position("fake")) == ([], None)


def test_the_report_counts_what_became_of_everything(make_message: MakeMessage) -> None:
    first = make_message("hello")
    edited = first.model_copy(update={"text": "I order two"})
    foreign = first.model_copy(update={"user_id": "somebody"})
    refused = Refused("is no JSON", b"{", "0" * 64, "line 1")
    gone = Retraction("tiktok", "room-1", EPOCH, message_id=first.message_id)
    inbox = MemoryInbox()
    batches = [
        Batch([first, first, edited, foreign], [refused, refused]),
        Batch(retractions=[gone]),
    ]
    report = ingest(FakeSource(inbox, batches), inbox, stop=Event())
    assert (report.accepted, report.repeated, report.edited, report.conflicting) == (1, 1, 1, 1)
    assert (report.refused, report.refused_new, report.retracted) == (2, 1, 1)
