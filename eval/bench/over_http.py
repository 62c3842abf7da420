"""Measures the service over HTTP beside a plain FastAPI route that stores the same row: latency at
a pace, processor time a message, and what a flood does to it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from eval.bench.constant import ConstantClassifier
from eval.bench.processor_time import of_processes
from eval.bench.service_load import Answers, Load, send
from intent.bootstrap.application import open_application, sqlite_url
from intent.bootstrap.deciding import build_worker
from intent.bootstrap.settings import Settings
from intent.model.decision import Decision
from intent.model.message import Message
from intent.store.access import Access
from intent.store.audit import balance

ROOT = Path(__file__).parents[2]
OURS, PEER = "intent serve", "FastAPI, a commit a request"
_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One load on one server.

    Attributes:
        load: what was sent, in words.
        p50, p99: milliseconds from when a request was due to its answer.
        cpu: milliseconds of the server's processor time a message.
        rate: messages a second.
    """

    server: str
    load: str
    p50: float
    p99: float
    cpu: float
    rate: float


@dataclass(frozen=True, slots=True)
class FloodReport:
    """What a producer did that was far faster than the worker.

    Attributes:
        sent, accepted: messages.
        turned_away: requests that were answered with 429.
        asked_to_wait: the longest Retry-After, in seconds.
        memory_first, memory_most: megabytes of the server, once it was warm and at its largest.
        stored: messages in the database at the end; ``holds`` whether its books balance.
    """

    seconds: float
    sent: int
    accepted: int
    turned_away: int
    asked_to_wait: int
    memory_first: float
    memory_most: float
    stored: int
    holds: bool


def measure_service(
    seconds: float, requests: int, rounds: int, say: Callable[[str], None]
) -> list[ServiceLine]:
    """Return every load on both servers, taken in turn; of several rounds the median.

    Args:
        seconds: that the paced load lasts.
        requests: of each of the other loads.
    """
    loads = {
        "100 single messages a second": Load(8, int(seconds * 100), pace=100.0),
        "single, 8 connections": Load(8, requests),
        "50 together, 4 connections": Load(4, max(requests // 20, 4), together=50),
    }
    lines: list[ServiceLine] = []
    with TemporaryDirectory() as folder, _ours(Path(folder)) as ours, _peer(Path(folder)) as peer:
        for server in (ours, peer):
            asyncio.run(send(server.port, Load(8, 100, prefix="warm")))
        for turn in range(rounds):
            for name, load in loads.items():
                for server in (ours, peer):
                    say(f"round {turn + 1}: {name}, {server.name}")
                    lines.append(_line(server, name, replace(load, prefix=f"{turn}-{name}")))
    keys = list(dict.fromkeys((line.load, line.server) for line in lines))
    return [_median([one for one in lines if (one.load, one.server) == key]) for key in keys]


def flood(seconds: float, decided: float, say: Callable[[str], None]) -> FloodReport:
    """Send a hundred times as many messages as a worker decides, and return what became of it.

    Args:
        decided: messages a second that the worker decides.
    """
    most = int(decided * 20)
    with TemporaryDirectory() as folder:
        environment = {"INTENT_SERVE_WAITING_MOST": str(most)}
        with _ours(Path(folder), **environment) as server, _slow_worker(Path(folder), decided):
            pace = decided * 100 / 50
            total, memory = Answers(), list[float]()
            by = time.monotonic() + seconds
            for turn in range(10**6):
                load = Load(4, int(pace * 2), together=50, pace=pace, prefix=f"flood-{turn}")
                got = asyncio.run(send(server.port, load))
                total.accepted += got.accepted
                total.statuses += got.statuses
                total.asked_to_wait = max(total.asked_to_wait, got.asked_to_wait)
                memory.append(server.memory)
                say(f"{dict(total.statuses)}, {memory[-1]:.1f} MB")
                if time.monotonic() >= by:
                    break
        with open_application(_settings(Path(folder))).database.read() as connection:
            books = balance(connection)
    return FloodReport(
        seconds,
        sum(total.statuses.values()) * 50,
        total.accepted,
        total.statuses[429],
        total.asked_to_wait,
        memory[min(len(memory) - 1, 2)],
        max(memory),
        books.accepted,
        books.holds,
    )


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server in a process of its own."""

    name: str
    port: int
    pid: int

    @property
    def memory(self) -> float:
        """What it holds in memory, in megabytes (RSS)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _line(server: ServerProcess, name: str, load: Load) -> ServiceLine:
    began, used = time.perf_counter(), of_processes([server.pid])
    answers = asyncio.run(send(server.port, load))
    used, wall = of_processes([server.pid]) - used, time.perf_counter() - began
    messages = load.requests * load.together
    if answers.accepted != messages:
        raise RuntimeError(f"{server.name} took {answers.accepted} of {messages} messages")
    waited = sorted(answers.seconds)
    p50, p99 = (waited[int(len(waited) * share)] * 1000 for share in (0.5, 0.99))
    return ServiceLine(server.name, name, p50, p99, used / messages * 1000, messages / wall)


def _median(lines: Sequence[ServiceLine]) -> ServiceLine:
    def middle(name: str) -> float:
        return float(sorted(getattr(line, name) for line in lines)[len(lines) // 2])

    return replace(
        lines[0], p50=middle("p50"), p99=middle("p99"), cpu=middle("cpu"), rate=middle("rate")
    )


def _settings(folder: Path) -> Settings:
    return Settings(database_url=sqlite_url(folder / "intent.db"))


@contextmanager
def _ours(folder: Path, **environment: str) -> Iterator[ServerProcess]:
    url = _settings(folder).database_url.get_secret_value()
    command = [sys.executable, "-m", "intent", "serve", "--port", "0"]
    known = {"INTENT_DATABASE_URL": url, **environment}
    with running_server(OURS, command, folder / "ours.log", known) as process:
        yield process


@contextmanager
def _peer(folder: Path) -> Iterator[ServerProcess]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "eval.bench.service_peer:build_peer"]
    known = {"PEER_FILE": str(folder / "peer.db")}
    with running_server(
        PEER, [*command, "--port", str(port)], folder / "peer.log", known
    ) as process:
        yield process


@contextmanager
def running_server(
    name: str, command: Sequence[str], log: Path, environment: dict[str, str]
) -> Iterator[ServerProcess]:
    """Start a server and yield it once it has said where it is; tell it to leave at the end."""
    with log.open("w") as written:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            yield ServerProcess(name, _port_said(log, process), process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _port_said(log: Path, process: subprocess.Popen[bytes]) -> int:
    by = time.monotonic() + _READY_SECONDS
    while time.monotonic() < by and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text()[-500:]}")


class _Slow(ConstantClassifier):
    """Decides so many messages a second."""

    rate = 1.0

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        time.sleep(len(messages) / self.rate)
        return super().classify(messages)


@contextmanager
def _slow_worker(folder: Path, decided: float) -> Iterator[None]:
    settings = _settings(folder).model_copy(update={"batch_count": max(int(decided / 2), 1)})
    app, stop = open_application(settings, access=Access.WRITE), Event()
    classifier = _Slow(app.taxonomy)
    classifier.rate = decided
    worker = build_worker(app, stop, lambda report: None, classifier=classifier)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        app.database.close()
