"""Puts that are joined: each caller is answered for its own, whatever its neighbours bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from threading import Event, Thread

import pytest

from intent.flow.joined import JoinedPuts, JoinPolicy
from intent.flow.together import put_together
from intent.model.batch import Accepted, Batch
from intent.model.errors import Busy, OperatorError, Stopping, StoreUnavailable
from intent.model.message import Message
from tests.conftest import MakeMessage

AT_ONCE = JoinPolicy(gather=0.0)


class Store:
    """Stores what it is given, unless told otherwise; can be held up."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []
        self.free, self.inside = Event(), Event()
        self.free.set()
        self.error: Exception | None = None

    def put_all(self, batches: Sequence[Batch]) -> list[Accepted]:
        self.inside.set()
        assert self.free.wait(30)
        texts = [message.text for batch in batches for message in batch.messages]
        if self.error is not None:
            raise self.error
        if any("poison" in text for text in texts):
            raise RuntimeError("a fault of ours")
        self.transactions.append(texts)
        return [Accepted(len(batch.messages), 0) for batch in batches]

    def hold(self) -> None:
        self.free.clear()
        self.inside.clear()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def puts(store: Store) -> Iterator[JoinedPuts]:
    joined = JoinedPuts(store.put_all, policy=AT_ONCE)
    joined.start()
    yield joined
    store.free.set()
    joined.leave(30)


def of(*messages: Message) -> Batch:
    return Batch(messages)


def held_up(store: Store, puts: JoinedPuts, first: Batch) -> Future[Accepted]:
    """Let the writer hang in a transaction."""
    store.hold()
    future = puts.submit(first, 1)
    assert store.inside.wait(30)
    return future


def test_what_comes_during_a_transaction_goes_into_the_next_one_together(
    store: Store, puts: JoinedPuts, make_message: MakeMessage
) -> None:
    futures = [held_up(store, puts, of(make_message("first")))]
    futures += [puts.submit(of(make_message(str(number))), 1) for number in range(50)]
    store.free.set()
    assert [one.result(30) for one in futures] == [Accepted(1, 0)] * 51
    assert store.transactions == [["first"], [str(number) for number in range(50)]]


def test_a_transaction_has_about_as_many_messages_as_it_may(
    store: Store, make_message: MakeMessage
) -> None:
    puts = JoinedPuts(store.put_all, policy=JoinPolicy(gather=60.0, enough=10, together=10))
    futures = [puts.submit(of(*[make_message() for _ in range(4)]), 1) for _ in range(6)]
    puts.start()
    assert [one.result(30).new for one in futures] == [4] * 6  # nobody waits for a minute
    assert [len(one) for one in store.transactions] == [12, 12]
    puts.leave(30)


def test_one_that_cannot_be_put_fails_alone(
    store: Store, puts: JoinedPuts, make_message: MakeMessage
) -> None:
    held = held_up(store, puts, of(make_message()))
    texts = [str(number) for number in range(9)]
    texts[4] = "poison"
    futures = [puts.submit(of(make_message(text)), 1) for text in texts]
    store.free.set()
    assert held.result(30) == Accepted(1, 0)
    errors = [one.exception(30) for one in futures]
    assert [str(error) for error in errors if error] == ["a fault of ours"]
    assert errors[4] is not None
    assert sorted(text for one in store.transactions[1:] for text in one) == sorted(
        text for text in texts if text != "poison"
    )
    assert puts.submit(of(make_message()), 1).result(30).new == 1


@pytest.mark.parametrize("error", [StoreUnavailable("away"), OperatorError("read-only")])
def test_an_outage_is_told_to_all_and_tried_once(error: Exception) -> None:
    tries: list[int] = []

    def away(batches: Sequence[Batch]) -> list[Accepted]:
        tries.append(len(batches))
        raise error

    assert put_together(away, [Batch(), Batch(), Batch()]) == [error] * 3
    assert tries == [3]


def test_after_an_outage_it_goes_on(
    store: Store, puts: JoinedPuts, make_message: MakeMessage
) -> None:
    store.error = StoreUnavailable("the database is away")
    with pytest.raises(StoreUnavailable):
        puts.submit(of(make_message()), 1).result(30)
    store.error = None
    assert puts.submit(of(make_message()), 1).result(30).new == 1


def test_so_many_may_wait_and_no_more(store: Store, make_message: MakeMessage) -> None:
    puts = JoinedPuts(store.put_all, policy=JoinPolicy(gather=0, waiting=3, waiting_bytes=100))
    puts.start()
    held = held_up(store, puts, of(make_message()))
    large = puts.submit(of(make_message()), 1000)  # one always may
    with pytest.raises(Busy) as caught:
        puts.submit(of(make_message()), 1)
    assert caught.value.wait > 0
    store.free.set()
    assert (held.result(30).new, large.result(30).new) == (1, 1)
    small = [held_up(store, puts, of(make_message()))]
    small += [puts.submit(of(make_message()), 1) for _ in range(3)]
    with pytest.raises(Busy):
        puts.submit(of(make_message()), 1)
    store.free.set()
    assert [one.result(30).new for one in small] == [1] * 4
    puts.leave(30)


def test_what_nobody_waits_for_any_more_is_not_put(
    store: Store, puts: JoinedPuts, make_message: MakeMessage
) -> None:
    held = held_up(store, puts, of(make_message("first")))
    gone, stays = (puts.submit(of(make_message(text)), 1) for text in ("gone", "stays"))
    assert gone.cancel()
    store.free.set()
    assert (held.result(30).new, stays.result(30).new) == (1, 1)
    assert store.transactions == [["first"], ["stays"]]


def test_leaving_puts_what_waits_and_takes_no_more(
    store: Store, puts: JoinedPuts, make_message: MakeMessage
) -> None:
    futures = [held_up(store, puts, of(make_message()))]
    futures += [puts.submit(of(make_message()), 1) for _ in range(5)]
    leaving = Thread(target=puts.leave, args=(30,))
    leaving.start()
    store.free.set()
    leaving.join(30)
    assert [one.result(0).new for one in futures] == [1] * 6
    with pytest.raises(Stopping):
        puts.submit(of(make_message()), 1)


def test_leaving_a_database_that_hangs_tells_those_who_wait(
    store: Store, puts: JoinedPuts, make_message: MakeMessage
) -> None:
    held_up(store, puts, of(make_message()))
    waits = puts.submit(of(make_message()), 1)
    puts.leave(0)
    with pytest.raises(Stopping):
        waits.result(0)


def test_many_threads_at_once_lose_nothing(store: Store, make_message: MakeMessage) -> None:
    puts = JoinedPuts(store.put_all, policy=JoinPolicy(gather=0.0, together=7))
    puts.start()
    batches = [[of(make_message()) for _ in range(100)] for _ in range(16)]
    done: list[Accepted] = []

    def send(mine: Sequence[Batch]) -> None:
        done.extend(puts.submit(batch, 1).result(30) for batch in mine)

    threads = [Thread(target=send, args=(mine,)) for mine in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    puts.leave(30)
    assert (len(done), sum(map(len, store.transactions))) == (1600, 1600)
