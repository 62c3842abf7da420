"""Spans say what took how long and which traces it belongs to, and never what people wrote."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_worker
from intent.bootstrap.settings import Settings
from intent.model.batch import Batch
from intent.monitoring.tracing import SpanTracer, over_http
from intent.store.access import Access
from tests.conftest import MakeDecision, MakeMessage

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


class Traced:
    """A tracer whose spans stay here."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracer = SpanTracer(self._exporter, version="1.0")

    def spans(self) -> dict[str, ReadableSpan]:
        self.tracer.close()
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def traced() -> Iterator[Traced]:
    one = Traced()
    yield one
    one.tracer.close()


def test_steps_are_parts_of_their_batch_which_is_linked_to_what_brought_the_messages(
    traced: Traced,
) -> None:
    with traced.tracer.span("batch", links=[TRACE], started=1_000), traced.tracer.span("decide"):
        pass
    spans = traced.spans()
    batch, decide = spans["batch"], spans["decide"]
    assert batch.start_time == 1_000
    assert batch.parent is None
    assert [f"{link.context.trace_id:032x}" for link in batch.links] == [TRACE_ID]
    assert decide.parent is not None
    assert decide.parent.span_id == batch.get_span_context().span_id  # type: ignore[union-attr]


def test_a_request_goes_on_with_the_trace_of_who_sent_it(traced: Traced) -> None:
    with traced.tracer.span("request", sort="server", parent=TRACE):
        inside = traced.tracer.traceparent()
    assert traced.tracer.traceparent() is None
    span = traced.spans()["request"]
    assert span.kind is SpanKind.SERVER
    assert inside is not None
    assert inside.split("-")[1] == TRACE_ID
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"


def test_an_attribute_is_one_that_is_listed_and_no_sentence(traced: Traced) -> None:
    given: dict[str, str | int] = {
        "messaging.batch.message_count": 3,
        "gen_ai.request.model": "gpt-6-luna",
        "text": "hello",
        "http.route": "call me at 0812 555",
        "user.id": 7,
    }
    with traced.tracer.span("batch", given) as span:
        span.note({"lead_intent.outcome": "two words", "error.type": "Timeout"})
    assert dict(traced.spans()["batch"].attributes or {}) == {
        "messaging.batch.message_count": 3,
        "gen_ai.request.model": "gpt-6-luna",
        "error.type": "Timeout",
    }


def test_an_error_is_told_by_its_type_and_not_by_its_words(traced: Traced) -> None:
    with pytest.raises(ValueError, match="0812"), traced.tracer.span("decide"):
        raise ValueError("call me at 0812 555")
    span = traced.spans()["decide"]
    assert span.status.status_code is StatusCode.ERROR
    assert not span.status.description
    assert not span.events
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}


def test_log_lines_within_a_span_say_its_trace(traced: Traced) -> None:
    with traced.tracer.span("request", parent=TRACE):
        assert structlog.contextvars.get_contextvars()["trace"] == TRACE_ID
    assert "trace" not in structlog.contextvars.get_contextvars()


def test_a_collector_that_is_away_costs_no_work_and_little_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    tracer = SpanTracer(over_http(), version="1.0")
    with tracer.span("batch"):
        pass
    tracer.close()
    assert "Traceback" not in capsys.readouterr().err


def test_a_worker_links_its_batch_to_what_brought_the_messages(
    traced: Traced, sqlite_url: str, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    app = open_application(Settings(database_url=sqlite_url), access=Access.CREATE)  # type: ignore[arg-type]
    app.tracer = traced.tracer

    class Chatter:
        versions = make_decision().versions

        def classify(self, messages: list[object]) -> list[object]:
            return [make_decision() for _ in messages]

    app.inbox.put(Batch([make_message(traceparent=TRACE), make_message()]))
    build_worker(app, Event(), lambda report: None, classifier=Chatter()).run(drain=True)  # type: ignore[arg-type]
    spans = traced.spans()
    assert set(spans) == {"batch", "claim", "decide", "finish"}
    assert [f"{link.context.trace_id:032x}" for link in spans["batch"].links] == [TRACE_ID]
    assert spans["claim"].start_time == spans["batch"].start_time
    app.database.close()
