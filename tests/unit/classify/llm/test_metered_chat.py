"""Calls of the LLM are told by how they ended; the breaker tells its state whenever it changes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

from intent.bootstrap.llm import tell_state
from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
from intent.classify.llm.metered_chat import MeteredChat
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Parameters, Request, Usage
from intent.model.errors import LlmUnavailable
from intent.model.process_instruments import BREAKER, LLM_CALL, OF_PROCESSES
from intent.monitoring.prometheus import PrometheusMeter

REQUEST = Request("gpt-6-luna", ({"role": "user", "content": "how much?"},), {}, Parameters(), 80)


class Tracer:
    """Keeps what is told of spans."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}

    @contextmanager
    def span(self, name: str, attributes: Any = None, **named: Any) -> Any:
        self.told.update(attributes, name=name, **named)
        yield self

    def note(self, attributes: Any) -> None:
        self.told.update(attributes)

    def traceparent(self) -> None:
        return None


class Chat:
    def ask(self, request: Request, timeout: float) -> Completion:
        return Completion(Outcome.ANSWERED, "the text", Usage(input=900, output=40), latency=0.7)


def test_a_call_is_told_by_its_outcome_time_and_tokens_and_not_by_its_words() -> None:
    meter, tracer = PrometheusMeter(OF_PROCESSES), Tracer()
    assert MeteredChat(Chat(), meter, tracer).ask(REQUEST, 5.0).text == "the text"
    page = meter.page()[0].decode()
    assert f'{LLM_CALL.name}_sum{{outcome="answered"}} 0.7' in page
    assert tracer.told["gen_ai.usage.input_tokens"] == 900
    assert tracer.told["gen_ai.request.model"] == "gpt-6-luna"
    assert "how much" not in repr(tracer.told)
    assert "the text" not in repr(tracer.told)


def test_the_breaker_tells_its_state() -> None:
    meter = PrometheusMeter(OF_PROCESSES)
    breaker = CallBreaker(BreakerPolicy(), changed=tell_state(meter))
    breaker.hold(LlmUnavailable("away", wait=60.0))
    page = meter.page()[0].decode()
    assert f'{BREAKER.name}{{state="open"}} 1.0' in page
    assert f'{BREAKER.name}{{state="closed"}} 0.0' in page
