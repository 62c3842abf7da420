"""Builds what reads Twitch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from intent.model.errors import WrongUse

if TYPE_CHECKING:
    from intent.bootstrap.sources import SourceRequest
    from intent.ports.ingestion import Source


def build_chat(request: SourceRequest) -> Source:
    """Build the source that reads chat without an account; nothing is opened yet.

    Raises:
        WrongUse: the target names no channel, or an option is out of range.
    """
    from intent.sources.live.twitch.irc_link import IrcTimes
    from intent.sources.live.twitch.irc_source import TwitchChat, split_channels

    connections = int(request.number("connections"))
    if not 1 <= connections <= 2:
        raise WrongUse("twitch: the option 'connections' is 1 or 2")
    return TwitchChat(
        split_channels(request.target),
        request.name,
        stop=request.stop,
        position=request.position,
        url=request.text("url"),
        copies=_copies(request),
        connections=connections,
        times=IrcTimes(
            time.monotonic,
            silence=request.number("silence"),
            patience=request.number("patience"),
        ),
    )


def build_eventsub(request: SourceRequest) -> Source:
    """Build the source that reads chat with an account; nothing is opened yet.

    Raises:
        WrongUse: the target names no channel, or an option is out of range.
        OperatorError: a secret is missing, or an address is none.
    """
    from intent.sources.live.fetch import HttpReader
    from intent.sources.live.twitch.eventsub_api import EventSubApi
    from intent.sources.live.twitch.eventsub_payload import ACCESS_TOKEN, CLIENT_ID
    from intent.sources.live.twitch.eventsub_source import EventSubTimes, TwitchEventSub
    from intent.sources.live.twitch.irc_source import split_channels

    [channel, *others] = split_channels(request.target)
    if others:
        raise WrongUse("twitch-eventsub: a source is one channel; write one for each")
    api = EventSubApi(
        request.secret(CLIENT_ID),
        request.secret(ACCESS_TOKEN),
        HttpReader("Twitch", request.text("api_url")),
        HttpReader("Twitch", request.text("login_url")),
    )
    return TwitchEventSub(
        channel,
        request.name,
        api,
        request.text("url"),
        stop=request.stop,
        position=request.position,
        copies=_copies(request),
        times=EventSubTimes(patience=request.number("patience")),
    )


def _copies(request: SourceRequest) -> bool:
    shared = request.text("shared")
    if shared not in {"skip", "keep"}:
        raise WrongUse("the option 'shared' is skip or keep")
    return shared == "keep"
