"""YouTube's chat is built from its target, its options and the environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event

import pytest

from intent.bootstrap.sources import SourceRequest, split_source
from intent.model.batch import Position
from intent.model.errors import OperatorError, WrongUse
from intent.sources.live.youtube.live_chat import YouTubeLiveChat
from intent.sources.live.youtube.standing import Place, written_place

KEY = {"YOUTUBE_API_KEY": "AIzaTest"}


def built(
    folder: Path,
    target: str = "youtu.be/aB3xY7kLm90",
    environment: Mapping[str, str] = KEY,
    position: Position | None = None,
    **options: object,
) -> YouTubeLiveChat:
    kind, rest = split_source(f"youtube:{target}")
    request = SourceRequest(
        name="stream",
        target=rest,
        options=kind.declaration.checked(options),
        environment=environment,
        position=position,
        stop=Event(),
        state_dir=folder,
    )
    source = kind.build(request)
    assert isinstance(source, YouTubeLiveChat)
    return source


def test_a_video_is_streamed_from_where_it_stood(tmp_path: Path) -> None:
    place = Place(chat="chat-1", page="p7")
    source = built(tmp_path, position=Position("stream", written_place(place)))
    assert (source.video, source.standing.place) == ("aB3xY7kLm90", place)
    assert source.stream is not None


def test_the_option_stream_polls(tmp_path: Path) -> None:
    source = built(tmp_path, stream=False, poll=7)
    assert (source.stream, source.poll) == (None, 7.0)


def test_without_grpcio_it_polls_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.delitem(sys.modules, "intent.sources.live.youtube.stream_list", raising=False)
    assert built(tmp_path).stream is None
    assert capsys.readouterr().out.count("stream: grpcio is not installed") == 1


@pytest.mark.parametrize(
    ("error", "match", "changes"),
    [
        (WrongUse, "youtube:@shop names no video", {"target": "@shop"}),
        (OperatorError, "YOUTUBE_API_KEY is not set", {"environment": {}}),
        (OperatorError, "YouTube: 'ftp://x' is no address", {"url": "ftp://x"}),
        (OperatorError, "nowhere is no address", {"stream_url": "nowhere"}),
        (OperatorError, "server of tokens: 'http://' is no address", {"token_url": "http://"}),
    ],
)
def test_what_is_wrong_is_one_sentence(
    tmp_path: Path, error: type[Exception], match: str, changes: dict[str, object]
) -> None:
    with pytest.raises(error, match=match):
        built(tmp_path, **changes)  # type: ignore[arg-type]
