"""Files in our own wire shape: any bytes come out as messages or as refusals, in bounded memory."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from intent.model.batch import Refused
from intent.model.message import Message, wire
from intent.sources.door import MAX_PAYLOAD_BYTES, Door
from intent.sources.files.file_source import FileSource
from intent.sources.records import read_records
from tests.conftest import MakeMessage

Open = Callable[[bytes], int]
Replay = partial(FileSource, format_name="wire")


def read_all(source: FileSource) -> list[Message | Refused]:
    """Return all that a source reads, refusals where they stood in their batch."""
    return [one for batch in source.read() for one in (*batch.messages, *batch.refused)]


@pytest.fixture
def open_bytes(tmp_path: Path) -> Iterator[Open]:
    opened: list[int] = []

    def make(content: bytes) -> int:
        path = tmp_path / f"{len(opened)}.jsonl"
        path.write_bytes(content)
        opened.append(os.open(path, os.O_RDONLY))
        return opened[-1]

    yield make
    for descriptor in opened:
        os.close(descriptor)


def test_messages_and_refusals_come_in_order_with_their_lines(
    open_bytes: Open, make_message: MakeMessage
) -> None:
    one, two = make_message("one"), make_message("two")
    content = b"\n".join([wire(one), b"not json", b"", wire(two)])
    (last,) = Replay(open_bytes(content), "chat.jsonl").read()
    assert last.messages == [one, two]
    (refused,) = last.refused
    assert (refused.position, refused.payload) == ("chat.jsonl line 2", b"not json")


def test_windows_line_ends_are_no_part_of_the_payload(open_bytes: Open) -> None:
    assert [line.payload for line in read_records(open_bytes(b"a\r\nb\r\n"), 100) if line] == [
        b"a",
        b"b",
    ]


def test_the_same_refused_bytes_have_the_same_digest_on_any_line(open_bytes: Open) -> None:
    first, second = (
        one for one in read_all(Replay(open_bytes(b"bad\nbad"), "x")) if isinstance(one, Refused)
    )
    assert first.digest == second.digest


def test_a_line_of_ten_megabytes_is_refused_in_little_memory(
    open_bytes: Open, make_message: MakeMessage
) -> None:
    descriptor = open_bytes(
        b'{"text": "' + b"x" * 10_000_000 + b'"}\n' + wire(make_message("after"))
    )
    tracemalloc.start()
    read = read_all(Replay(descriptor, "x"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    refused, after = sorted(read, key=lambda one: isinstance(one, Message))
    assert isinstance(refused, Refused)
    assert refused.reason == f"the line is 10000012 bytes long, the limit is {MAX_PAYLOAD_BYTES}"
    assert len(refused.payload) == MAX_PAYLOAD_BYTES
    assert isinstance(after, Message)
    assert peak < 2_000_000


def test_two_long_lines_that_begin_alike_are_told_apart(open_bytes: Open) -> None:
    read = read_all(Replay(open_bytes(b"x" * 100_000 + b"1\n" + b"x" * 100_000 + b"2"), "x"))
    assert len({one.digest for one in read if isinstance(one, Refused)}) == 2


def test_recorded_speed_waits_as_long_as_people_did(
    open_bytes: Open, make_message: MakeMessage
) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    content = b"\n".join(wire(make_message()) for _ in range(5))
    read = list(
        Replay(open_bytes(content), "x", speed=2.0, sleep=sleep, clock=lambda: now[0]).read()
    )
    assert now[0] == pytest.approx(2.0)
    assert [len(batch.messages) for batch in read] == [1, 1, 1, 1, 1]


def test_a_silent_pipe_says_that_nothing_is_there(make_message: MakeMessage) -> None:
    reading, writing = os.pipe()
    os.write(writing, wire(make_message("first")) + b"\n")
    lines = read_records(reading, 1000)
    assert next(lines) is not None
    assert next(lines) is None
    os.write(writing, json.dumps({"last": "line without its end"}).encode())
    os.close(writing)
    assert [line.payload for line in lines if line] == [b'{"last": "line without its end"}']
    os.close(reading)


def test_a_message_from_the_day_after_tomorrow_is_refused(
    open_bytes: Open, make_message: MakeMessage
) -> None:
    message = make_message()
    early = Replay(
        open_bytes(wire(message)), "x", door=Door(now=lambda: message.sent_at - timedelta(days=2))
    )
    in_time = Replay(
        open_bytes(wire(message)), "x", door=Door(now=lambda: message.sent_at - timedelta(hours=23))
    )
    (refused,) = read_all(early)
    assert isinstance(refused, Refused)
    assert refused.reason == "sent_at: lies more than a day ahead of this machine's clock"
    assert read_all(in_time) == [message]


def test_a_stream_of_nothing_lets_its_reader_leave(open_bytes: Open) -> None:
    stop = Event()
    stop.set()
    stopped = Replay(open_bytes(b"\n" * 100), "x", stop=stop)
    assert (list(stopped.read()), stopped.at_end) == ([], False)
    whole = Replay(open_bytes(b"\n" * 100), "x", stop=Event())
    assert (list(whole.read()), whole.at_end) == ([], True)
    assert next(read_records(open_bytes(b"\0" * 200_000), 10)) is None
