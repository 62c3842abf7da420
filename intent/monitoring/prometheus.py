"""Metrics as Prometheus reads them; the one home of prometheus_client. Implements ``Meter``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder

from intent.model.instruments import Instrument, InstrumentKind, Level

OTHER = "other"
"""Stands for a value of a label that its instrument does not know."""

Read = Callable[[], Sequence[Level]]


class PrometheusMeter:
    """Counts and measures for one process, in a registry of its own; used by several threads."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        """Begin with zeros for these instruments; what is told of any other is dropped."""
        # Twice the lines, for what Prometheus reads in one format alone.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._known: dict[Instrument, Any] = {}
        self._children: dict[tuple[Instrument, tuple[str, ...]], Any] = {}
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        for instrument in instruments:
            self._known[instrument] = _made(instrument, self._registry)
            # A rate is seen from the first event on where the counter stood at 0 before it.
            if instrument.buckets == () and all(instrument.labels.values()):
                for labels in product(*instrument.labels.values()):
                    self._child(instrument, labels)

    def count(self, instrument: Instrument, by: float = 1.0, /, *labels: str) -> None:
        """Add to a counter, or to a gauge, which may also be lowered."""
        child = self._child(instrument, labels)
        if child is not None:
            child.inc(by)

    def observe(self, instrument: Instrument, values: Iterable[float], /, *labels: str) -> None:
        """Sum values up in a histogram."""
        child = self._child(instrument, labels)
        if child is not None:
            for value in values:
                child.observe(value)

    def set(self, instrument: Instrument, value: float, /, *labels: str) -> None:
        """Set a gauge."""
        child = self._child(instrument, labels)
        if child is not None:
            child.set(value)

    def also(self, instruments: Sequence[Instrument], read: Read) -> None:
        """Ask for readings of these instruments whenever somebody looks; one without a reading is
        absent.
        """
        self._registry.register(_Looked(instruments, read))

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics and their content type, in the best format that ``accept`` names."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _child(self, instrument: Instrument, labels: tuple[str, ...]) -> Any:
        child = self._children.get((instrument, labels))
        if child is None:
            child = self._new_child(instrument, labels)
        return child

    def _new_child(self, instrument: Instrument, labels: tuple[str, ...]) -> Any:
        family = self._known.get(instrument)
        if family is None:
            return None
        known = _bounded(instrument, labels)
        child = family.labels(*known) if known else family
        if known == labels:
            self._children[instrument, labels] = child
        return child


class _Looked:
    """Readings as families of metrics."""

    def __init__(self, instruments: Sequence[Instrument], read: Read) -> None:
        self._instruments, self._read = instruments, read

    def describe(self) -> Iterator[Metric]:
        # Without it the registry would look at once, before anybody asks.
        for instrument in self._instruments:
            yield _family(instrument)

    def collect(self) -> Iterator[Metric]:
        families = {instrument.short: _family(instrument) for instrument in self._instruments}
        for reading in self._read():
            families[reading.instrument.short].add_metric(reading.labels, reading.value)
        yield from families.values()


def _made(instrument: Instrument, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    names = tuple(instrument.labels)
    if instrument.kind is InstrumentKind.COUNTER:
        return Counter(instrument.name, instrument.about, names, registry=registry)
    if instrument.kind is InstrumentKind.GAUGE:
        return Gauge(instrument.name, instrument.about, names, registry=registry)
    return Histogram(
        instrument.name, instrument.about, names, buckets=instrument.buckets, registry=registry
    )


def _family(instrument: Instrument) -> CounterMetricFamily | GaugeMetricFamily:
    names = tuple(instrument.labels)
    if instrument.kind is InstrumentKind.COUNTER:
        return CounterMetricFamily(instrument.name, instrument.about, labels=names)
    return GaugeMetricFamily(instrument.name, instrument.about, labels=names)


def _bounded(instrument: Instrument, labels: tuple[str, ...]) -> tuple[str, ...]:
    allowed = instrument.labels.values()
    return tuple(
        value if not values or value in values else OTHER
        for value, values in zip(labels, allowed, strict=True)
    )
