"""Finds the id of a video in what people write: the id itself, or any address of the video."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

from intent.model.errors import WrongUse

_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_AFTER = {"live", "shorts", "embed", "video", "v"}
"""Parts of a path that stand before an id."""


def video_id(target: str) -> str:
    """Return the id of a video from its id or its address.

    Raises:
        WrongUse: it is neither.
    """
    written = target.strip()
    found = written if _ID.fullmatch(written) else _in_address(written)
    if found is None or not _ID.fullmatch(found):
        raise WrongUse(
            f"youtube:{target} names no video; write its id of 11 letters, as in "
            "youtube:aB3xY7kLm90, or its address"
        )
    return found


def _in_address(written: str) -> str | None:
    try:
        address = urlsplit(written if "//" in written else f"//{written}")
        host = (address.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host == "youtu.be":
        return address.path.strip("/")
    if host != "youtube.com" and not host.endswith(".youtube.com"):
        return None
    named = parse_qs(address.query).get("v")
    if named:
        return named[0]
    parts = address.path.strip("/").split("/")
    return next((after for before, after in pairwise(parts) if before in _AFTER), None)
