"""A request that a platform pushes, and the two ways in which it is not let in; nothing that it
holds is an exception.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from intent.model.batch import Batch, Refused, Retraction
from intent.model.message import Message

MAX_BODY_BYTES = 4 * 1024 * 1024
"""The longest body that is looked at; Meta sends up to 3 MB."""

TOLERANCE = timedelta(minutes=5)
"""How far the time of a signed request may lie from ours, where a scheme has one."""


class Because(StrEnum):
    """Why a request is not let in."""

    UNKNOWN = "unknown"
    """There is no such webhook."""
    UNSIGNED = "unsigned"
    """Nobody can say that the platform sent it, or it is not of now."""
    MALFORMED = "malformed"
    """The platform sent it, and it is no JSON that we can read."""
    TOO_LARGE = "too large"
    """It is longer than :data:`MAX_BODY_BYTES`; its signature was not looked at."""


_STATUS = {
    Because.UNKNOWN: 404,
    Because.UNSIGNED: 401,
    Because.MALFORMED: 400,
    Because.TOO_LARGE: 413,
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A request that is not let in; ``reason`` quotes nothing of it."""

    because: Because
    reason: str

    @property
    def status(self) -> int:
        """The status of HTTP that says so."""
        return _STATUS[self.because]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request: its headers under names in lower case, its body as it came, and when that was."""

    headers: Mapping[str, str]
    body: bytes
    now: datetime

    @classmethod
    def of(cls, headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
        """Return a request, whatever the case of its headers' names."""
        return cls({name.lower(): value for name, value in headers.items()}, body, now)

    def header(self, name: str) -> str:
        """Return a header; an empty text if it is missing."""
        return self.headers.get(name, "").strip()

    def is_of_now(self, at: datetime) -> bool:
        """Return whether an aware instant lies within five minutes."""
        return abs(self.now - at) <= TOLERANCE


def same(expected: str, given: str) -> bool:
    """Compare in constant time, whatever characters were sent."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def signed_by_any(keys: Sequence[str], message: Sequence[bytes], given: str) -> bool:
    """Return whether a signature is the HMAC-SHA256 in hexadecimal of one of several keys.

    Args:
        keys: two, while one takes over from the other; an empty one signs nothing.
        message: what is signed, for each key.
        given: what the request holds.
    """
    # All are compared, so that the time tells nothing of which it was.
    found = [
        same(hmac.new(key.encode(), signed, hashlib.sha256).hexdigest(), given)
        for key, signed in zip(keys, message, strict=True)
        if key
    ]
    return any(found)


def as_batch(read: Iterable[Message | Refused | Retraction]) -> Batch:
    """Return what a request holds as one batch; an empty one for what is not used."""
    messages: list[Message] = []
    refused: list[Refused] = []
    retractions: list[Retraction] = []
    for one in read:
        if isinstance(one, Message):
            messages.append(one)
        elif isinstance(one, Refused):
            refused.append(one)
        else:
            retractions.append(one)
    return Batch(messages, refused, retractions)
