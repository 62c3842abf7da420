"""What YouTube refuses is sorted by who can do something about it."""

from __future__ import annotations

import json

import pytest

from intent.sources.live.youtube.refusals import (
    Refusal,
    refusal_of_code,
    refusal_of_status,
    shown,
)


def body(message: str, *reasons: str, detail: str | None = None) -> bytes:
    error: dict[str, object] = {"message": message, "errors": [{"reason": one} for one in reasons]}
    if detail:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail}]
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize(
    ("code", "details", "refusal"),
    [
        ("UNAUTHENTICATED", "token expired", Refusal.LOGIN),
        ("PERMISSION_DENIED", "", Refusal.CHAT),
        ("INVALID_ARGUMENT", "page token", Refusal.CHAT),
        ("NOT_FOUND", "", Refusal.CHAT),
        ("FAILED_PRECONDITION", "the live chat is no longer live", Refusal.CHAT),
        ("RESOURCE_EXHAUSTED", "too many requests per minute", Refusal.BUSY),
        ("RESOURCE_EXHAUSTED", "limit 'Queries per day' of service", Refusal.SPENT),
        ("RESOURCE_EXHAUSTED", "Received message larger than max (9 vs. 8)", Refusal.CHAT),
        ("UNIMPLEMENTED", "", Refusal.NO_STREAM),
    ],
)
def test_codes_of_grpc(code: str, details: str, refusal: Refusal) -> None:
    error = refusal_of_code(code, details)
    assert error is not None
    assert error.refusal is refusal


@pytest.mark.parametrize("code", ["UNAVAILABLE", "INTERNAL", "UNKNOWN", "CANCELLED", "ABORTED"])
def test_with_every_other_code_the_connection_is_lost(code: str) -> None:
    assert refusal_of_code(code, "") is None


@pytest.mark.parametrize(
    ("status", "answer", "refusal"),
    [
        (400, body("API key not valid.", "badRequest", detail="API_KEY_INVALID"), Refusal.LOGIN),
        (401, body("Invalid Credentials", "authError"), Refusal.LOGIN),
        (401, b"<html>", Refusal.LOGIN),
        (403, body("not used in project before", "accessNotConfigured"), Refusal.LOGIN),
        (403, body("exceeded your quota", "quotaExceeded"), Refusal.SPENT),
        (403, body("too fast", "rateLimitExceeded"), Refusal.BUSY),
        (429, body("Quota exceeded, 'Queries per day'", "rateLimitExceeded"), Refusal.SPENT),
        (429, b"", Refusal.BUSY),
        (403, body("The live chat is no longer live.", "liveChatEnded"), Refusal.CHAT),
        (404, body("not found", "liveChatNotFound"), Refusal.CHAT),
        (400, body("bad token", "pageTokenInvalid"), Refusal.CHAT),
        (400, b'{"error": "invalid_grant"}', Refusal.CHAT),
        (418, b'{"error": {"errors": 7, "details": [3, {"reason": 9}]}}', Refusal.CHAT),
    ],
)
def test_statuses_and_reasons_of_the_rest_api(status: int, answer: bytes, refusal: Refusal) -> None:
    assert refusal_of_status(status, answer).refusal is refusal


def test_what_the_server_said_is_shown_short_without_tags_and_keys() -> None:
    error = refusal_of_status(403, body('over <a href="/x">quota</a> of AIzaSyABC', "forbidden"))
    assert str(error) == "403 over quota of (key), forbidden"
    assert shown("Consumer 'api_key:AIzaSyABC' is suspended") == "Consumer '(key) is suspended"
    assert len(shown("xx " * 1000)) == 200
