"""Waits for a call that blocks, without blocking."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from intent.model.batch import Batch

IDLE_SECONDS = 0.2

T = TypeVar("T")


def meanwhile(call: Callable[[], T]) -> Generator[Batch, None, T]:
    """Call in a thread of its own, yield an empty batch every 0.2 seconds while that lasts, and
    return or raise what it does. Whoever leaves meanwhile leaves the call to its own end.
    """
    ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((call(), None))
        except BaseException as error:  # noqa: BLE001  raised where it was called for
            ended.put((None, error))

    Thread(target=run, daemon=True, name="source-call").start()
    while True:
        try:
            answer, error = ended.get(timeout=IDLE_SECONDS)
        except Empty:
            yield Batch()
            continue
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]


def pause(
    seconds: float, *, clock: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[Batch]:
    """Yield empty batches until so many seconds of a monotonic clock have passed."""
    due = clock() + seconds
    while (left := due - clock()) > 0:
        yield Batch()
        sleep(min(left, IDLE_SECONDS))
