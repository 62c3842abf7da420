"""A stand-in for an LLM server: real HTTP on loopback, OpenAI's wire, any classifier or a few
keywords behind it, and a script of faults.

Its answers say nothing about any LLM's quality: it is there for tests, whole-pipeline runs and cost
arithmetic.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

from eval.standin.answers import decide
from eval.standin.faults import Fault
from intent.bootstrap.build import build_local, build_taxonomy
from intent.bootstrap.settings import load_settings
from intent.classify.llm.tokens import MESSAGE_TOKENS, estimate_tokens
from intent.model.taxonomy import Taxonomy
from intent.ports.deciding import Classifier

CACHED_FROM, CACHE_STEP = 1024, 128
"""Prefix caching as OpenAI documents it: from 1,024 tokens on, in steps of 128; where the request
marks the end, exactly up to the mark.
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that arrived: its body as JSON, when (seconds of the monotonic clock), and the
    status that it got.
    """

    body: dict[str, Any]
    raw: bytes
    at: float
    status: int


@dataclass
class FakeLlmServer:
    """The server. Use it as a context manager, or :meth:`start` and :meth:`stop` it; it comes back
    at the same address.

    Attributes:
        classifier: decides the messages; None for a few keywords.
        latency: seconds before every answer.
        requests_per_window: requests let through in a sliding window of ``window`` seconds; further
            ones get 429.
        tokens_per_window: input and output tokens likewise.
        says_limits: whether it sends ``x-ratelimit-…`` headers.
        says_usage: whether it counts tokens.
        unknown: parameters that it refuses with 400, as older servers do.
        always: what it does when the script is at its end; None to answer.
    """

    taxonomy: Taxonomy
    classifier: Classifier | None = None
    latency: float = 0.0
    requests_per_window: int | None = None
    tokens_per_window: int | None = None
    window: float = 60.0
    says_limits: bool = False
    says_usage: bool = True
    unknown: frozenset[str] = frozenset()
    always: Fault | None = None
    host: str = "127.0.0.1"
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    _script: deque[Fault] = field(default_factory=deque)
    _window: deque[tuple[float, int]] = field(default_factory=deque)
    _prefixes: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _deciding: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)
    _connections: set[socket.socket] = field(default_factory=set)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def answered(self) -> int:
        """Requests that got status 200."""
        return sum(one.status == 200 for one in self.seen)

    def then(self, *faults: Fault | Iterable[Fault]) -> FakeLlmServer:
        """Add to the script: each fault meets one request, in order."""
        with self._lock:
            for one in faults:
                self._script.extend([one] if isinstance(one, Fault) else one)
        return self

    def start(self) -> FakeLlmServer:
        """Listen, in a thread of its own."""
        standin = self

        class Handler(_Handler):
            server_of = standin

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing: clients leave, and connections are broken on purpose."""

        self._stopped.clear()
        self._server = Server((self.host, self.port), Handler)
        self.port = self._server.server_address[1]
        Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Die: refuse connections and break those that are open."""
        assert self._server is not None
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:
                _reset(connection)
            self._connections.clear()

    def __enter__(self) -> FakeLlmServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def meet(self, raw: bytes) -> tuple[Fault, dict[str, str], dict[str, Any]]:
        """Return what happens to a request: the fault, headers, and the body of a good answer."""
        body = json.loads(raw)
        with self._lock:
            fault = self._script.popleft() if self._script else self.always or Fault()
            if fault.status == 200:
                fault = self._refusal(body) or fault
            self.seen.append(Seen(body, raw, time.monotonic(), fault.status))
            headers = self._limit_headers() if self.says_limits else {}
        answer = self._answer(body, fault) if fault.status == 200 and fault.body is None else {}
        return fault, {**headers, **fault.headers}, answer

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond our end."""
        self._stopped.wait(seconds)

    def _refusal(self, body: dict[str, Any]) -> Fault | None:
        for name in sorted(self.unknown & set(body)):
            return Fault(
                status=400,
                error={
                    "code": "unsupported_parameter",
                    "param": name,
                    "message": f"Unsupported parameter: '{name}'",
                },
            )
        now, tokens = (
            time.monotonic(),
            _input_tokens(body)
            + int(body.get("max_completion_tokens") or body.get("max_tokens") or 0),
        )
        while self._window and self._window[0][0] <= now - self.window:
            self._window.popleft()
        requests_left, tokens_left = self._left()
        if (requests_left is not None and requests_left < 1) or (
            tokens_left is not None and tokens_left < tokens
        ):
            wait = self._window[0][0] + self.window - now if self._window else 0.0
            return Fault(
                status=429,
                headers={"retry-after": f"{wait:.3f}"},
                error={"code": "rate_limit_exceeded", "message": "Rate limit reached"},
            )
        self._window.append((now, tokens))
        return None

    def _left(self) -> tuple[int | None, int | None]:
        requests = (
            None
            if self.requests_per_window is None
            else self.requests_per_window - len(self._window)
        )
        tokens = (
            None
            if self.tokens_per_window is None
            else self.tokens_per_window - sum(tokens for _, tokens in self._window)
        )
        return requests, tokens

    def _limit_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for what, limit, left in zip(
            ("requests", "tokens"),
            (self.requests_per_window, self.tokens_per_window),
            self._left(),
            strict=True,
        ):
            if limit is not None and left is not None:
                ends = self._window[-1][0] + self.window if self._window else 0.0
                reset = f"{max(ends - time.monotonic(), 0.0):.3f}s"
                headers |= {
                    f"x-ratelimit-limit-{what}": str(limit),
                    f"x-ratelimit-remaining-{what}": str(max(left, 0)),
                    f"x-ratelimit-reset-{what}": reset,
                }
        return headers

    def _answer(self, body: dict[str, Any], fault: Fault) -> dict[str, Any]:
        value = fault.bend(
            decide(
                json.loads(_text(body["messages"][-1]["content"])),
                self.classifier,
                self.taxonomy,
                self._deciding,
            )
        )
        content = (
            value
            if isinstance(value, str)
            else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )
        message = {
            "role": "assistant",
            "content": None if fault.refusal else content,
            "refusal": fault.refusal,
        }
        choice = {"index": 0, "message": message, "finish_reason": fault.finish, "logprobs": None}
        answer = {
            "id": "standin",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
        }
        return {**answer, "usage": self._usage(body, content)} if self.says_usage else answer

    def _usage(self, body: dict[str, Any], content: str) -> dict[str, Any]:
        marked = body.get("prompt_cache_options", {}).get("mode") == "explicit"
        first = {**body, "messages": body["messages"][:1]}
        prefix, tokens, output = (
            json.dumps([first["messages"], body.get("response_format")]),
            _input_tokens(body),
            estimate_tokens(content),
        )
        stable = _input_tokens(first) if marked else _input_tokens(first) // CACHE_STEP * CACHE_STEP
        stable = stable if stable >= CACHED_FROM else 0
        with self._lock:
            known = prefix in self._prefixes
            self._prefixes.add(prefix)
            self.input_tokens, self.output_tokens = (
                self.input_tokens + tokens,
                self.output_tokens + output,
            )
            self.cached_tokens += stable if known else 0
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


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for a stand-in."""

    protocol_version = "HTTP/1.1"
    server_of: FakeLlmServer
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.server_of._lock:
            self.server_of._connections.add(self.connection)

    def finish(self) -> None:
        with self.server_of._lock:
            self.server_of._connections.discard(self.connection)
        with suppress(OSError):  # the connection may have been broken on purpose
            super().finish()

    def do_POST(self) -> None:
        try:
            self._post()
        except OSError:
            self.close_connection = True  # whoever asked has left

    # the base class names it so
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: tests read what was seen instead."""

    def _post(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        fault, headers, answer = self.server_of.meet(raw)
        self.server_of.sleep(self.server_of.latency + fault.delay)
        if fault.reset:
            _reset(self.connection)
            self.close_connection = True
            return
        body = (
            fault.body
            if fault.body is not None
            else json.dumps({"error": fault.error} if fault.status != 200 else answer).encode(
                "utf-8"
            )
        )
        self.send_response(fault.status)
        for name, value in {
            "content-type": "application/json",
            **headers,
            "content-length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(body, fault)

    def _write(self, body: bytes, fault: Fault) -> None:
        if fault.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.server_of.sleep(fault.drip)
        elif fault.cut:
            self.wfile.write(body[: len(body) // 2])
            _reset(self.connection)
            self.close_connection = True
        else:
            self.wfile.write(body)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _reset(connection: socket.socket) -> None:
    """Break a connection so that the other side sees a reset."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is broken already
    connection.close()


def _input_tokens(body: Mapping[str, Any]) -> int:
    chat = sum(estimate_tokens(_text(one["content"])) + MESSAGE_TOKENS for one in body["messages"])
    return chat + (
        estimate_tokens(json.dumps(body["response_format"])) if "response_format" in body else 0
    )


def main() -> None:
    """Serve until interrupted: ``python -m eval.standin.fake_llm_server 8799``, with the local
    model behind it.
    """
    settings = load_settings()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8799
    with (
        FakeLlmServer(build_taxonomy(settings), build_local(settings), port=port) as server,
        suppress(KeyboardInterrupt),
    ):
        sys.stderr.write(f"listening at {server.url}; point INTENT_LLM_BASE_URL there\n")
        Event().wait()


if __name__ == "__main__":
    main()
