"""The worker: what it does with good messages, bad messages, bad times, and orders to leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import pytest

from intent.flow.worker import Worker, WorkerPolicy
from intent.model.batch import Batch
from intent.model.decision import Decision, Entry, Versions
from intent.model.errors import ClassifierUnavailable, StoreUnavailable, Undecidable
from intent.model.message import Message
from intent.model.question import Question
from intent.queues.memory import MemoryInbox
from intent.queues.memory_lane import MemoryLane
from intent.queues.memory_rows import MemoryTransaction, MemoryTransactions
from tests.conftest import MakeDecision, MakeMessage


class FakeClassifier:
    """Decides everything alike, except for texts that raise what the test says."""

    versions = Versions("t", "none", "fake", "fake")

    def __init__(self, decision: Decision, raises: dict[str, Exception] | None = None) -> None:
        self.decision, self.raises = decision, raises or {}
        self.batches: list[list[str]] = []

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        self.batches.append([message.text for message in messages])
        for message in messages:
            if message.text in self.raises:
                raise self.raises[message.text]
        return [self.decision for _ in messages]


class FakeDecisions:
    """Keeps entries; a revision that exists stays."""

    def __init__(self) -> None:
        self.saved: dict[tuple[str, str, int], Entry] = {}
        self.outages = 0

    def save(self, transaction: MemoryTransaction, entries: Sequence[Entry]) -> list[Entry]:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("the database is away")
        new = [
            entry
            for entry in entries
            if (*entry.message.identity, entry.revision) not in self.saved
        ]
        self.saved.update({(*entry.message.identity, entry.revision): entry for entry in new})
        return new

    def texts(self) -> set[str]:
        return {entry.message.text for entry in self.saved.values()}


class FakeFeatures:
    """Counts what it was told."""

    def __init__(self) -> None:
        self.added: list[Entry] = []

    def add(self, transaction: MemoryTransaction, entries: Sequence[Entry]) -> None:
        self.added.extend(entries)


class Bench:
    """A worker among fakes, with a clock that moves when it waits."""

    def __init__(
        self,
        decision: Decision,
        raises: dict[str, Exception] | None = None,
        *,
        unsure: bool = False,
        **policy: Any,
    ) -> None:
        self.now = 0.0
        self.stop = Event()
        self.inbox = MemoryInbox(lease=60.0, clock=lambda: self.now)
        self.classifier = FakeClassifier(decision, raises)
        self.decisions, self.features = FakeDecisions(), FakeFeatures()
        self.lane = MemoryLane(self._find, clock=lambda: self.now)
        self.steps: list[str] = []
        self.at_step: Callable[[str], None] = lambda name: None
        self.waits: list[float] = []
        self.worker = Worker(
            self.inbox,
            self.classifier,
            MemoryTransactions(),
            self.decisions,
            self.features,
            self.lane,
            unsure=lambda _: unsure,
            policy=WorkerPolicy(**policy),
            stop=self.stop,
            step=self._step,
        )
        self.stop.wait = self._wait  # type: ignore[method-assign]

    def _step(self, name: str) -> None:
        self.steps.append(name)
        self.at_step(name)

    def _wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.now += timeout or 0.0
        return self.stop.is_set()

    def _find(self, platform: str, message_id: str) -> Message:
        return self.decisions.saved[(platform, message_id, 0)].message


@pytest.fixture
def bench(make_decision: MakeDecision) -> Callable[..., Bench]:
    return lambda raises=None, **options: Bench(make_decision("price_inquiry"), raises, **options)


def test_every_message_is_decided_once_and_counted_once(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench()
    at.inbox.put(Batch([make_message(str(number)) for number in range(600)]))
    report = at.worker.run(drain=True)
    assert (report.decided, report.leads, at.inbox.waiting()) == (600, 600, 0)
    assert len(at.decisions.saved) == len(at.features.added) == 600


def test_the_protocol_steps_come_in_their_order(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench()
    at.inbox.put(Batch([make_message()]))
    at.worker.run(drain=True)
    assert at.steps == ["claimed", "decided", "saved", "finishing", "committed"]


def test_one_undecidable_message_is_buried_alone_after_its_tries(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench({"poison": Undecidable("too odd")}, attempts=3)
    at.inbox.put(
        Batch([make_message("poison" if number == 17 else str(number)) for number in range(32)])
    )
    report = at.worker.run(drain=True)
    assert (report.decided, report.dead_lettered, report.retried) == (31, 1, 2)
    assert [(message.text, reason) for message, reason in at.inbox.dead_letters] == [
        ("poison", "cannot be decided: Undecidable: too odd")
    ]


def test_any_exception_blames_the_message_when_others_can_be_decided(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench({"poison": ZeroDivisionError()}, attempts=1)
    at.inbox.put(Batch([make_message("poison"), make_message("fine")]))
    at.worker.run(drain=True)
    assert at.decisions.texts() == {"fine"}


def test_a_broken_classifier_buries_nothing(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    everything = {text: ValueError("broken") for text in ("a", "b", "hello")}
    at = bench(everything)
    at.inbox.put(Batch([make_message("a"), make_message("b")]))
    with pytest.raises(ClassifierUnavailable):
        at.worker.run(drain=True)
    assert (at.inbox.dead_letters, at.inbox.waiting()) == ([], 2)
    assert [delivery.attempts for delivery in at.inbox.take(10, 1000)] == [1, 1]


def test_an_outage_of_the_store_is_waited_for_with_growing_pauses(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench(outage_delay=0.2, outage_delay_most=1.0)
    at.decisions.outages = 5
    at.inbox.put(Batch([make_message()]))
    report = at.worker.run(drain=True)
    assert (report.decided, report.outages) == (1, 5)
    assert at.waits[:5] == pytest.approx([0.2, 0.4, 0.8, 1.0, 1.0])
    assert len(at.classifier.batches) == 1


def test_leaving_during_an_outage_loses_nothing(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench()
    at.decisions.outages = 10**9
    at.inbox.put(Batch([make_message()]))
    at.at_step = lambda name: at.stop.set() if name == "decided" else None
    at.worker.run()
    assert at.inbox.waiting() == 1


def test_a_suspect_that_killed_its_workers_is_buried_untried(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench(attempts=3)
    at.inbox.put(Batch([make_message("fellow"), make_message("deadly")]))
    at.inbox.take(10, 1000)  # in company this counts for nobody
    at.now += 61
    with MemoryTransactions().begin() as transaction:
        at.inbox.done(transaction, at.inbox.take(1, 1000))
    for _ in range(3):
        assert [delivery.message.text for delivery in at.inbox.take(10, 1000)] == ["deadly"]
        at.now += 61
    report = at.worker.run(drain=True)
    assert report.dead_lettered == 1
    assert at.classifier.batches == []
    assert at.inbox.dead_letters[0][1] == "its worker died 3 times while it was decided alone"


def test_a_worker_that_was_overtaken_changes_nothing(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench()
    at.inbox.put(Batch([make_message()]))

    def overtaken(name: str) -> None:
        if name == "decided":
            at.now += 61
            assert at.inbox.take(10, 1000)
            at.stop.set()

    at.at_step = overtaken
    report = at.worker.run()
    assert (report.overtaken, report.decided) == (1, 0)
    assert at.decisions.saved == {}
    assert at.features.added == []


def test_what_was_decided_before_is_neither_counted_nor_asked_again(
    bench: Callable[..., Bench], make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    at, known = bench(unsure=True), make_message()
    at.decisions.save(MemoryTransaction(), [Entry(known, make_decision("spam"))])
    at.inbox.put(Batch([known, make_message()]))
    report = at.worker.run(drain=True)
    assert (report.decided, report.unsure, at.inbox.waiting(), at.lane.waiting()) == (1, 1, 0, 1)
    assert known.identity not in {entry.message.identity for entry in at.features.added}


def test_an_unsure_decision_is_marked_degraded_and_waits_in_the_lane(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench(unsure=True)
    message = make_message()
    at.inbox.put(Batch([message]))
    at.worker.run(drain=True)
    (entry,) = at.decisions.saved.values()
    assert entry.decision.degraded
    expected = Question(
        message.platform, message.message_id, message.room_id, message.sent_at, revision=0
    )
    assert [claim.question for claim in at.lane.take(10, 0.0)] == [expected]


def test_told_to_stop_it_finishes_the_batch_at_hand_and_takes_no_other(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench(batch_count=10)
    at.inbox.put(Batch([make_message(str(number)) for number in range(25)]))
    at.at_step = lambda name: at.stop.set() if name == "claimed" else None
    report = at.worker.run()
    assert (report.decided, at.inbox.waiting()) == (10, 15)


def test_an_empty_inbox_is_looked_at_less_and_less_often(bench: Callable[..., Bench]) -> None:
    at = bench(batch_age=0.05, idle_most=0.3)
    wait = at.stop.wait

    def five_times(timeout: float | None = None) -> bool:
        if len(at.waits) == 4:
            at.stop.set()
        return wait(timeout)

    at.stop.wait = five_times  # type: ignore[method-assign]
    at.worker.run()
    assert at.waits == pytest.approx([0.05, 0.1, 0.2, 0.3, 0.3])


def test_without_drain_it_waits_for_more(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench(batch_age=0.05)
    message = make_message("late")

    def later(timeout: float | None = None) -> bool:
        at.inbox.put(Batch([message]))
        if at.decisions.saved:
            at.stop.set()
        return at.stop.is_set()

    at.stop.wait = later  # type: ignore[method-assign]
    assert at.worker.run().decided == 1


def test_what_a_worker_died_of_is_decided_in_halves_without_a_pause_between(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench()
    at.inbox.put(Batch([make_message(str(number)) for number in range(256)]))
    at.inbox.take(256, 1_000_000)
    at.now += 61
    at.at_step = lambda name: at.stop.set() if len(at.decisions.saved) == 256 else None
    at.worker.run()
    sizes = [len(batch) for batch in at.classifier.batches]
    assert sizes == [128, 64, 32, 16, 8, 4, 2, 1, 1]
    assert at.waits == []


def test_a_fresh_message_waits_for_one_half_of_the_suspects_at_most(
    bench: Callable[..., Bench], make_message: MakeMessage
) -> None:
    at = bench()
    at.inbox.put(Batch([make_message(str(number)) for number in range(256)]))
    for _ in range(6):
        at.inbox.take(40, 1_000_000)
    at.now += 61
    at.inbox.put(Batch([make_message("fresh")]))
    at.worker.run(drain=True)
    batches = at.classifier.batches
    assert [number for number, batch in enumerate(batches) if "fresh" in batch] < [2]
    assert at.worker.report.decided == 257


def test_draining_says_what_it_waits_for(
    bench: Callable[..., Bench], make_message: MakeMessage, capsys: pytest.CaptureFixture[str]
) -> None:
    at = bench()
    at.inbox.put(Batch([make_message(), make_message()]))
    at.inbox.take(2, 1000)
    assert at.worker.run(drain=True).decided == 2
    told = capsys.readouterr()
    assert (told.out + told.err).count("waiting for what somebody else has claimed") == 1
    assert "seconds=60.0" in told.out + told.err
