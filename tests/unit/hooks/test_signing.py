"""What is sent verifies with the standard's own library, with each secret that is alive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from intent.hooks.signing import Signer, new_salt
from intent.model.errors import OperatorError
from intent.model.hook import new_webhook_id

KEY = b"k" * 32
BODY = '{"type": "lead.found", "data": {"text": "berapa kak? 🙏"}}'.encode()


def test_a_receiver_verifies_with_the_library_of_the_standard() -> None:
    signer, now = Signer(lambda: KEY), datetime.now(UTC)
    salts = signer.salts()
    headers = signer.headers(salts, new_webhook_id(), BODY, now)
    read = Webhook(signer.secret(salts)).verify(BODY, headers)
    assert read["type"] == "lead.found"
    with pytest.raises(WebhookVerificationError):
        Webhook(signer.secret(salts)).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signer.secret(salts)).verify(BODY, {**headers, "webhook-id": "msg_other"})


def test_while_secrets_change_both_sign_and_then_only_the_new_one() -> None:
    signer, now = Signer(lambda: KEY), datetime.now(UTC)
    old = signer.salts()
    salts = replace(
        signer.salts(), former=old.current, former_until=now + timedelta(hours=1), key=old.key
    )
    both = signer.headers(salts, "msg_1", BODY, now)
    assert len(both["webhook-signature"].split()) == 2
    for secret in (signer.secret(salts), signer.secret(old)):
        Webhook(secret).verify(BODY, both)
    later = signer.headers(salts, "msg_1", BODY, now + timedelta(hours=1))
    assert len(later["webhook-signature"].split()) == 1


def test_every_hook_has_a_secret_of_its_own_and_a_name_tells_nobody_the_key() -> None:
    signer = Signer(lambda: KEY)
    secrets = {signer.secret(signer.salts()) for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) == len("whsec_") + 44 for secret in secrets)
    assert "k" * 8 not in signer.salts().key
    assert new_salt() != new_salt()


def test_with_another_key_nothing_is_signed() -> None:
    salts = Signer(lambda: KEY).salts()
    other = Signer(lambda: b"o" * 32)
    with pytest.raises(OperatorError, match="put back the key file"):
        other.secret(salts)
    with pytest.raises(OperatorError, match="intent hooks rotate"):
        other.headers(salts, "msg_1", BODY, datetime.now(UTC))
