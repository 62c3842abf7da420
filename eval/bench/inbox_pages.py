"""Measures the inbox on a large store: its first page, how soon decisions are on open pages, and
what these cost the worker.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from eval.bench.inbox_store import fill_store
from eval.bench.inbox_streams import StreamArrivals, open_streams, wait_until
from eval.bench.over_http import ROOT, ServerProcess, running_server
from eval.bench.processor_time import of_processes
from intent.bootstrap.application import Application
from intent.bootstrap.settings import Settings
from intent.model.batch import Batch
from intent.model.message import Kind, Message
from intent.operations.lead_inbox import look_at_inbox
from intent.store.access import Access
from intent.store.lead_shelf import ShelfFilter
from intent.store.schema import lead_changes

PLATFORM = "bench"
PAGES = 40
"""First pages that are asked for."""


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The first page of the inbox.

    Attributes:
        size: bytes.
        first, middle: milliseconds until all of it was there: the first time, and the median of the
            next.
        cpu: milliseconds of the server's processor time for one of these.
    """

    size: int
    first: float
    middle: float
    cpu: float


@dataclass(frozen=True, slots=True)
class InboxFigures:
    """What was measured.

    Attributes:
        messages: in the store before.
        visible_p50, visible_p95: milliseconds from when a decision was written until it had arrived
            on a stream, over all decisions and streams.
        lost, doubled: leads that did not arrive on a stream, or more than once.
        ratios: processor time of the worker for a message without pages, over that with pages; one
            a pair.
        leave_seconds: in which the server left while streams were open.
    """

    database: str
    messages: int
    page: FirstPage
    streams: int
    decisions: int
    visible_p50: float
    visible_p95: float
    lost: int
    doubled: int
    ratios: tuple[float, ...]
    leave_seconds: float

    @property
    def ratio(self) -> float:
        """The median of the pairs."""
        return sorted(self.ratios)[len(self.ratios) // 2]


@dataclass(frozen=True, slots=True)
class InboxLoad:
    """How much is measured.

    Attributes:
        messages: in the store.
        streams: that are open at once.
        pace: decisions a second, for so many ``seconds``.
        pairs: of runs without and with pages, of ``burst`` messages each.
    """

    messages: int = 1_000_000
    streams: int = 20
    pace: float = 50.0
    seconds: float = 20.0
    pairs: int = 4
    burst: int = 2_000


def measure_inbox(
    url: str, folder: Path, load: InboxLoad, say: Callable[[str], None]
) -> InboxFigures:
    """Fill a database that is empty or missing, and measure the inbox on it; one that has leads is
    taken as it is.

    Raises:
        RuntimeError: a process did not start, or the worker did not come to its end.
    """
    # A database that is no file has no place beside it for the key of what is sealed.
    key = None if url.startswith("sqlite") else folder / "key"
    settings = Settings(database_url=SecretStr(url), key_file=key)
    app = Application(settings, access=Access.CREATE)
    if not look_at_inbox(app.database, ShelfFilter(), limit=1).leads:
        fill_store(app.database, app.taxonomy, load.messages, say)
    environment = {"INTENT_DATABASE_URL": url} | ({"INTENT_KEY_FILE": str(key)} if key else {})
    command = [sys.executable, "-m", "intent", "serve", "--port", "0"]
    with running_server("serve", command, folder / "serve.log", environment) as server:
        page = _first_page(server)
        say(f"first page {page.size:,} bytes, {page.first:.0f} ms, then {page.middle:.0f} ms")
        numbers = itertools.count(1)
        with _worker(environment) as worker:
            _decide(app, numbers, 50)
            ratios = [_pair(app, server, worker, numbers, load, turn) for turn in range(load.pairs)]
            say(f"worker's ratios {[round(one, 3) for one in ratios]}")
            with open_streams(server.port, load.streams, _place(server)) as arrivals:
                wait_until(lambda: arrivals.open == load.streams)
                said = _paced(app, numbers, load)
                wait_until(lambda: all(arrivals.seen[one] for one in said), 30.0)
                # What comes a second time comes a little later.
                time.sleep(1.0)
                waited = _waited(app, arrivals, said)
                left = _leave(server)
    counts = [len(arrivals.seen[one]) for one in said]
    p50, p95 = (waited[int(len(waited) * share)] * 1000 for share in (0.5, 0.95))
    return InboxFigures(
        database=app.database.dialect,
        messages=load.messages,
        page=page,
        streams=load.streams,
        decisions=len(said),
        visible_p50=p50,
        visible_p95=p95,
        lost=sum(max(0, load.streams - count) for count in counts),
        doubled=sum(max(0, count - load.streams) for count in counts),
        ratios=tuple(ratios),
        leave_seconds=left,
    )


def _first_page(server: ServerProcess) -> FirstPage:
    first, size = _page(server)
    used = of_processes([server.pid])
    others = sorted(_page(server)[0] for _ in range(PAGES))
    used = (of_processes([server.pid]) - used) / PAGES * 1000
    return FirstPage(size, first, others[PAGES // 2], used)


def _leave(server: ServerProcess) -> float:
    began = time.perf_counter()
    os.kill(server.pid, signal.SIGTERM)
    wait_until(lambda: _is_gone(server.pid))
    return time.perf_counter() - began


def _page(server: ServerProcess) -> tuple[float, int]:
    began = time.perf_counter()
    size = len(_get(server, "/"))
    return (time.perf_counter() - began) * 1000, size


def _place(server: ServerProcess) -> str:
    return str(json.loads(_get(server, "/v1/leads?limit=1"))["changes"])


def _get(server: ServerProcess, path: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    with closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{path} is answered with {answer.status}")
    return body


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[int]:
    command = [sys.executable, "-m", "eval.bench.inbox_worker"]
    known = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    process = subprocess.Popen(command, env=known)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _put(app: Application, numbers: Iterator[int], count: int) -> list[int]:
    said = list(itertools.islice(numbers, count))
    now = datetime.now(UTC)
    messages = [
        Message(
            platform=PLATFORM,
            room_id=f"live-{number % 20}",
            message_id=f"b-{number}",
            user_id=f"u-{number % 500}",
            kind=Kind.COMMENT,
            text=f"order {number} please",
            sent_at=now,
        )
        for number in said
    ]
    app.inbox.put(Batch(messages))
    return said


def _decide(app: Application, numbers: Iterator[int], count: int) -> None:
    _put(app, numbers, count)
    if not wait_until(lambda: app.inbox.waiting() == 0, 120.0):
        raise RuntimeError("the worker decides nothing")


def _pair(
    app: Application,
    server: ServerProcess,
    worker: int,
    numbers: Iterator[int],
    load: InboxLoad,
    turn: int,
) -> float:
    """Return the worker's processor time without pages over that with pages; who comes first
    alternates.
    """
    used: dict[bool, float] = {}
    for paged in (turn % 2 == 0, turn % 2 == 1):
        pages = open_streams(server.port, load.streams, _place(server)) if paged else nullcontext()
        with pages as arrivals:
            if arrivals is not None:
                wait_until(lambda open_=arrivals: open_.open == load.streams)
            before = of_processes([worker])
            _decide(app, numbers, load.burst)
            used[paged] = of_processes([worker]) - before
    return used[False] / used[True]


def _paced(app: Application, numbers: Iterator[int], load: InboxLoad) -> list[int]:
    began, said = time.monotonic(), list[int]()
    for number in range(int(load.pace * load.seconds)):
        time.sleep(max(0.0, began + number / load.pace - time.monotonic()))
        said += _put(app, numbers, 1)
    return said


def _waited(app: Application, arrivals: StreamArrivals, said: list[int]) -> list[float]:
    """Return the seconds from when decisions were written until they arrived, sorted."""
    c = lead_changes.c
    query = select(c.message_id, c.created_timestamp).where(c.platform == PLATFORM)
    with app.database.read() as connection:
        written = {row.message_id: row.created_timestamp for row in connection.execute(query)}
    return sorted(
        arrived - written[f"b-{number}"].timestamp()
        for number in said
        for arrived in arrivals.seen[number]
    )


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"
