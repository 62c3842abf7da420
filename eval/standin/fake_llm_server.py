"""A stand-in for an LLM server: real HTTP on loopback, OpenAI's wire, any classifier or a few
keywords behind it, and a script of faults.

Its answers say nothing about any LLM's quality: it is there for tests, whole-pipeline runs and cost
arithmetic.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

from eval.standin.answers import Judging, agreeable, decide, judged
from eval.standin.counting import Count, SlidingWindow, plain_text
from eval.standin.faults import FAULTS, Fault
from eval.standin.handler import Handler, reset
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_local
from intent.model.taxonomy import Taxonomy
from intent.ports.deciding import Classifier


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
        judge: what it says where it is asked to judge a decision.
        breaks_on: for which texts its replies break, together with whatever stands beside them.
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
    judge: Judging = agreeable
    breaks_on: Callable[[str], bool] = lambda text: False
    host: str = "127.0.0.1"
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    count: Count = field(default_factory=Count)
    _script: deque[Fault] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)
    _deciding: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)
    _connections: set[socket.socket] = field(default_factory=set)
    _server: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        """Begin to count."""
        self._limits = SlidingWindow(self.window)

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

        class Bound(Handler):
            server_of = standin

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing: clients leave, and connections are broken on purpose."""

        self._stopped.clear()
        self._server = Server((self.host, self.port), Bound)
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
                reset(connection)
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
            limits = (self.requests_per_window, self.tokens_per_window)
            headers = self._limits.headers(*limits) if self.says_limits else {}
        answer = self._answer(body, fault) if fault.status == 200 and fault.body is None else {}
        return fault, {**headers, **fault.headers}, answer

    def opened(self, connection: socket.socket) -> None:
        """Note a connection, to be broken at our end."""
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)

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
        return self._limits.refusal(body, self.requests_per_window, self.tokens_per_window)

    def _answer(self, body: dict[str, Any], fault: Fault) -> dict[str, Any]:
        asked = json.loads(plain_text(body["messages"][1]["content"]))
        if any(self.breaks_on(one["text"]) for one in asked.get("messages", ())):
            fault = FAULTS["prose"]
        value = fault.bend(
            judged(asked, body, self.judge)
            if "case" in asked
            else decide(asked, self.classifier, self.taxonomy, self._deciding)
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
        answer: dict[str, Any] = {
            "id": "standin",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
        }
        if self.says_usage:
            with self._lock:
                answer["usage"] = self.count.usage(body, content)
        return fault.answer(answer)


def main() -> None:
    """Serve until interrupted: ``python -m eval.standin.fake_llm_server 8799``, with the local
    model behind it.
    """
    app = open_application()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8799
    with (
        FakeLlmServer(app.taxonomy, build_local(app), port=port) as server,
        suppress(KeyboardInterrupt),
    ):
        sys.stderr.write(f"listening at {server.url}; point INTENT_LLM_BASE_URL there\n")
        Event().wait()


if __name__ == "__main__":
    main()
