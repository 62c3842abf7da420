"""A listening process is killed at page after page of a chat; afterwards every comment is stored
once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
import yaml

from intent.store.engine import Database
from intent.store.positions import SqlPositions
from tests import youtube_server as server
from tests.conftest import rows
from tests.youtube_server import KEY, VIDEO, FakeYouTube, Item

ROOT = Path(__file__).parents[2]
AT_ONCE = 20
PATIENCE = 60.0

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def youtube() -> Iterator[FakeYouTube]:
    fake = FakeYouTube()
    end = server.serve(fake)
    yield fake
    end()


@pytest.fixture
def start(youtube: FakeYouTube, database: Database, tmp_path: Path) -> Iterator[Start]:
    """Return what starts ``intent listen`` on the test's chat and database."""
    described = {
        "source": f"youtube:{VIDEO}",
        "url": youtube.url,
        "stream_url": youtube.stream_url,
        "token_url": youtube.url,
        "quota": 100_000,
    }
    file = tmp_path / "sources.yaml"
    file.write_text(yaml.safe_dump({"stream": described}))
    environment = {
        **os.environ,
        "INTENT_DATABASE_URL": database.url,
        "INTENT_STATE_DIR": str(tmp_path / "state"),
        "INTENT_SPOOL_DIR": str(tmp_path),
        "YOUTUBE_API_KEY": KEY,
        "PYTHONPATH": str(ROOT),
    }
    started: list[subprocess.Popen[str]] = []

    def one() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "intent", "listen", "--file", str(file)]
        started.append(
            subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.communicate()


class Sent:
    """The pages that the server has sent."""

    def __init__(self, youtube: FakeYouTube) -> None:
        self._pages: SimpleQueue[int] = SimpleQueue()
        youtube.sent = self._pages.put

    def wait_for(self, page: int, process: subprocess.Popen[str]) -> None:
        """Wait until a page was sent."""
        try:
            while self._pages.get(timeout=PATIENCE) != page:
                pass
        except Empty:
            process.kill()
            raise AssertionError(
                f"page {page} was never asked for: {process.communicate()}"
            ) from None


def wait_until_stored(database: Database, page: int) -> None:
    """Wait until the position behind a page is in the database."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        position = SqlPositions(database).position("stream")
        if position is not None and f'"p{page + 1}"' in position.token:
            return
        time.sleep(0.01)
    raise AssertionError(f"page {page} was never stored")


def killed_at_each_page(
    pages: int, youtube: FakeYouTube, database: Database, start: Start
) -> tuple[list[str], list[str]]:
    """Kill the process once at each page, in turn as soon as the server has sent it and as soon as it
    is stored; return the ids that were sent and those that are stored.
    """
    sent = Sent(youtube)
    for page in range(pages):
        process = start()
        youtube.say(*(Item(f"m-{page}-{n}", author=f"UC-{n}") for n in range(AT_ONCE)))
        sent.wait_for(page, process)
        if page % 2:
            wait_until_stored(database, page)
        process.kill()
        process.wait()
    youtube.say(Item("end", kind=server.ENDED))
    _, said = (process := start()).communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    everything = [item.id for page in youtube.pages[:-1] for item in page]
    return everything, [row["message_id"] for row in rows(database, "messages")]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.fault("kill", tries=6)
def test_a_process_killed_at_page_after_page_loses_and_doubles_nothing(
    youtube: FakeYouTube, database: Database, start: Start
) -> None:
    sent, stored = killed_at_each_page(6, youtube, database, start)
    assert sorted(stored) == sorted(sent)
    assert len(rows(database, "inbox")) == len(sent)
    assert rows(database, "source_gaps") == []


@pytest.mark.soak
@pytest.mark.fault("kill", tries=50)
def test_a_process_killed_at_each_of_50_pages_loses_and_doubles_nothing(
    youtube: FakeYouTube, database: Database, start: Start
) -> None:
    sent, stored = killed_at_each_page(50, youtube, database, start)
    assert len(sent) == 50 * AT_ONCE
    assert sorted(stored) == sorted(sent)
    assert len(rows(database, "inbox")) == len(sent)
    assert rows(database, "source_gaps") == []
