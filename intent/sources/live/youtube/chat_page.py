"""Reads a page of YouTube's live chat, as streamList or the REST API gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

LEAST_INTERVAL = 1.0
"""Seconds between two polls, whatever the server says."""

USUAL_INTERVAL = 5.0
"""Seconds between two polls, where the server does not say."""


@dataclass(frozen=True, slots=True)
class ChatPage:
    """One page.

    Attributes:
        items: what the chat holds, oldest first; not looked at yet.
        following: token of the next page, if there was one.
        interval: seconds until that may be asked for.
        over: the stream went offline.
    """

    items: object
    following: str | None
    interval: float
    over: bool


def read_page(values: Mapping[str, object]) -> ChatPage:
    """Read a page from the keys of the REST API."""
    following, offline = values.get("nextPageToken"), values.get("offlineAt")
    return ChatPage(
        values.get("items") or [],
        following if isinstance(following, str) and following else None,
        _interval(values.get("pollingIntervalMillis")),
        bool(offline),
    )


def _interval(millis: object) -> float:
    if isinstance(millis, bool) or not isinstance(millis, int | float):
        return USUAL_INTERVAL
    if not (isfinite(millis) and millis > 0):
        return USUAL_INTERVAL
    return max(millis / 1000, LEAST_INTERVAL)
