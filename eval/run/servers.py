"""Tells the servers apart whose replies a response store keeps."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit, urlunsplit

from intent.model.errors import OperatorError
from intent.ports.asking import Replies

OPENAI = "https://api.openai.com/v1"
"""Whom a key without a server is for."""

_MOST = 32
"""So many servers a store remembers by name."""


def server_asked(store: Replies, url: str | None, *, offline: bool) -> str:
    """Return the server whose replies a run takes, without what stands in its URL to log in; the
    store remembers it.

    Args:
        url: as the settings have it; offline it may be missing where the store knows one server.

    Raises:
        OperatorError: nobody says which of several.
    """
    known = _known(store)
    if offline and url is None:
        if len(known) > 1:
            raise OperatorError(
                f"the response store holds replies of {', '.join(known)}; name one of them with "
                "INTENT_LLM_BASE_URL"
            )
        return known[0] if known else ""
    name = _without_login(url or OPENAI)
    if not offline and name not in known and len(known) < _MOST:
        store.keep({_place(len(known)): name.encode()})
    return name


def _known(store: Replies) -> list[str]:
    places = [_place(number) for number in range(_MOST)]
    found = store.find(places)
    return [found[place].decode() for place in places if place in found]


def _place(number: int) -> str:
    return hashlib.sha256(f"server {number}".encode()).hexdigest()


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
    )
