"""Speaks OpenAI's Chat Completions with any server that does; the one home of the openai package,
whose errors end here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import httpx2
import openai

from intent.classify.llm.dialect import Dialect
from intent.classify.llm.headers import allowance
from intent.classify.llm.wire import read_body, read_error
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Request, Usage
from intent.model.errors import OperatorError
from intent.retry import retry_after

CONNECT_SECONDS = 5.0
MAX_BODY_BYTES = 2_000_000
"""A reply's body beyond this is cut off as a broken connection: no server may fill our memory."""


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
            completion = _with_headers(read_body(raw.text), raw.headers)
        except openai.APITimeoutError as error:
            nothing_sent = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
            completion = Completion(Outcome.CONNECTION if nothing_sent else Outcome.TIMEOUT)
        except openai.APIConnectionError as error:
            # A reply that broke off was paid for, as far as anybody can know.
            paid = Usage() if error.request.extensions.get("answering") else None
            reason = type(error.__cause__).__name__
            completion = Completion(Outcome.CONNECTION, usage=paid, reason=reason)
        except openai.APIStatusError as error:
            completion = self._refused(error, dialect)
        except openai.OpenAIError as error:
            completion = Completion(Outcome.SERVER_ERROR, reason=type(error).__name__)
        return replace(completion, latency=self.clock() - started)

    def _refused(self, error: openai.APIStatusError, dialect: Dialect) -> Completion:
        response = error.response
        completion = _with_headers(read_error(error.status_code, response.text), response.headers)
        if completion.outcome is not Outcome.BAD_REQUEST:
            return completion
        simpler = dialect.without(completion.param or completion.said)
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
        response.request.extensions["answering"] = response.status_code == 200
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


def _with_headers(completion: Completion, headers: Mapping[str, str]) -> Completion:
    wait = retry_after(headers, datetime.now(UTC))
    return replace(
        completion,
        wait=completion.wait if wait is None else wait,
        requests=allowance(headers, "requests"),
        tokens=allowance(headers, "tokens"),
    )
