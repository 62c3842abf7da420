"""Runs the synchronous core beside the event loop: in a bounded number of threads, with a bounded
number of calls that wait for one.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from intent.web.problem import Problem

T = TypeVar("T")

_Work = tuple["Future[Any]", Callable[[], Any]]


class Threads:
    """Threads that start when they are needed, and hold nobody up when the process leaves.

    A call whose caller gives up is taken back while it waits; one that runs keeps its thread until
    it ends, so that there are never more of them than were allowed.
    """

    def __init__(self, count: int, *, waiting_most: int = 200) -> None:
        """Start nothing yet.

        Args:
            count: threads, at most.
            waiting_most: calls that may wait for a thread; more are turned away.
        """
        self._count, self._most = count, count + waiting_most
        self._work: SimpleQueue[_Work] = SimpleQueue()
        self._started = 0
        self._unfinished = 0
        self._lock = Lock()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return what a function returns, run in a thread and in the caller's context.

        Raises:
            Problem: too many calls wait already (503).
        """
        context = contextvars.copy_context()
        future: Future[T] = Future()
        with self._lock:
            if self._unfinished >= self._most:
                raise Problem(503, "too many requests wait already; try again", retry_after=1)
            self._unfinished += 1
            if self._started < min(self._count, self._unfinished):
                self._started += 1
                # Daemons: a call that the database does not answer must not keep the process.
                Thread(target=self._serve, name=f"web-{self._started}", daemon=True).start()
        future.add_done_callback(self._finished)
        self._work.put((future, lambda: context.run(function, *arguments)))
        return await asyncio.wrap_future(future)

    def _finished(self, _future: Future[Any]) -> None:
        with self._lock:
            self._unfinished -= 1

    def _serve(self) -> None:
        while True:
            future, work = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001  whoever waits gets it
                future.set_exception(error)
            else:
                future.set_result(result)
            # Nothing of a request outlives it in a thread that waits.
            del future, work
