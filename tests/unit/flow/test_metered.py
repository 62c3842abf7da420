"""A worker tells how long what took, and what became of the messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from intent.flow.metered import Watches, WorkMeter, tell_of_puts
from intent.model import process_instruments as told
from intent.model.batch import Accepted, Batch, Delivery
from intent.model.decision import Entry
from intent.model.instruments import Instrument
from tests.conftest import EPOCH, MakeDecision, MakeMessage

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class FakeMeter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: dict[tuple[Instrument, tuple[str, ...]], list[float]] = {}

    def count(self, instrument: Instrument, by: float = 1.0, /, *labels: str) -> None:
        self.told.setdefault((instrument, labels), []).append(by)

    def observe(self, instrument: Instrument, values: Iterable[float], /, *labels: str) -> None:
        self.told.setdefault((instrument, labels), []).extend(values)

    def set(self, instrument: Instrument, value: float, /, *labels: str) -> None:
        self.told[instrument, labels] = [value]

    def of(self, instrument: Instrument, *labels: str) -> list[float]:
        return self.told.get((instrument, labels), [])


class FakeTracer:
    """Keeps the names of spans, with how deep they stand, and their links."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, str]] = []
        self.links: list[Sequence[str]] = []
        self._depth = 0

    @contextmanager
    def span(self, name: str, attributes: Any = None, **named: Any) -> Iterator[Any]:
        self.spans.append((self._depth, name))
        self.links.append(named.get("links", ()))
        self._depth += 1
        yield self
        self._depth -= 1

    def note(self, attributes: Any) -> None:
        pass


class Clock:
    """Goes on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


def delivery(message: Any, **values: Any) -> Delivery:
    return Delivery(message, 1, "token", 1, **values)


def test_lags_are_from_what_was_said_and_from_what_was_accepted(
    make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    meter, clock = FakeMeter(), Clock()
    watches = Watches(clock, lambda: EPOCH + timedelta(seconds=10), lambda: 0)
    work = WorkMeter(meter, watches=watches)
    message = make_message(sent_at=EPOCH)
    held = work.claiming(lambda: [delivery(message, waited=4.0), delivery(message)])
    saved = [Entry(message, make_decision("price_inquiry"), 0)]
    work.finished(2, held, saved)
    assert meter.of(told.CLAIM) == [1.0]
    assert meter.of(told.SAID_TO_DECIDED) == [10.0]
    assert meter.of(told.ACCEPTED_TO_DECIDED) == [5.0], "where nobody knows, nothing is told"
    assert meter.of(told.DECIDED, "local") == meter.of(told.LEADS, "local") == [1]


def test_a_clock_that_is_behind_makes_no_negative_lag(
    make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    meter = FakeMeter()
    early = Watches(Clock(), lambda: EPOCH, lambda: 0)
    message = make_message(sent_at=EPOCH + timedelta(seconds=30))
    WorkMeter(meter, watches=early).finished(1, [], [Entry(message, make_decision(), 0)])
    assert meter.of(told.SAID_TO_DECIDED) == [0.0]


def test_an_empty_claim_is_no_claim() -> None:
    meter = FakeMeter()
    assert WorkMeter(meter).claiming(list) == []
    assert meter.told == {}


def test_what_was_overtaken_or_given_back_is_counted_apart(make_message: MakeMessage) -> None:
    meter = FakeMeter()
    work = WorkMeter(meter)
    work.finished(3, [delivery(make_message())], [])
    work.undecided("given_back", 7)
    assert meter.of(told.UNDECIDED, "overtaken") == [2]
    assert meter.of(told.UNDECIDED, "given_back") == [7]


def test_a_batch_is_a_span_over_its_steps_and_linked_to_what_brought_the_messages(
    make_message: MakeMessage,
) -> None:
    tracer = FakeTracer()
    work = WorkMeter(tracer=tracer)
    message = make_message()
    batch = [delivery(message, traceparent=TRACE), delivery(message, traceparent=TRACE)]
    with work.batch([*batch, delivery(message)]):
        with work.deciding():
            pass
        with work.finishing():
            pass
    assert tracer.spans == [(0, "batch"), (1, "claim"), (1, "decide"), (1, "finish")]
    assert tracer.links[0] == [TRACE]


def test_what_is_put_is_told_by_what_became_of_it(make_message: MakeMessage) -> None:
    meter = FakeMeter()
    tell = tell_of_puts(meter, lambda: EPOCH + timedelta(seconds=5))
    batch = Batch([make_message(sent_at=EPOCH)])
    tell(batch, Accepted(new=1, repeated=0))
    tell(replace(batch, messages=()), Accepted(new=0, repeated=4, erased=2))
    assert meter.of(told.ACCEPTED, "new") == [1]
    assert meter.of(told.ACCEPTED, "repeated") == [4]
    assert meter.of(told.ACCEPTED, "erased") == [2]
    assert meter.of(told.SAID_TO_STORED) == [5.0]
