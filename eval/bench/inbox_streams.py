"""Keeps many streams of the inbox open at once, and notes when each lead arrives on each."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_ORDER = re.compile(rb"order (\d+) please")


@dataclass(slots=True)
class StreamArrivals:
    """When leads arrived: number of the lead to seconds since 1970, one for each time that it came;
    and how many streams are open.
    """

    seen: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    open: int = 0


@contextmanager
def open_streams(port: int, count: int, after: str) -> Iterator[StreamArrivals]:
    """Follow the inbox by so many streams, half of them as pages and half as programs, in a thread
    beside the block.
    """
    arrivals, loop = StreamArrivals(), asyncio.new_event_loop()
    thread = threading.Thread(target=_follow, args=(loop, port, count, after, arrivals))
    thread.start()
    try:
        yield arrivals
    finally:
        # The server may have ended them all by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_cancel_all, loop)
        thread.join(30)


def wait_until(is_so: object, seconds: float = 60.0) -> bool:
    """Wait until something is so; whether it was in time."""
    by = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        if time.monotonic() > by:
            return False
        time.sleep(0.02)
    return True


def _follow(
    loop: asyncio.AbstractEventLoop, port: int, count: int, after: str, arrivals: StreamArrivals
) -> None:
    paths = [("/inbox/stream", "/v1/leads/stream")[number % 2] for number in range(count)]

    async def follow_all() -> None:
        streams = (_stream(port, f"{path}?after={after}", arrivals) for path in paths)
        await asyncio.gather(*streams)

    with suppress(asyncio.CancelledError):
        loop.run_until_complete(follow_all())
    loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


async def _stream(port: int, path: str, arrivals: StreamArrivals) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    arrivals.open += 1
    rest = b""
    try:
        while read := await reader.read(1 << 16):
            now, rest = time.time(), rest + read
            *events, rest = rest.split(b"\n\n")
            for event in events:
                if found := _ORDER.search(event):
                    arrivals.seen[int(found[1])].append(now)
    finally:
        arrivals.open -= 1
        writer.close()
