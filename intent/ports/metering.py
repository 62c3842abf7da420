"""The seam of telemetry: what the loops tell while they work, without knowing who listens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, TypeAlias

from intent.model.instruments import Instrument


class Meter(Protocol):
    """Counts and measures; used by several threads at once. It costs microseconds and never raises.

    ``labels`` are the values of the instrument's labels, in its order; a value that the instrument
    does not know is counted as ``other``.
    """

    def count(self, instrument: Instrument, by: float = 1.0, /, *labels: str) -> None:
        """Add to a counter, or to a gauge, which may also be lowered."""

    def observe(self, instrument: Instrument, values: Iterable[float], /, *labels: str) -> None:
        """Sum values up in a histogram."""

    def set(self, instrument: Instrument, value: float, /, *labels: str) -> None:
        """Set a gauge."""


Attributes: TypeAlias = Mapping[str, str | int]
"""Counts and kinds, under names that are known beforehand; never a text, an id or a room."""


SpanSort: TypeAlias = Literal["internal", "client", "server", "producer", "consumer"]
"""What a span does for whom, as OpenTelemetry tells these apart."""


class Span(Protocol):
    """What takes a while."""

    def note(self, attributes: Attributes, /) -> None:
        """Add what was not known when it began."""


class Tracer(Protocol):
    """Notes what took how long, as spans of OpenTelemetry; used by several threads at once."""

    def span(
        self,
        name: str,
        /,
        attributes: Attributes | None = None,
        *,
        sort: SpanSort = "internal",
        links: Sequence[str] = (),
        parent: str | None = None,
        started: int | None = None,
    ) -> AbstractContextManager[Span]:
        """Open a span, within the one that is open in this thread, and end it with the block.

        Args:
            name: a few names that are known beforehand, such as ``decide``.
            attributes: what is known of it by now.
            sort: what it does for whom.
            links: W3C ``traceparent`` of what it belongs to without being a part of it.
            parent: W3C ``traceparent`` of the span that it is a part of, in another process.
            started: when it began, in nanoseconds since 1970; None for now.
        """

    def traceparent(self) -> str | None:
        """Return the W3C trace context of the span that is open in this thread, if one is."""


class _Unmetered:
    """Counts nothing."""

    def count(self, *_args: object) -> None:
        pass

    def observe(self, *_args: object) -> None:
        pass

    def set(self, *_args: object) -> None:
        pass


class _Untraced:
    """Notes nothing."""

    def span(self, *_args: object, **_named: object) -> AbstractContextManager[Span]:
        return nullcontext(self)

    def traceparent(self) -> str | None:
        return None

    def note(self, *_args: object) -> None:
        pass


UNMETERED: Meter = _Unmetered()
"""Stands where nobody looks at metrics."""

UNTRACED: Tracer = _Untraced()
"""Stands where nobody looks at traces."""
