"""A Redis Stream is read once, in order, and whatever is not stored comes again; run against a real
server.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch, Gap, Position
from intent.model.errors import OperatorError, SourceLost, WrongUse
from intent.sources.brokers.redis import RedisSource
from intent.sources.brokers.redis_address import redis_stream
from intent.sources.brokers.redis_client import connect
from intent.sources.brokers.redis_group import StreamGroup, StreamTrial
from tests.brokers import NEWER_REDIS, RedisServer, payload

_streams = itertools.count(1)


@dataclass
class Stream:
    """A fresh stream on a real server."""

    server: RedisServer
    client: Any
    name: str

    def add(self, *numbers: int) -> list[bytes]:
        return [self.client.xadd(self.name, {"message": payload(number)}) for number in numbers]

    def source(
        self, consumer: str = "a", *, stop: Event | None = None, **options: Any
    ) -> RedisSource:
        group = StreamGroup(connect(self.server.url), self.name, "readers", consumer)
        options = {"position": None, "claim_after": 0.0, **options}
        return RedisSource(group, "redis:s", stop=stop or Event(), **options)

    def pending(self) -> int:
        return int(self.client.xpending(self.name, "readers")["pending"])


@pytest.fixture
def stream(redis_server: RedisServer) -> Stream:
    return _stream_on(redis_server)


def _stream_on(server: RedisServer) -> Stream:
    return Stream(server, connect(server.url), f"stream-{next(_streams)}")


@pytest.fixture
def counting() -> Iterator[Stream]:
    """Return a stream on a server that counts entries (Redis 7)."""
    if NEWER_REDIS is None:
        pytest.skip("no newer Redis on this machine")
    with RedisServer(NEWER_REDIS) as server:
        yield _stream_on(server)


def said(batch: Batch) -> list[str]:
    return [message.message_id for message in batch.messages]


def first(batches: Iterator[Batch], wanted: Callable[[Batch], object] = bool) -> Batch:
    """Return the first batch that holds something."""
    return next(batch for batch in itertools.islice(batches, 20) if wanted(batch))


def gaps(batches: Iterator[Batch], reads: int = 4) -> list[Gap]:
    return [gap for batch in itertools.islice(batches, reads) for gap in batch.gaps]


def test_a_new_group_begins_at_the_oldest_entry(stream: Stream) -> None:
    ids = stream.add(1, 2)
    with closing(stream.source().read()) as batches:
        batch = first(batches)
    assert said(batch) == ["m-1", "m-2"]
    assert batch.position == Position("redis:s", f"readers {ids[-1].decode()}")


def test_an_entry_is_acknowledged_and_deleted_once_its_batch_is_stored_and_not_before(
    stream: Stream,
) -> None:
    stream.add(1, 2)
    with closing(stream.source().read()) as batches:
        first(batches)
        assert (stream.pending(), stream.client.xlen(stream.name)) == (2, 2)
        next(batches)
        assert (stream.pending(), stream.client.xlen(stream.name)) == (0, 0)


def test_what_was_read_and_not_stored_comes_again_to_the_same_reader_at_once(
    stream: Stream,
) -> None:
    stream.add(1, 2)
    with closing(stream.source().read()) as batches:
        assert said(first(batches)) == ["m-1", "m-2"]
    stream.add(3)
    with closing(stream.source(claim_after=3600.0).read()) as batches:
        assert said(first(batches)) == ["m-1", "m-2"]
        assert said(first(batches)) == ["m-3"]
        next(batches)
    assert stream.pending() == 0


def test_what_a_dead_reader_held_is_taken_over(stream: Stream) -> None:
    stream.add(*range(1200))
    with closing(stream.source("dead").read()) as batches:
        assert len(said(first(batches))) == 500
    with closing(stream.source("other").read()) as batches:
        came = [one for batch in itertools.islice(batches, 4) for one in said(batch)]
    assert sorted(came) == sorted(f"m-{number}" for number in range(1200))


def test_an_entry_that_is_no_message_is_refused_under_its_id_and_acknowledged(
    stream: Stream,
) -> None:
    entry = stream.client.xadd(stream.name, {"message": "{"})
    other = stream.client.xadd(stream.name, {"text": "hello"})
    with closing(stream.source().read()) as batches:
        refused = first(batches).refused
        next(batches)
    positions = [f"{stream.name}/{entry.decode()}", f"{stream.name}/{other.decode()}"]
    assert [one.position for one in refused] == positions
    assert "message" in refused[1].reason
    assert refused[1].payload == b"text=hello"
    assert stream.pending() == 0


def test_entries_that_were_delivered_and_are_no_more_are_counted_in_a_gap(stream: Stream) -> None:
    ids = stream.add(1, 2, 3)
    with closing(stream.source().read()) as batches:
        first(batches)
    stream.client.xdel(stream.name, *ids[:2])
    with closing(stream.source(claim_after=3600.0).read()) as batches:
        batch = first(batches)
        next(batches)
    assert said(batch) == ["m-3"]
    assert [gap.reason for gap in batch.gaps] == [
        "2 entries were deleted or trimmed before they were stored"
    ]
    assert (batch.gaps[0].platform, batch.gaps[0].room_id) == ("redis", stream.name)
    assert stream.pending() == 0


def test_a_newer_server_tells_of_entries_that_were_trimmed_before_anybody_read_them(
    counting: Stream,
) -> None:
    counting.add(1, 2)
    with closing(counting.source().read()) as batches:
        first(batches)
        next(batches)
    counting.add(*range(3, 13))
    counting.client.xtrim(counting.name, maxlen=4, approximate=False)
    with closing(counting.source().read()) as batches:
        found = gaps(batches)
    assert [gap.reason for gap in found] == [
        "6 entries were deleted or trimmed before anybody read them"
    ]
    with closing(counting.source().read()) as batches:
        assert gaps(batches) == [], "a gap is told once"


def test_a_newer_server_is_not_misread_where_dead_readers_held_what_was_deleted(
    counting: Stream,
) -> None:
    ids = counting.add(1, 2, 3)
    with closing(counting.source("dead").read()) as batches:
        first(batches)
    counting.client.xdel(counting.name, ids[1])
    with closing(counting.source("other").read()) as batches:
        found = gaps(batches, 6)
    assert [gap.reason for gap in found] == [
        "1 entries were deleted or trimmed before they were stored"
    ]


def test_a_server_that_is_flushed_while_we_read_is_a_gap_and_reading_goes_on(
    stream: Stream,
) -> None:
    stream.add(1)
    with closing(stream.source().read()) as batches:
        first(batches)
        next(batches)
        stream.client.flushall()
        found = first(batches).gaps
        stream.add(2)
        assert said(first(batches)) == ["m-2"]
    assert "flushed" in found[0].reason


def test_a_group_that_is_gone_at_the_start_is_a_gap_only_for_whoever_read_from_it(
    stream: Stream,
) -> None:
    stood = Position("redis:s", "readers 1795700000000-0")
    with closing(stream.source(position=stood).read()) as batches:
        assert "flushed" in first(batches).gaps[0].reason
    other = Position("redis:s", "others 1795700000000-0")
    stream.client.delete(stream.name)
    with closing(stream.source(position=other).read()) as batches:
        assert gaps(batches, 2) == []


def test_a_server_that_goes_away_is_a_lost_source_and_nothing_is_lost() -> None:
    with RedisServer() as server:
        stream = _stream_on(server)
        stream.add(1, 2)
        batches = stream.source().read()
        first(batches)
        server.kill()
        with pytest.raises(SourceLost, match="Redis is away"):
            list(itertools.islice(batches, 3))
        server.start()
        with closing(stream.source().read()) as batches:
            assert said(first(batches)) == ["m-1", "m-2"]


def test_a_key_that_is_no_stream_and_a_wrong_password_are_the_operators(stream: Stream) -> None:
    stream.client.set(stream.name, "1")
    with pytest.raises(OperatorError, match="no stream"):
        next(stream.source().read())
    stream.server.url = stream.server.url.replace("//", "//nobody:wrong@")
    try:
        with pytest.raises(OperatorError, match="does not let us in"):
            next(stream.source().read())
    finally:
        stream.server.url = stream.server.url.replace("nobody:wrong@", "")


def test_it_leaves_when_it_is_told_to(stream: Stream) -> None:
    stop = Event()
    batches = stream.source(stop=stop).read()
    stream.add(1)
    first(batches)
    stop.set()
    assert list(batches) == []
    assert stream.pending() == 0, "what is stored is acknowledged all the same"


@pytest.mark.parametrize(
    ("target", "environment", "wanted"),
    [
        ("comments", {}, ("redis://127.0.0.1:6379/0", "comments")),
        ("comments", {"REDIS_URL": "rediss://u:p@h:1/2"}, ("rediss://u:p@h:1/2", "comments")),
        ("//h:6380/3/live:comments", {}, ("redis://h:6380/3", "live:comments")),
        ("//h/comments", {}, ("redis://h/0", "comments")),
    ],
)
def test_an_address_names_a_stream_and_perhaps_its_server(
    target: str, environment: dict[str, str], wanted: tuple[str, str]
) -> None:
    assert redis_stream(target, environment) == wanted


@pytest.mark.parametrize("target", ["//u:p@h:1/0/s", "//h:1/0/", "//h:1", "//h/x/s", "//a b/0/s"])
def test_an_address_that_is_none_or_holds_a_password_is_refused(target: str) -> None:
    with pytest.raises(WrongUse):
        redis_stream(target, {})


def test_a_trial_takes_nothing_from_the_stream(stream: Stream) -> None:
    stream.add(1, 2)
    group = StreamTrial(connect(stream.server.url), stream.name, "readers", "a")
    with closing(RedisSource(group, "redis:s", position=None, stop=Event()).read()) as batches:
        assert said(first(batches)) == ["m-1", "m-2"]
        stream.add(3)
        assert said(first(batches)) == ["m-3"]
    assert stream.client.xlen(stream.name) == 3
    assert stream.client.xinfo_groups(stream.name) == []
