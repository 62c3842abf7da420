from __future__ import annotations

import asyncio
import contextvars
from threading import Event, current_thread

import pytest

from intent.web.problem import Problem
from intent.web.threads import Threads


def test_no_more_calls_run_or_wait_than_may() -> None:
    async def scenario() -> None:
        threads, go, running = Threads(2, waiting_most=1), Event(), []

        def work() -> str:
            running.append(current_thread().name)
            go.wait(10)
            return "done"

        calls = [asyncio.ensure_future(threads.run(work)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await threads.run(work)
        assert refused.value.status == 503
        go.set()
        assert await asyncio.gather(*calls) == ["done"] * 3
        assert len(set(running)) <= 2
        assert await threads.run(lambda: 1) == 1

    asyncio.run(scenario())


def test_a_call_that_nobody_waits_for_keeps_its_thread_until_it_ends() -> None:
    async def scenario() -> None:
        threads, began, go = Threads(1, waiting_most=0), Event(), Event()

        def work() -> None:
            began.set()
            go.wait(10)

        call = asyncio.ensure_future(threads.run(work))
        await asyncio.to_thread(began.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(Problem):
            await threads.run(lambda: 1)
        go.set()

    asyncio.run(scenario())


def test_errors_and_context_cross_over() -> None:
    said = contextvars.ContextVar("said", default="nothing")

    async def scenario() -> None:
        threads = Threads(1)
        said.set("request 1")
        assert await threads.run(said.get) == "request 1"
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 / 0)

    asyncio.run(scenario())
