"""One call of the LLM, as it is booked, and how calls can end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

NANO = 1_000_000_000
"""Nanodollars in a dollar."""


class Outcome(StrEnum):
    """How one call of the LLM ended."""

    ANSWERED = "answered"
    REPLAYED = "replayed"
    INVALID = "invalid"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    FILTERED = "filtered"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    AUTHENTICATION = "authentication"
    BAD_REQUEST = "bad_request"
    TIMEOUT = "timeout"
    ABANDONED = "abandoned"
    CONNECTION = "connection"
    SERVER_ERROR = "server_error"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the LLM, as it is booked: every attempt, also those that failed.

    Attributes:
        request: hash of everything that was sent.
        messages: how many messages it asked about.
        input_tokens: all tokens sent; ``cached_tokens`` and ``cache_write_tokens`` are parts of
            them.
        nanodollars: price in 10**-9 dollars, so that sums are exact.
        latency: seconds.
    """

    request: str
    run: str
    platform: str
    room_id: str
    prompt: str
    model: str
    messages: int
    outcome: Outcome
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    nanodollars: int
    latency: float
    started: datetime
