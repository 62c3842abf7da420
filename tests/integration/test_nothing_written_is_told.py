"""Whatever happens to messages, nothing that people wrote gets into a log, a metric, a span or an
answer: all flows run with words that stand nowhere else, and these are searched for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from eval.standin.fake_llm_server import FakeLlmServer
from intent.bootstrap.application import Application
from intent.bootstrap.asking import build_asker
from intent.bootstrap.deciding import build_worker
from intent.bootstrap.hooks import build_deliverer, build_signer
from intent.bootstrap.listening import as_listened, build_listener, stored_positions
from intent.bootstrap.settings import Settings
from intent.bootstrap.source_file import chosen_sources
from intent.flow.listen import Listened
from intent.model.batch import Batch, Position
from intent.model.decision import Decision, Versions
from intent.model.errors import Undecidable
from intent.model.message import Message, parse_message
from intent.model.process_instruments import OF_PROCESSES
from intent.model.taxonomy import Taxonomy
from intent.monitoring.prometheus import PrometheusMeter
from intent.monitoring.tracing import SpanTracer
from intent.operations.hooks import add_hook
from intent.ports.ingestion import Source
from intent.store.access import Access
from intent.telemetry import configure_logs
from tests.conftest import MakeDecision, rows
from tests.serving import running, service_on

WORDS = ("zanzibarquark", "0812 7777 4242", "6281277774242", "qwyjibo", "nocturnalape")
"""A word, two ways of writing one number, and what a person and a room are called."""

TEXT = f"how much for the {WORDS[0]}? call {WORDS[1]} or +{WORDS[2]}"
USER, ROOM = WORDS[3], WORDS[4]
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def said(number: int, text: str = TEXT, **values: Any) -> dict[str, Any]:
    return {
        "platform": "tiktok",
        "room_id": ROOM,
        "message_id": f"m-{number}",
        "user_id": USER,
        "kind": "comment",
        "text": text,
        "sent_at": "2026-11-20T20:00:00+08:00",
        "context": {"offer": f"{WORDS[0]} bundle", "item": WORDS[0]},
        "reply_to": {"message_id": "m-0", "text": TEXT},
        **values,
    }


class Choosy:
    """Decides everything for a lead, and fails on what it is told to."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision

    @property
    def versions(self) -> Versions:
        return self._decision.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        for message in messages:
            if message.text.startswith("impossible"):
                raise Undecidable(f"cannot decide {message.text}")
        return [self._decision for _ in messages]


class House:
    """One application whose logs, metrics and spans are kept."""

    def __init__(self, url: str, folder: Path, llm: str) -> None:
        self.settings: dict[str, Any] = {
            "llm_base_url": llm,
            "llm_price_input": 0.0,
            "llm_price_output": 0.0,
            "ask_gather": 0.01,
            "retry_delay": 0.001,
            "attempts": 2,
            "spool_dir": folder,
            "key_file": folder / "key",
        }
        self.url, self.exporter = url, InMemorySpanExporter()
        values = Settings(database_url=SecretStr(url), **self.settings)
        self.app = Application(values, access=Access.CREATE)
        self.meter = PrometheusMeter(OF_PROCESSES)
        self.tracer = SpanTracer(self.exporter, version="1")
        self.app.meter, self.app.tracer = self.meter, self.tracer
        self.answers: list[str] = []

    def post(self) -> None:
        """Over HTTP: what is good, what is none, what conflicts, and paths with people in them."""
        service = service_on(self.url, **self.settings)
        service.app.tracer = self.tracer
        with running(service) as server:
            for content in (
                json.dumps([said(1), said(2, "impossible " + TEXT), said(3)]),
                json.dumps(said(1, user_id=USER + "2")),
                json.dumps({**said(4), "kind": TEXT}),
                json.dumps({**said(4), "sent_at": TEXT}),
                "{" + TEXT,
            ):
                headers = {"content-type": "application/json", "traceparent": TRACE}
                answer = httpx2.post(f"{server.url}/v1/messages", content=content, headers=headers)
                self.answers.append(answer.text)
            for path in (f"/v1/leads/{USER}", f"/{WORDS[0]}?q={USER}", "/metrics"):
                self.answers.append(httpx2.get(f"{server.url}{path}").text)

    def listen(self, folder: Path) -> None:
        """From a program that writes messages and what is none, and from a source with a fault."""
        lines = [json.dumps(said(5)), TEXT, json.dumps({**said(6), "user_id": None})]
        (folder / "lines").write_text("\n".join(lines) + "\n", encoding="utf-8")
        script = folder / "write.py"
        script.write_text("import sys; print(open(sys.argv[1]).read())", encoding="utf-8")
        stop = Event()
        (named,) = chosen_sources([f"exec:{sys.executable} {script} {folder}/lines"], None)
        source = as_listened(
            named,
            environment={},
            stop=stop,
            state_dir=folder,
            stored=stored_positions(self.app),
        )
        faulty = Listened("faulty", "exec", _faulty(stop))
        with build_listener(self.app, [faulty], stop) as listener:
            listener.run()
        stop.clear()
        with build_listener(self.app, [source], stop) as listener:
            listener.run()

    def decide(self, decision: Decision) -> None:
        """By the worker; one message cannot be decided."""
        classifier: Any = Choosy(decision)
        worker = build_worker(
            self.app, Event(), lambda report: None, classifier=classifier, unsure=lambda one: True
        )
        worker.run(drain=True)

    def ask(self) -> None:
        """By the asker, of a server that answers."""
        empty = Event()
        empty.set()
        build_asker(self.app, Event(), lambda report: None).run(empty=empty)

    def push(self, decision: Decision) -> None:
        """To a receiver that nobody is at."""
        add_hook(
            self.app.database,
            build_signer(self.app, make=True),
            self.app.taxonomy,
            "http://127.0.0.1:9/x",
            allow_private=True,
        )
        self.app.inbox.put(Batch([parse_message(json.dumps(said(9)).encode())]))
        self.decide(decision)
        build_deliverer(self.app, Event()).run(drain=True)

    def spans(self) -> Sequence[ReadableSpan]:
        self.tracer.close()
        return self.exporter.get_finished_spans()


def _faulty(stop: Event) -> Callable[[Position | None], Source]:
    def build(position: Position | None) -> Source:
        text = TEXT  # beside the error, where a careless traceback would show it
        stop.set()
        raise ValueError(f"cannot read {text}")

    return build


@pytest.mark.parametrize("as_json", [True, False])
def test_what_people_wrote_stands_in_no_log_metric_span_or_answer(
    as_json: bool,
    sqlite_url: str,
    tmp_path: Path,
    taxonomy: Taxonomy,
    make_decision: MakeDecision,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("debug", as_json=as_json)
    decision = make_decision("price_inquiry")
    with FakeLlmServer(taxonomy) as server:
        house = House(sqlite_url, tmp_path, server.url)
        house.post()
        house.listen(tmp_path)
        house.decide(decision)
        house.ask()
        house.push(decision)
    logs, noted = capsys.readouterr().err, house.spans()
    spans = "\n".join(span.to_json() for span in noted)
    metrics = house.meter.page()[0].decode()

    assert {row["platform"] for row in rows(house.app.database, "dead_letters")} == {"tiktok", None}
    for event in ("request", "left", "broken", "message became a dead letter"):
        assert event in logs
    for span in ("request", "batch", "decide", "ask", "chat", "push"):
        assert f'"name": "{span}"' in spans, span
    requests = {one.get_span_context().span_id for one in noted if one.name == "request"}
    linked = {link.context.span_id for one in noted if one.name == "batch" for link in one.links}
    assert linked
    assert linked <= requests, "a batch is linked to the requests that brought its messages"
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in spans
    assert "lead_intent_decided_total" in metrics
    for word in WORDS:
        for place, told in {"log": logs, "span": spans, "metric": metrics}.items():
            assert word not in told.lower(), f"{word} stands in a {place}"
        for answer in house.answers:
            assert word not in answer.lower(), f"{word} stands in an answer: {answer}"
    house.app.database.close()
