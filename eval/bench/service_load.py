"""Sends messages to a server over HTTP, at a pace or as fast as it answers; times the answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count


@dataclass(slots=True)
class Answers:
    """What came back.

    Attributes:
        seconds: of each answer that took the messages, from when the request was due.
        statuses: how often each status came.
        accepted: messages that were new.
        asked_to_wait: the longest ``Retry-After``, in seconds.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: int = 0
    asked_to_wait: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """How much is sent.

    Attributes:
        connections: that are open at a time.
        requests: in all.
        together: messages in a request.
        pace: requests a second; None for as fast as the server answers.
        prefix: of the ids, so that no two loads send the same.
    """

    connections: int
    requests: int
    together: int = 1
    pace: float | None = None
    prefix: str = "m"


def bodies(load: Load) -> Iterator[bytes]:
    """Yield the bodies of a load: each message once, in twenty rooms."""
    numbers = count()

    def one() -> dict[str, str]:
        number = next(numbers)
        return {
            "platform": "tiktok",
            "room_id": f"live-{number % 20}",
            "message_id": f"{load.prefix}-{number}",
            "user_id": f"u-{number % 5_000}",
            "kind": "comment",
            "text": f"how much is number {number % 90}, and do you ship to the north?",
            "sent_at": "2026-11-20T20:00:00+08:00",
        }

    for _ in range(load.requests):
        sent = one() if load.together == 1 else [one() for _ in range(load.together)]
        yield json.dumps(sent).encode()


async def send(port: int, load: Load) -> Answers:
    """Send all of a load to a server of this machine, and return its answers."""
    answers, began = Answers(), time.perf_counter()
    work = enumerate(bodies(load))

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, body in work:
            due = time.perf_counter()
            if load.pace is not None:
                due = began + number / load.pace
                await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            await _exchange(reader, writer, body, answers, due)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(load.connections)))
    return answers


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    body: bytes,
    answers: Answers,
    due: float,
) -> None:
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    told = await reader.readexactly(int(headers["content-length"]))
    code = int(status.split()[1])
    answers.statuses[code] += 1
    if code == 202:
        answers.seconds.append(time.perf_counter() - due)
        answers.accepted += json.loads(told)["accepted"]
    answers.asked_to_wait = max(answers.asked_to_wait, int(headers.get("retry-after", 0)))
