"""Spans of OpenTelemetry; the one home of its packages. Implements ``Tracer``.

What stands in a span is chosen here: attributes under names that are listed, whose values are
numbers or words without a space. So no text can get into one, whatever a caller hands over; and of
an error its type is told, never its words.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
)

from intent.ports.metering import Attributes, Span, SpanSort
from intent.telemetry import logger, with_ids

NAMES = frozenset(
    {
        "error.type",
        "gen_ai.operation.name",
        "gen_ai.request.max_tokens",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "lead_intent.event",
        "lead_intent.outcome",
        "messaging.batch.message_count",
    }
)
"""Attributes that a span may have, by OpenTelemetry's conventions where these name one."""

EXPORT_SECONDS = 3.0
"""How long the collector may take for what it is sent; a process that leaves waits no longer."""

MOST_LINKS = 1_024

_WORD = re.compile(r"[A-Za-z0-9_./{}:-]{1,100}")


class SpanTracer:
    """Notes what took how long; used by several threads at once."""

    def __init__(self, exporter: SpanExporter, *, version: str) -> None:
        """Send spans through an exporter, in batches and in a thread of its own.

        Args:
            version: of the code.
        """
        about = Resource.create({"service.name": "lead-intent", "service.version": version})
        self._provider = TracerProvider(
            resource=about, shutdown_on_exit=False, span_limits=SpanLimits(max_links=MOST_LINKS)
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("lead_intent")

    @contextmanager
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
    ) -> Iterator[Span]:
        """Open a span, within the one that is open in this thread, and end it with the block."""
        found = [_context(one) for one in links]
        opened = self._tracer.start_as_current_span(
            name,
            context=_parent(parent),
            kind=SpanKind[sort.upper()],
            attributes=_allowed(attributes or {}),
            links=[Link(one) for one in found if one is not None],
            start_time=started,
            record_exception=False,
            set_status_on_exception=False,
        )
        with opened as span, with_ids(**_ids(span.get_span_context())):
            try:
                yield _Noted(span)
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise

    def traceparent(self) -> str | None:
        """Return the W3C trace context of the span that is open in this thread."""
        at = trace.get_current_span().get_span_context()
        if not at.is_valid:
            return None
        return f"00-{at.trace_id:032x}-{at.span_id:016x}-{int(at.trace_flags):02x}"

    def close(self) -> None:
        """Send what is not sent yet, if that goes quickly."""
        self._provider.shutdown()


class _Noted:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, attributes: Attributes, /) -> None:
        for name, value in _allowed(attributes).items():
            self._span.set_attribute(name, value)


def over_http() -> SpanExporter:
    """Return what sends spans by OTLP, to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` and the other
    variables of OpenTelemetry say.
    """
    _hear()
    return OTLPSpanExporter(timeout=EXPORT_SECONDS)


def _allowed(attributes: Attributes) -> dict[str, str | int]:
    return {
        name: value
        for name, value in attributes.items()
        if name in NAMES and (isinstance(value, int) or _WORD.fullmatch(value))
    }


def _context(traceparent: str) -> SpanContext | None:
    _, trace_id, span_id, flags = traceparent.split("-")
    found = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
    return found if found.is_valid else None


def _parent(traceparent: str | None) -> Context | None:
    found = _context(traceparent) if traceparent is not None else None
    return None if found is None else trace.set_span_in_context(NonRecordingSpan(found))


def _ids(at: SpanContext) -> dict[str, str]:
    return {"trace": f"{at.trace_id:032x}", "span": f"{at.span_id:016x}"}


def _hear() -> None:
    """Put what OpenTelemetry says of a collector that is away among our logs, once."""
    log = logging.getLogger("opentelemetry")
    if not any(isinstance(one, _Said) for one in log.handlers):
        log.addHandler(_Said(logging.WARNING))
    log.propagate = False


class _Said(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger("traces").warning("said", text=record.getMessage()[:300])
