"""A real browser for the tests of pages: one for all of them, and a fresh profile for each test.

Waits are Playwright's own, on what a person would see (``expect(…)``); a script that a test makes up
and waits for would need ``eval``, which the pages forbid.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import MakeDecision, MakeMessage
from tests.contracts.house import SqlHouse
from tests.serving import RunningServer

OpenPage = Callable[..., Page]
StartServing = Callable[..., AbstractContextManager[RunningServer]]
Say = Callable[..., None]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium; the machine's own, for Playwright's would have to be fetched.

    Of the package, not of the session: while Playwright is there, nothing else in this thread can
    run an event loop.
    """
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; Debian and Ubuntu have it as a package")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM)


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Return what opens a page in a profile of its own.

    Keyword arguments are those of Playwright's ``new_context``. Whatever the browser's console says
    is wrong, and each request that goes elsewhere, fails the test; ``expected`` are parts of lines
    that a test provokes.
    """
    contexts, wrong = [], []

    def opened(url: str, *, expected: tuple[str, ...] = (), **options: Any) -> Page:
        context = chromium.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()

        def hear(line: str) -> None:
            if not any(part in line for part in expected):
                wrong.append(line)

        page.on("console", lambda line: hear(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: hear(str(error)))
        place = "/".join(url.split("/")[:3])
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(place) else hear(f"asks {asked.url}"),
        )
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def server(start_serving: StartServing) -> Iterator[RunningServer]:
    with start_serving() as running:
        yield running


@pytest.fixture
def say(server: RunningServer, make_message: MakeMessage, make_decision: MakeDecision) -> Say:
    """Return what says texts in a room and has them decided: with *order* in them they are leads."""
    app = server.service.app
    house = SqlHouse(make_decision, app.database, app.taxonomy.members)

    def put(*texts: str, **values: object) -> None:
        house.put(*(make_message(text, **values) for text in texts))
        house.work()

    return put
