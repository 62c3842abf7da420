"""Signatures: as the developer guide writes them, over the user and not the shop."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from intent.sources.live.shopee.shopee_signing import Partner

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_call_about_a_stream_is_signed_over_token_and_user() -> None:
    signed = Partner("2001", "key").signed("/api/v2/x", AT, token="tok", user="9001")
    sign = hmac.new(b"key", b"2001/api/v2/x1795176000tok9001", hashlib.sha256).hexdigest()
    assert signed == {
        "partner_id": "2001",
        "timestamp": "1795176000",
        "sign": sign,
        "access_token": "tok",
        "user_id": "9001",
    }


def test_a_call_about_tokens_is_signed_without_them() -> None:
    signed = Partner("2001", "key").signed("/api/v2/x", AT)
    sign = hmac.new(b"key", b"2001/api/v2/x1795176000", hashlib.sha256).hexdigest()
    assert signed == {"partner_id": "2001", "timestamp": "1795176000", "sign": sign}


def test_the_key_is_never_shown() -> None:
    assert "secret-key" not in repr(Partner("2001", "secret-key"))
