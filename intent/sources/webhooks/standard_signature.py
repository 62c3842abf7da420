"""Checks Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body, by one of
several secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from intent.sources.webhooks.incoming import Incoming, same

MOST = 16
"""Signatures of one request that are looked at."""


def check_standard_signature(request: Incoming, secrets: Sequence[str]) -> str | None:
    """Return why a request is not signed with the secret and of now; None if it is."""
    number, written = request.header("webhook-id"), request.header("webhook-timestamp")
    if not number or not (written.isascii() and written.isdigit() and len(written) <= 11):
        return "webhook-id or webhook-timestamp is missing or malformed"
    at = datetime.fromtimestamp(int(written), UTC)
    if not request.is_of_now(at):
        return "webhook-timestamp lies more than five minutes from now"
    given = request.header("webhook-signature").split()[:MOST]
    expected = [_signature(secret, number, at, request.body) for secret in secrets]
    found = [same(ours, theirs) for ours in expected if ours for theirs in given]
    if any(found):
        return None
    return "webhook-signature is not that of the body with this secret"


def _signature(secret: str, number: str, at: datetime, body: bytes) -> str | None:
    # Its own way to verify reads the clock itself, and raises ValueError at a malformed signature.
    try:
        return Webhook(secret).sign(number, at, body.decode())
    except (ValueError, EmptyWebhookSecretError):
        return None  # no Base64, or a body that is no text
