"""Builds what follows a live chat on YouTube."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.bootstrap.sources import SourceRequest
    from intent.ports.ingestion import Source
    from intent.sources.live.youtube.live_chat import ChatStream
    from intent.sources.live.youtube.login import Login


def build_youtube(request: SourceRequest) -> Source:
    """Build the source; nothing is sent yet.

    Raises:
        WrongUse: the target names no video.
        OperatorError: a key is missing or none, or an address is none.
    """
    from intent.sources.live.youtube.data_api import DataApi, token_exchange
    from intent.sources.live.youtube.live_chat import YouTubeLiveChat, utc_now
    from intent.sources.live.youtube.login import login_from
    from intent.sources.live.youtube.quota import YouTubeQuota
    from intent.sources.live.youtube.standing import ChatStanding, Place, read_place
    from intent.sources.live.youtube.video import video_id

    video = video_id(request.target)
    login = login_from(request.environment, token_exchange(request.text("token_url")))
    position = request.position
    place = Place() if position is None else read_place(position.token)
    return YouTubeLiveChat(
        video,
        ChatStanding(request.name, video, place, now=utc_now),
        DataApi(login, request.text("url")),
        YouTubeQuota(request.state_dir, units=int(request.number("quota"))),
        login,
        _stream(request, login) if request.flag("stream") else None,
        stop=request.stop,
        wait=request.stop.wait,
        poll=request.number("poll"),
    )


def _stream(request: SourceRequest, login: Login) -> ChatStream | None:
    try:
        from intent.sources.live.youtube.stream_list import StreamList
    except ImportError:
        logger("youtube").warning(
            f"{request.name}: grpcio is not installed, so the chat is polled, at 5 units a call; "
            "pip install 'lead-intent[youtube]' streams it"
        )
        return None
    return StreamList(login, request.text("stream_url"))
