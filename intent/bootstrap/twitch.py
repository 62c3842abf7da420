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

    shared, connections = request.text("shared"), int(request.number("connections"))
    if shared not in {"skip", "keep"}:
        raise WrongUse("twitch: the option 'shared' is skip or keep")
    if not 1 <= connections <= 2:
        raise WrongUse("twitch: the option 'connections' is 1 or 2")
    return TwitchChat(
        split_channels(request.target),
        request.name,
        stop=request.stop,
        position=request.position,
        url=request.text("url"),
        copies=shared == "keep",
        connections=connections,
        times=IrcTimes(
            time.monotonic,
            silence=request.number("silence"),
            patience=request.number("patience"),
        ),
    )
