"""Speaks OpenAI's Chat Completions with any server that does; the one home of the openai package,
whose errors end here.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import Any

import httpx2
import openai

from intent.classify.llm.headers import Allowance, allowance, retry_after
from intent.classify.llm.models import Usage
from intent.classify.llm.prompt import Parameters
from intent.classify.llm.schema import NAME
from intent.model.attempt import Outcome
from intent.model.errors import OperatorError

CONNECT_SECONDS = 5.0
MAX_BODY_BYTES = 2_000_000
"""A reply's body beyond this is cut off as a broken connection: no server may fill our memory."""

MAX_TOKENS = 10_000_000
"""No call has more; a server that counts further is cut to it, so that no sum can overflow."""

_CODE = re.compile(r"[\w.-]{1,60}", re.ASCII)
_QUOTA = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "quota_exceeded",
}
_FILTERED = {
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
    "ResponsibleAIPolicyViolation",
}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length"}


@dataclass(frozen=True)
class Request:
    """Everything that is sent; ``digest`` is a SHA-256 of it, in hexadecimal."""

    model: str
    chat: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any]
    parameters: Parameters
    max_tokens: int

    @cached_property
    def digest(self) -> str:
        """Hash of the request: equal requests, and only these, have equal digests."""
        content = [
            self.model,
            [dict(one) for one in self.chat],
            self.schema,
            self.parameters.model_dump(),
            self.max_tokens,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Completion:
    """How a call ended.

    Attributes:
        usage: what the server counted; None where it said nothing.
        latency: seconds.
        wait: seconds that the server asked us to wait.
        reason: the server's code for an error, for logs; never its text, which may quote the
            request.
        adapted: the server does not know something that was sent, and the next request does without
            it: ask again at once.
    """

    outcome: Outcome
    text: str = ""
    usage: Usage | None = None
    latency: float = 0.0
    wait: float | None = None
    reason: str = ""
    adapted: bool = False
    requests: Allowance | None = None
    tokens: Allowance | None = None


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


@dataclass
class ChatClient:
    """A connection to one server; used by several threads at once. It never retries, and never
    raises for what a server does.

    Attributes:
        base_url: None for OpenAI's own.
    """

    base_url: str | None
    api_key: str
    dialect: Dialect = field(default_factory=Dialect)
    clock: Callable[[], float] = time.monotonic
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        """Open the connection pool; nothing is sent.

        Raises:
            OperatorError: the address is none, or the key cannot stand in a header.
        """
        if not self.api_key.isascii() or not self.api_key.isprintable():
            raise OperatorError(
                "INTENT_LLM_API_KEY holds characters that no key has; copy it again, without "
                "spaces and line breaks"
            )
        hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [self._started],
            "response": [self._bounded],
        }
        try:
            self._client = openai.OpenAI(
                base_url=self.base_url,
                api_key=self.api_key,
                max_retries=0,
                http_client=openai.DefaultHttpxClient(event_hooks=hooks, follow_redirects=False),
            )
        except httpx2.InvalidURL as error:
            raise OperatorError(
                f"INTENT_LLM_BASE_URL is no address ({error}); write it like "
                "http://127.0.0.1:8000/v1"
            ) from error
        if self._client.base_url.scheme not in {"http", "https"} or not self._client.base_url.host:
            raise OperatorError(
                "INTENT_LLM_BASE_URL is no address; write it like http://127.0.0.1:8000/v1"
            )

    def __repr__(self) -> str:
        """Hide the key."""
        return f"ChatClient({self.base_url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, request: Request, timeout: float) -> Completion:
        """Send a request once and wait for its end.

        Args:
            timeout: seconds for the whole call; a server that drips its reply is cut off as well.
        """
        started = self.clock()
        dialect = self.dialect
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=request.model,
                messages=dialect.chat(request),  # type: ignore[arg-type]
                timeout=httpx2.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
                **dialect.parameters(request),
            )
            completion = replace(_read(raw.text), **_said(raw.headers))
        except openai.APITimeoutError as error:
            nothing_sent = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
            completion = Completion(Outcome.CONNECTION if nothing_sent else Outcome.TIMEOUT)
        except openai.APIConnectionError as error:
            completion = Completion(Outcome.CONNECTION, reason=type(error.__cause__).__name__)
        except openai.APIStatusError as error:
            completion = self._refused(error, dialect)
        except openai.OpenAIError as error:
            completion = Completion(Outcome.SERVER_ERROR, reason=type(error).__name__)
        return replace(completion, latency=self.clock() - started)

    def _refused(self, error: openai.APIStatusError, dialect: Dialect) -> Completion:
        code = str(error.code or error.type or "")
        reason = f"{error.status_code} {code if _CODE.fullmatch(code) else ''}".strip()
        completion = Completion(_outcome(error), reason=reason, **_said(error.response.headers))
        if completion.outcome is not Outcome.BAD_REQUEST:
            return completion
        simpler = dialect.without(error.param or error.message)
        if simpler is None:
            return completion
        with self._lock:
            if self.dialect == dialect:
                self.dialect = simpler
        return replace(completion, adapted=True)

    def _started(self, request: httpx2.Request) -> None:
        timeouts = request.extensions.get("timeout") or {}
        request.extensions["ends"] = self.clock() + (timeouts.get("read") or CONNECT_SECONDS)

    def _bounded(self, response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _BoundedStream(
            response.stream, response.request.extensions["ends"], self.clock
        )


class _BoundedStream(httpx2.SyncByteStream):
    """A body that must be whole by a certain time; the library's own timeout starts again with
    every byte.
    """

    def __init__(
        self, stream: httpx2.SyncByteStream, ends: float, clock: Callable[[], float]
    ) -> None:
        self._stream, self._ends, self._clock = stream, ends, clock

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if self._clock() > self._ends:
                raise httpx2.ReadTimeout("the reply was not whole in time")
            if size > MAX_BODY_BYTES:
                raise httpx2.ReadError("the reply is too long")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _said(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "wait": retry_after(headers, datetime.now(UTC)),
        "requests": allowance(headers, "requests"),
        "tokens": allowance(headers, "tokens"),
    }


def _outcome(error: openai.APIStatusError) -> Outcome:
    codes = {error.code, error.type}
    status = error.status_code
    if codes & _QUOTA or status == 402:
        return Outcome.QUOTA
    if codes & _FILTERED:
        return Outcome.FILTERED
    if codes & _TOO_LONG or status == 413:
        return Outcome.TRUNCATED
    if status in {401, 403}:
        return Outcome.AUTHENTICATION
    if status == 429:
        return Outcome.RATE_LIMITED
    if status >= 500 or status in {408, 409, 425}:
        return Outcome.SERVER_ERROR
    return Outcome.BAD_REQUEST


def _read(body: str) -> Completion:
    """Read a body of status 200; what is not as the wire says is an invalid reply."""
    try:
        value = json.loads(body)
        choice = value["choices"][0]
        message = choice["message"]
        refusal, content, reason = (
            message.get("refusal"),
            message.get("content"),
            choice.get("finish_reason"),
        )
        usage = _usage(value.get("usage"))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return Completion(Outcome.INVALID, reason="no completion")
    if refusal:
        return Completion(Outcome.REFUSED, usage=usage)
    if reason in {"length", "content_filter"}:
        return Completion(
            Outcome.TRUNCATED if reason == "length" else Outcome.FILTERED, usage=usage
        )
    if not isinstance(content, str) or not content:
        return Completion(Outcome.INVALID, usage=usage, reason="no content")
    return Completion(Outcome.ANSWERED, content, usage)


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    details = value.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    counted = (
        value.get("prompt_tokens"),
        details.get("cached_tokens"),
        details.get("cache_write_tokens"),
        value.get("completion_tokens"),
    )
    return Usage(
        *(
            min(count, MAX_TOKENS) if isinstance(count, int) and count >= 0 else 0
            for count in counted
        )
    )
