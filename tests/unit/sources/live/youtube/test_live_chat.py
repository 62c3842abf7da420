"""The live chat of a video: streamed, polled, lost, and read on where it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intent.model.errors import SourceLost
from intent.sources.live.youtube.data_api import DataApi
from intent.sources.live.youtube.standing import read_place
from tests import youtube_server as server
from tests.unit.sources.live.youtube.conftest import THE_END, Clock, Kept, Make, said
from tests.youtube_server import VIDEO, Abort, Close, FakeYouTube, Item, Raw
from tests.youtube_wire import encoded


@pytest.mark.parametrize("streams", [True, False])
def test_a_chat_is_read_to_its_end(youtube: FakeYouTube, make: Make, streams: bool) -> None:
    youtube.pages = [said("a", "b"), [], said("c"), THE_END]
    kept = Kept().read(make(streams=streams))
    assert kept.ids == ["a", "b", "c"]
    first = kept.batches[[bool(one) for one in kept.batches].index(True)].messages[0]
    assert (first.room_id, first.creator_id, first.user_id) == (VIDEO, "UC-shop", "UC-ana")
    assert first.category_id == "26"
    assert kept.gaps == []


def test_a_stream_hands_over_what_is_taken_back(youtube: FakeYouTube, make: Make) -> None:
    taken = [
        Item("d", text="a", kind=server.DELETED),
        Item("e", text="UC-bot", kind=server.BANNED),
    ]
    youtube.pages = [said("a"), taken, THE_END]
    kept = Kept().read(make())
    gone = [one for batch in kept.batches for one in batch.retractions]
    assert [(one.message_id, one.user_id) for one in gone] == [("a", None), (None, "UC-bot")]


@pytest.mark.parametrize(
    "trouble", [Close(), Abort("UNAVAILABLE"), Abort("INTERNAL"), Abort("UNKNOWN")]
)
def test_a_stream_that_ends_before_the_chat_is_lost_and_goes_on_where_it_was(
    youtube: FakeYouTube, make: Make, trouble: server.Trouble
) -> None:
    youtube.pages = [said("a"), said("b"), said("c"), THE_END]
    youtube.troubles[1] = [trouble]
    kept = Kept()
    with pytest.raises(SourceLost):
        kept.read(make())
    assert kept.ids == ["a"]
    kept.read(make(kept.token))
    assert (kept.ids, kept.gaps) == (["a", "b", "c"], [])
    assert youtube.calls == [("videos", None), ("stream", None), ("stream", "p1")]


def test_a_page_that_names_no_next_one_leaves_the_place_where_it_was(
    youtube: FakeYouTube, make: Make
) -> None:
    youtube.pages = [said("a"), said("b"), THE_END]
    youtube.troubles[1] = [Raw(encoded((1007, Item("x").wire()))), Close()]
    kept = Kept()
    with pytest.raises(SourceLost):
        kept.read(make())
    kept.read(make(kept.token))
    assert kept.ids == ["a", "x", "b"]
    assert youtube.calls[-1] == ("stream", "p1")


def test_a_stream_ends_for_good_when_the_video_went_offline(
    youtube: FakeYouTube, make: Make
) -> None:
    youtube.pages = [said("a"), said("never")]
    youtube.troubles[1] = [Raw(encoded((2, "2026-11-20T13:00:00Z")))]
    assert Kept().read(make()).ids == ["a"]


def test_a_quiet_stream_pauses_and_leaves_when_told_to(youtube: FakeYouTube, make: Make) -> None:
    youtube.pages = [said("a")]
    source = make()
    reading = source.read()
    while not (batch := next(reading)).messages:
        pass
    assert not next(reading)  # nothing is said: an empty batch
    youtube.say(*said("b"))
    while not (batch := next(reading)).messages:
        pass
    assert batch.messages[0].message_id == "b"
    source.stop.set()
    assert list(reading) == []


def test_a_source_that_hears_nothing_says_every_ten_seconds_that_it_listens(
    youtube: FakeYouTube, make: Make, clock: Clock
) -> None:
    youtube.pages = [said("a")]
    reading = make().read()
    while not next(reading).messages:
        pass
    assert next(reading).position is None
    clock.now += timedelta(seconds=10)
    position = next(reading).position
    assert position is not None
    assert read_place(position.token).seen == clock.now
    reading.close()


def test_a_response_that_cannot_be_read_is_kept_and_the_stream_goes_on(
    youtube: FakeYouTube, make: Make
) -> None:
    youtube.pages = [said("a"), said("b"), THE_END]
    youtube.troubles[1] = [Raw(b"\xff\xff")]
    kept = Kept().read(make())
    assert kept.ids == ["a", "b"]
    (broken,) = [one for batch in kept.batches for one in batch.refused]
    assert (broken.reason, broken.payload) == (
        "the answer is no response of streamList",
        b"\xff\xff",
    )


def test_an_answer_that_cannot_be_read_is_kept_and_asked_for_again(
    youtube: FakeYouTube, make: Make
) -> None:
    youtube.pages = [said("a"), said("b"), THE_END]
    youtube.troubles[1] = [Raw(b"<html>")]
    kept = Kept()
    with pytest.raises(SourceLost, match="cannot be read"):
        kept.read(make(streams=False))
    kept.read(make(kept.token, streams=False))
    assert kept.ids == ["a", "b"]
    assert [one.payload for batch in kept.batches for one in batch.refused] == [b"<html>"]


@pytest.mark.parametrize("streams", [True, False])
def test_a_text_of_ten_megabytes_is_refused_and_its_neighbours_are_read(
    youtube: FakeYouTube, make: Make, streams: bool
) -> None:
    youtube.pages = [[*said("a"), Item("long", text="x" * 10_000_000), *said("b")], THE_END]
    kept = Kept().read(make(streams=streams))
    assert kept.ids == ["a", "b"]
    (long,) = [one for batch in kept.batches for one in batch.refused]
    assert long.reason == "text: is 10000000 bytes long, the limit is 8192"
    asked = {"stream"} if streams else {"messages"}
    assert {name for name, _ in youtube.calls} == {"videos"} | asked


# Polling


def test_polling_waits_as_long_as_youtube_says_and_never_less(
    youtube: FakeYouTube, make: Make, clock: Clock
) -> None:
    youtube.pages, youtube.interval = [said("a"), said("b"), said("c"), THE_END], 4200
    Kept().read(make(streams=False))
    assert sum(clock.waited) == pytest.approx(3 * 4.2)
    assert max(clock.waited) <= 1.0
    clock.waited.clear()
    Kept().read(make(streams=False, poll=10.0))
    assert sum(clock.waited) == pytest.approx(30.0)


@pytest.mark.parametrize(
    "trouble", [Abort("UNIMPLEMENTED"), Abort("PERMISSION_DENIED"), Abort("INVALID_ARGUMENT")]
)
def test_a_stream_that_is_refused_is_polled_instead(
    youtube: FakeYouTube, make: Make, trouble: Abort, capsys: pytest.CaptureFixture[str]
) -> None:
    youtube.pages = [said("a"), said("b"), THE_END]
    youtube.troubles[0] = [trouble] * (1 if trouble.code == "UNIMPLEMENTED" else 2)
    kept = Kept().read(make())
    assert kept.ids == ["a", "b"]
    assert [name for name, _ in youtube.calls].count("messages") == 3
    assert capsys.readouterr().out.count("it is polled instead") == 1


@pytest.mark.parametrize(
    ("trouble", "match"),
    [
        (Abort(status=500), "status 500"),
        (Abort(status=408), "status 408"),
        (Abort(status=302), "status 302"),
    ],
)
def test_a_poll_that_fails_is_lost(
    youtube: FakeYouTube, make: Make, trouble: Abort, match: str
) -> None:
    youtube.pages, youtube.troubles[0] = [THE_END], [trouble]
    with pytest.raises(SourceLost, match=match):
        Kept().read(make(streams=False))


def test_a_server_that_is_away_is_lost(make: Make) -> None:
    source = make()
    source.api = DataApi(source.login, "http://127.0.0.1:9/v3")
    with pytest.raises(SourceLost, match="YouTube does not answer"):
        Kept().read(source)
