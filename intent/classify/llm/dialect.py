"""How a request is written for a server; what it refuses by name is left out from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from intent.classify.llm.schema import NAME
from intent.model.completion import Request


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands. It starts as configured, and what the server refuses by name is
    left out from then on.

    Attributes:
        schema: how the reply's shape is asked for: ``json_schema``, ``json_object`` or ``none``.
        tokens: the parameter that bounds the reply.
        marks_cache: whether the end of the rules is marked as the end of what is cached
            (``prompt_cache_breakpoint``), and nothing else is.
        left_out: parameters that the server does not know.
    """

    schema: str = "json_schema"
    tokens: str = "max_completion_tokens"
    marks_cache: bool = False
    left_out: frozenset[str] = frozenset()

    def parameters(self, request: Request) -> dict[str, Any]:
        """Return the parameters of a request as this server takes them."""
        wanted = {
            "temperature": request.parameters.temperature,
            "reasoning_effort": request.parameters.reasoning_effort,
            self.tokens: request.max_tokens,
            "response_format": self._response_format(request.schema),
            "prompt_cache_options": {"mode": "explicit"} if self.marks_cache else None,
        }
        return {
            name: value
            for name, value in wanted.items()
            if value is not None and name not in self.left_out
        }

    def chat(self, request: Request) -> list[dict[str, Any]]:
        """Return the messages of a request as this server takes them."""
        plain: list[dict[str, Any]] = [dict(one) for one in request.chat]
        if self.marks_cache:
            part = {
                "type": "text",
                "text": plain[0]["content"],
                "prompt_cache_breakpoint": {"mode": "explicit"},
            }
            plain[0] = {**plain[0], "content": [part]}
        return plain

    def without(self, refused: str) -> Dialect | None:
        """Return the dialect that does without what an error names, or None where it names nothing
        that can be left out.
        """
        if self.schema != "none" and any(
            name in refused for name in ("response_format", "json_schema", "json_object", "guided")
        ):
            return replace(self, schema="json_object" if self.schema == "json_schema" else "none")
        if self.marks_cache and "prompt_cache" in refused:
            return replace(self, marks_cache=False)
        if self.tokens == "max_completion_tokens" and self.tokens in refused:
            return replace(self, tokens="max_tokens")
        for name in ("temperature", "reasoning_effort"):
            if name in refused and name not in self.left_out:
                return replace(self, left_out=self.left_out | {name})
        return None

    def _response_format(self, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        if self.schema == "json_schema":
            return {
                "type": "json_schema",
                "json_schema": {"name": NAME, "strict": True, "schema": schema},
            }
        return {"type": "json_object"} if self.schema == "json_object" else None
