"""What YouTube can refuse, and what each of its words means for us: tables, for both APIs."""

from __future__ import annotations

import re
from enum import StrEnum

from intent.model.errors import Later, Malformed
from intent.sources.payloads import items_of, keys_of, read_object


class Refusal(StrEnum):
    """Who can do something about it."""

    LOGIN = "login"
    """The key or token is not taken: renew it once, then the operator."""
    CHAT = "chat"
    """The chat or the page is not to be had: look the chat up again."""
    BUSY = "busy"
    """Too much was asked in a short time: wait."""
    SPENT = "spent"
    """The units of the day are spent: wait until tomorrow."""
    NO_STREAM = "no stream"
    """There is no streamList here: poll."""


class YouTubeRefused(Later):
    """YouTube answered, but not with what was asked for.

    Attributes:
        refusal: what it means.
    """

    def __init__(self, refusal: Refusal, text: str) -> None:
        super().__init__(text)
        self.refusal = refusal


REASONS = {
    "API_KEY_INVALID": Refusal.LOGIN,
    "keyInvalid": Refusal.LOGIN,
    "keyExpired": Refusal.LOGIN,
    "authError": Refusal.LOGIN,
    "accessNotConfigured": Refusal.LOGIN,
    "SERVICE_DISABLED": Refusal.LOGIN,
    "CONSUMER_SUSPENDED": Refusal.LOGIN,
    "ipRefererBlocked": Refusal.LOGIN,
    "API_KEY_SERVICE_BLOCKED": Refusal.LOGIN,
    "API_KEY_IP_ADDRESS_BLOCKED": Refusal.LOGIN,
    "quotaExceeded": Refusal.SPENT,
    "dailyLimitExceeded": Refusal.SPENT,
    "rateLimitExceeded": Refusal.BUSY,
    "userRateLimitExceeded": Refusal.BUSY,
    "RATE_LIMIT_EXCEEDED": Refusal.BUSY,
}
"""Reasons of the REST API that say more than their status."""

STATUSES = {401: Refusal.LOGIN, 429: Refusal.BUSY}
"""Statuses of the REST API; every other one from 400 to 499 is about the chat."""

CODES = {
    "UNAUTHENTICATED": Refusal.LOGIN,
    "PERMISSION_DENIED": Refusal.CHAT,
    "INVALID_ARGUMENT": Refusal.CHAT,
    "NOT_FOUND": Refusal.CHAT,
    "FAILED_PRECONDITION": Refusal.CHAT,
    "RESOURCE_EXHAUSTED": Refusal.BUSY,
    "UNIMPLEMENTED": Refusal.NO_STREAM,
}
"""Codes of gRPC; with every other one the connection is lost."""

_LONGEST = 200
_A_DAY = re.compile(r"per day|daily", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_KEY = re.compile(r"api_key:\S+|AIza[\w-]+")
_TOO_LARGE = "larger than max"


def refusal_of_code(code: str, details: str) -> YouTubeRefused | None:
    """Return what a status of gRPC means; None if the connection is lost."""
    refusal = CODES.get(code)
    if refusal is None:
        return None
    if refusal is Refusal.BUSY and _TOO_LARGE in details:
        # Our own side says so of a page that no memory should hold: the next token is not known.
        refusal = Refusal.CHAT
    return YouTubeRefused(_by_the_day(refusal, details), f"{code} {shown(details)}".strip())


def refusal_of_status(status: int, body: bytes) -> YouTubeRefused:
    """Return what a status of the REST API from 400 to 499 means."""
    message, reasons = _read(body)
    refusal = next((REASONS[reason] for reason in reasons if reason in REASONS), None)
    refusal = refusal or STATUSES.get(status, Refusal.CHAT)
    said = ", ".join(filter(None, [shown(message), *reasons[:1]]))
    return YouTubeRefused(_by_the_day(refusal, message), f"{status} {said}".strip())


def shown(text: str) -> str:
    """Return what a server said, short, without its tags and without keys."""
    plain = _KEY.sub("(key)", _TAG.sub("", text))
    return " ".join(plain.split())[:_LONGEST].rstrip(" .")


def _by_the_day(refusal: Refusal, text: str) -> Refusal:
    return Refusal.SPENT if refusal is Refusal.BUSY and _A_DAY.search(text) else refusal


def _read(body: bytes) -> tuple[str, list[str]]:
    """Return the message of an error and its reasons; nothing where it has another shape."""
    try:
        error = keys_of(read_object(body).get("error"))
    except Malformed:
        return "", []
    found = map(keys_of, [*items_of(error.get("errors")), *items_of(error.get("details"))])
    return str(error.get("message") or ""), [str(one["reason"]) for one in found if "reason" in one]
