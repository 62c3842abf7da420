"""The live chat of a video: a place that is gone, a video that is none, a key that is not taken, and
units that are spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.youtube.data_api import LiveVideo
from intent.sources.live.youtube.live_chat import YouTubeLiveChat
from intent.sources.live.youtube.login import login_from
from intent.sources.live.youtube.quota import YouTubeQuota
from intent.sources.live.youtube.standing import AGAIN, ENDED, SPENT, ChatStanding, read_place
from tests import youtube_server as server
from tests.unit.sources.live.youtube.conftest import KEYS, NOON, THE_END, Clock, Kept, Make, said
from tests.youtube_server import KEY, VIDEO, Abort, Close, FakeYouTube, Item, Raw

# A place that is not known any more


@pytest.mark.parametrize("streams", [True, False])
def test_a_token_that_expired_costs_nothing_where_the_recent_messages_reach_back(
    youtube: FakeYouTube, make: Make, streams: bool
) -> None:
    youtube.pages = [said("a"), said("b")]
    kept = Kept().read(make(streams=streams), pages=2)
    youtube.expired, youtube.pages = {"p2"}, [*youtube.pages, said("c"), THE_END]
    kept.read(make(kept.token, streams=streams))
    assert kept.ids == ["a", "b", "a", "b", "c"]  # the inbox knows what comes again
    assert kept.gaps == []


def test_a_token_that_expired_leaves_a_gap_where_they_do_not(
    youtube: FakeYouTube, make: Make, clock: Clock
) -> None:
    youtube.pages = [said("a")]
    kept = Kept().read(make(), pages=1)
    clock.now += timedelta(hours=1)
    youtube.expired, youtube.recent = {"p1"}, 2
    later = NOON + timedelta(minutes=50)
    youtube.pages += [said("lost"), said("b", at=later), THE_END]
    kept.read(make(kept.token))
    assert kept.ids == ["a", "b"]
    assert kept.gaps == [(NOON, later, AGAIN)]


def test_a_place_that_is_lost_again_at_once_is_no_circle_without_a_pause(
    youtube: FakeYouTube, make: Make
) -> None:
    youtube.pages = [said("a"), said("b"), THE_END]
    youtube.troubles[1] = [Abort("INVALID_ARGUMENT")] * 2
    with pytest.raises(SourceLost, match="does not know our place any more"):
        Kept().read(make())


def test_another_chat_of_the_same_video_is_found(youtube: FakeYouTube, make: Make) -> None:
    youtube.pages = [said("a"), THE_END]
    youtube.video = server.live("chat-2")
    stale = '{"chat": "chat-0", "page": "p1", "seen": "2026-11-20T11:59:00Z"}'
    kept = Kept().read(make(stale, streams=False))
    assert kept.ids == ["a"]
    assert read_place(kept.token).chat == "chat-2"


def test_a_position_of_somebody_else_is_no_place(youtube: FakeYouTube, make: Make) -> None:
    youtube.pages = [said("a"), THE_END]
    assert Kept().read(make("12:34")).ids == ["a"]


# The video


@pytest.mark.parametrize(
    ("video", "sentence"),
    [
        (None, f"YouTube shows no video {VIDEO}: it is private, gone, or the id is mistyped"),
        ({}, f"the video {VIDEO} is no live stream"),
        (server.over(), f"the live stream {VIDEO} ended at 2026-11-20 13:00 UTC"),
        ({"actualStartTime": "2026-11-20T11:00:00Z"}, f"the live stream {VIDEO} has no chat"),
    ],
)
def test_a_video_without_a_live_chat_is_one_sentence_for_the_operator(
    youtube: FakeYouTube, make: Make, video: dict[str, Any] | None, sentence: str
) -> None:
    youtube.video = video
    with pytest.raises(OperatorError, match=sentence):
        Kept().read(make())


def test_a_stream_that_has_not_begun_is_tried_again(youtube: FakeYouTube, make: Make) -> None:
    youtube.video = {"scheduledStartTime": "2026-11-21T09:00:00Z"}
    with pytest.raises(SourceLost, match="is planned for 2026-11-21 09:00 UTC"):
        Kept().read(make())


@pytest.mark.parametrize("answer", [b"<html>", b'{"items": 3}', b'{"items": [{"snippet": 7}]}'])
def test_a_look_up_that_cannot_be_read_is_lost(
    youtube: FakeYouTube, make: Make, answer: bytes
) -> None:
    youtube.troubles[-1] = [Raw(answer)]
    with pytest.raises(SourceLost, match="about the video cannot be read"):
        Kept().read(make())


@pytest.mark.parametrize("streams", [True, False])
def test_a_chat_that_ended_while_nothing_was_read_is_a_gap_until_its_end(
    youtube: FakeYouTube, make: Make, streams: bool
) -> None:
    youtube.pages = [said("a")]
    kept = Kept().read(make(streams=streams), pages=1)
    youtube.video = server.over()
    kept.read(make(kept.token, streams=streams))
    assert kept.gaps == [(NOON, datetime(2026, 11, 20, 13, tzinfo=UTC), ENDED)]
    with pytest.raises(OperatorError, match="ended at 2026-11-20 13:00 UTC"):
        Kept().read(make(kept.token, streams=streams))


# Who asks


@pytest.mark.parametrize("streams", [True, False])
def test_a_revoked_key_is_one_sentence_that_names_the_variable_and_the_remedy(
    youtube: FakeYouTube, make: Make, streams: bool
) -> None:
    youtube.pages = [said("a")]
    kept = Kept().read(make(streams=streams), pages=1)
    youtube.keys.clear()
    with pytest.raises(
        OperatorError, match=r"does not take YOUTUBE_API_KEY .*; set YOUTUBE_API_KEY to a key"
    ) as caught:
        kept.read(make(kept.token, streams=streams))
    assert KEY not in str(caught.value)


def test_a_token_that_expired_is_renewed_each_time_once(youtube: FakeYouTube, make: Make) -> None:
    youtube.pages = [said("a"), said("b"), said("c"), THE_END]
    youtube.tokens = ["ya29.1", "ya29.2", "ya29.3"]
    youtube.keys.clear()
    youtube.troubles[2] = [Abort("UNAUTHENTICATED")]
    youtube.troubles[1] = [Abort("UNAUTHENTICATED")]
    environment = {
        "YOUTUBE_CLIENT_ID": "c",
        "YOUTUBE_CLIENT_SECRET": "s",
        "YOUTUBE_REFRESH_TOKEN": "r",
    }
    kept = Kept().read(make(environment=environment))
    assert kept.ids == ["a", "b", "c"]
    again = ["token", "stream"]
    assert [name for name, _ in youtube.calls] == ["token", "videos", "stream", *again, *again]
    with pytest.raises(OperatorError, match="set YOUTUBE_REFRESH_TOKEN to the new one"):
        Kept().read(make(environment=environment))


# Units


def test_youtube_may_ask_us_to_wait(
    youtube: FakeYouTube, make: Make, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    youtube.pages = [said("a"), THE_END]
    youtube.troubles[0] = [Abort("RESOURCE_EXHAUSTED", "per minute")] * 3
    assert Kept().read(make()).ids == ["a"]
    assert sum(clock.waited) == pytest.approx(30 + 60 + 120)
    assert capsys.readouterr().out.count("YouTube asks us to wait") == 3


@pytest.mark.parametrize("by_youtube", [True, False])
def test_spent_units_are_a_gap_until_midnight_in_california(
    youtube: FakeYouTube,
    make: Make,
    clock: Clock,
    by_youtube: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    youtube.pages = [said("a"), said("b"), THE_END]
    youtube.troubles[1] = [Abort("RESOURCE_EXHAUSTED", "limit per day") if by_youtube else Close()]
    units = 10_000 if by_youtube else 6
    kept, midnight = Kept(), datetime(2026, 11, 21, 8, tzinfo=UTC)
    began = clock.now = midnight - timedelta(minutes=5)
    if not by_youtube:
        with pytest.raises(SourceLost):
            kept.read(make(units=units))
    kept.read(make(kept.token, units=units))
    assert kept.ids == ["a", "b"]
    assert kept.gaps == [(began, None, SPENT), (began, midnight, SPENT)]
    assert capsys.readouterr().out.count("units of 2026-11-20 are spent") == 1


def test_a_restart_while_the_units_are_spent_closes_the_same_gap(
    youtube: FakeYouTube, make: Make, clock: Clock
) -> None:
    kept = Kept()
    youtube.pages = [said("a"), THE_END]
    for _ in range(2):
        reading = make(kept.token, units=0).read()
        batch = next(reading)
        reading.close()
        kept.batches.append(batch)
        kept.token = batch.position.token if batch.position else ""
        clock.now += timedelta(minutes=5)
    kept.read(make(kept.token))
    assert kept.gaps == [(NOON, None, SPENT), (NOON, None, SPENT), (NOON, clock.now, SPENT)]


class TimedChat:
    """A chat that says something and hangs up after a minute, on the test's clock; it counts what
    its calls cost.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self.units = clock, 0

    def video(self, video: str) -> LiveVideo:
        self.units += 1
        return LiveVideo("UC-shop", "chat-1", live=True, planned=None, ended=None)

    def messages(self, chat: str, page: str | None) -> bytes:
        raise AssertionError("it is not polled")

    def close(self) -> None:
        """Nothing is open."""

    @contextmanager
    def open(self, chat: str, page: str | None) -> Iterator[Iterator[bytes | None]]:
        self.units += 5
        yield self._minute(int(page or 0) + 1)

    def read(self, payload: bytes) -> dict[str, object]:
        item = Item(f"m-{payload.decode()}", at=self._clock.now.isoformat()).rest()
        return {"items": [item], "nextPageToken": payload.decode()}

    def _minute(self, page: int) -> Iterator[bytes | None]:
        yield str(page).encode()
        for _ in range(60):
            self._clock.wait(1.0)
            yield None
        raise SourceLost("closed")


def test_four_hours_with_a_reconnect_a_minute_cost_less_than_2000_units(
    clock: Clock, tmp_path: Path
) -> None:
    chat, kept = TimedChat(clock), Kept()
    quota = YouTubeQuota(tmp_path, now=lambda: clock.now)
    while clock.now < NOON + timedelta(hours=4):
        source = YouTubeLiveChat(
            VIDEO,
            ChatStanding("youtube", VIDEO, read_place(kept.token), now=lambda: clock.now),
            chat,
            quota,
            login_from(KEYS, lambda form: ""),
            chat,
            stop=Event(),
            wait=clock.wait,
        )
        with pytest.raises(SourceLost):
            kept.read(source)
    assert kept.ids == [f"m-{number}" for number in range(1, 241)]
    assert chat.units == quota.spent == 1 + 240 * 5
