"""Counts as a server does: tokens, what is cached of a prefix, and limits over a sliding window."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval.standin.faults import Fault
from intent.classify.llm.tokens import MESSAGE_TOKENS, estimate_tokens

CACHED_FROM, CACHE_STEP = 1024, 128
"""Prefix caching as OpenAI documents it: from 1,024 tokens on, in steps of 128; where the request
marks the end, exactly up to the mark.
"""


@dataclass
class Count:
    """Tokens of all answers so far, and the prefixes that are cached."""

    input: int = 0
    cached: int = 0
    output: int = 0
    prefixes: set[str] = field(default_factory=set)

    def usage(self, body: Mapping[str, Any], content: str) -> dict[str, Any]:
        """Count an answer, and return what is said of it."""
        marked = body.get("prompt_cache_options", {}).get("mode") == "explicit"
        first = {**body, "messages": body["messages"][:1]}
        prefix = json.dumps([first["messages"], body.get("response_format")])
        tokens, output = input_tokens(body), estimate_tokens(content)
        stable = input_tokens(first) if marked else input_tokens(first) // CACHE_STEP * CACHE_STEP
        stable = stable if stable >= CACHED_FROM else 0
        known = prefix in self.prefixes
        self.prefixes.add(prefix)
        self.input, self.output = self.input + tokens, self.output + output
        self.cached += stable if known else 0
        details = {
            "cached_tokens": stable if known else 0,
            "cache_write_tokens": stable if marked and not known else 0,
        }
        return {
            "prompt_tokens": tokens,
            "completion_tokens": output,
            "total_tokens": tokens + output,
            "prompt_tokens_details": details,
        }


@dataclass
class SlidingWindow:
    """What was let through in the last ``seconds``: the time and the tokens of each request."""

    seconds: float
    let_through: deque[tuple[float, int]] = field(default_factory=deque)

    def refusal(
        self, body: Mapping[str, Any], requests: int | None, tokens: int | None
    ) -> Fault | None:
        """Let a request through, or return the refusal of one too many."""
        now, wanted = time.monotonic(), input_tokens(body) + _output_limit(body)
        while self.let_through and self.let_through[0][0] <= now - self.seconds:
            self.let_through.popleft()
        requests_left, tokens_left = self.left(requests, tokens)
        if (requests_left is not None and requests_left < 1) or (
            tokens_left is not None and tokens_left < wanted
        ):
            wait = self.let_through[0][0] + self.seconds - now if self.let_through else 0.0
            return Fault(
                status=429,
                headers={"retry-after": f"{wait:.3f}"},
                error={"code": "rate_limit_exceeded", "message": "Rate limit reached"},
            )
        self.let_through.append((now, wanted))
        return None

    def left(self, requests: int | None, tokens: int | None) -> tuple[int | None, int | None]:
        """Return the requests and tokens that are left of these limits."""
        taken = sum(one for _, one in self.let_through)
        return (
            None if requests is None else requests - len(self.let_through),
            None if tokens is None else tokens - taken,
        )

    def headers(self, requests: int | None, tokens: int | None) -> dict[str, str]:
        """Return what a server says of its limits."""
        headers: dict[str, str] = {}
        for what, limit, left in zip(
            ("requests", "tokens"), (requests, tokens), self.left(requests, tokens), strict=True
        ):
            if limit is not None and left is not None:
                ends = self.let_through[-1][0] + self.seconds if self.let_through else 0.0
                reset = f"{max(ends - time.monotonic(), 0.0):.3f}s"
                headers |= {
                    f"x-ratelimit-limit-{what}": str(limit),
                    f"x-ratelimit-remaining-{what}": str(max(left, 0)),
                    f"x-ratelimit-reset-{what}": reset,
                }
        return headers


def input_tokens(body: Mapping[str, Any]) -> int:
    """Return the estimated tokens of a request."""
    chat = sum(
        estimate_tokens(plain_text(one["content"])) + MESSAGE_TOKENS for one in body["messages"]
    )
    return chat + (
        estimate_tokens(json.dumps(body["response_format"])) if "response_format" in body else 0
    )


def plain_text(content: Any) -> str:
    """Return the text of a message of a chat, which may come in parts."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _output_limit(body: Mapping[str, Any]) -> int:
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)
