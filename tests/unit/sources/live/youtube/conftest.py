"""A source of YouTube's live chat beside servers of this machine, and a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch
from intent.sources.live.youtube.data_api import DataApi, token_exchange
from intent.sources.live.youtube.live_chat import YouTubeLiveChat
from intent.sources.live.youtube.login import login_from
from intent.sources.live.youtube.quota import YouTubeQuota
from intent.sources.live.youtube.standing import ChatStanding, read_place
from intent.sources.live.youtube.stream_list import StreamList
from tests import youtube_server as server
from tests.youtube_server import KEY, VIDEO, FakeYouTube, Item

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEYS = {"YOUTUBE_API_KEY": KEY}


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = NOON
        self.waited: list[float] = []
        self.ran = 0.0

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.ran += seconds

    def monotonic(self) -> float:
        return self.ran


@pytest.fixture
def youtube() -> Iterator[FakeYouTube]:
    fake = FakeYouTube()
    end = server.serve(fake)
    yield fake
    end()


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., YouTubeLiveChat]


@pytest.fixture
def make(youtube: FakeYouTube, clock: Clock, tmp_path: Path) -> Make:
    """Return a maker of sources, each of which stands where the last batch of another left it."""

    def one(
        token: str = "",
        *,
        streams: bool = True,
        environment: dict[str, str] = KEYS,
        units: int = 10_000,
        **more: Any,
    ) -> YouTubeLiveChat:
        address = youtube.url.rsplit("/youtube", 1)[0] + "/token"
        login = login_from(environment, token_exchange(address))
        return YouTubeLiveChat(
            VIDEO,
            ChatStanding("youtube", VIDEO, read_place(token), now=lambda: clock.now),
            DataApi(login, youtube.url),
            YouTubeQuota(tmp_path, units=units, now=lambda: clock.now),
            login,
            StreamList(login, youtube.stream_url) if streams else None,
            stop=Event(),
            wait=clock.wait,
            clock=clock.monotonic,
            now=lambda: clock.now,
            **more,
        )

    return one


class Kept:
    """What a source handed over until it ended or was lost."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.batches: list[Batch] = []
        self.token = ""

    def read(self, source: YouTubeLiveChat, *, pages: int | None = None) -> Kept:
        """Read on: to the end, or so many batches with messages."""
        left = pages
        for batch in source.read():
            self.batches.append(batch)
            self.ids += [message.message_id for message in batch.messages]
            if batch.position is not None:
                self.token = batch.position.token
            if batch.messages and left is not None:
                left -= 1
                if not left:
                    source.stop.set()
        return self

    @property
    def gaps(self) -> list[tuple[datetime, datetime | None, str]]:
        return [(gap.since, gap.until, gap.reason) for one in self.batches for gap in one.gaps]


def said(*names: str, at: datetime = NOON) -> list[Item]:
    return [Item(name, at=at.isoformat()) for name in names]


THE_END = [Item("end", kind=server.ENDED)]
