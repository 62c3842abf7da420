"""Tells how long calls of the LLM took and how they ended; names as OpenTelemetry's conventions for
generative models have them. Implements ``Chat`` over another one.
"""

from __future__ import annotations

from intent.model.completion import Completion, Request
from intent.model.process_instruments import LLM_CALL
from intent.ports.asking import Chat
from intent.ports.metering import Meter, Tracer


class MeteredChat:
    """A connection of which is told; nothing of what is said over it."""

    def __init__(self, chat: Chat, meter: Meter, tracer: Tracer) -> None:
        self._chat, self._meter, self._tracer = chat, meter, tracer

    def ask(self, request: Request, timeout: float) -> Completion:
        """Return how the call ended, after at most ``timeout`` seconds."""
        named: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": request.model,
            "gen_ai.request.max_tokens": request.max_tokens,
        }
        with self._tracer.span("chat", named, sort="client") as span:
            completion = self._chat.ask(request, timeout)
            span.note({"lead_intent.outcome": completion.outcome.value})
            if completion.usage is not None:
                span.note(
                    {
                        "gen_ai.usage.input_tokens": completion.usage.input,
                        "gen_ai.usage.output_tokens": completion.usage.output,
                    }
                )
        self._meter.observe(LLM_CALL, [completion.latency], completion.outcome.value)
        return completion
