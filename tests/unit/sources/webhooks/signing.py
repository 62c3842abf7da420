"""Signs requests as platforms do, and has an example of each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
SECONDS = 1_795_176_000
Headers = dict[str, str]


def key_pair() -> tuple[rsa.RSAPrivateKey, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


_KICK = [key_pair() for _ in range(3)]


def mac(key: str, message: bytes) -> str:
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def sign_hub(body: bytes, which: int) -> Headers:
    return {"X-Hub-Signature-256": f"sha256={mac(f'app-secret-{which}', body)}"}


def sign_kick(body: bytes, which: int) -> Headers:
    at = "2026-11-20T12:00:00Z"
    signature = _KICK[which][0].sign(f"e-1.{at}.".encode() + body, PKCS1v15(), SHA256())
    return {
        "Kick-Event-Message-Id": "e-1",
        "Kick-Event-Message-Timestamp": at,
        "Kick-Event-Type": "chat.message.sent",
        "Kick-Event-Signature": base64.b64encode(signature).decode(),
    }


def sign_tiktok(body: bytes, which: int) -> Headers:
    return {"Authorization": mac(f"app-secret-{which}", b"app-key" + body)}


def sign_telegram(body: bytes, which: int) -> Headers:
    return {"X-Telegram-Bot-Api-Secret-Token": f"a-long-word-{which}"}


def sign_standard(body: bytes, which: int) -> Headers:
    message = f"msg-1.{SECONDS}.".encode() + body
    digest = hmac.new(b"standard-key-%d" % which, message, hashlib.sha256).digest()
    return {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(SECONDS),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@dataclass(frozen=True)
class Scheme:
    """One way to sign.

    Attributes:
        secrets: three of them, by number.
        sign: returns the headers of a body that the secret of a number signs.
        timed: a request is of its time alone.
        covers_body: the signature is of the body.
        example: a request with one message.
    """

    platform: str
    secrets: list[str]
    sign: Callable[[bytes, int], Headers]
    timed: bool
    covers_body: bool
    example: dict[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps(self.example).encode()


WHATSAPP: dict[str, Any] = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "700",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "metadata": {"phone_number_id": "800"},
                        "contacts": [{"wa_id": "15550001", "user_id": "ID.1502"}],
                        "messages": [
                            {
                                "from": "15550001",
                                "id": "wamid.A",
                                "timestamp": str(SECONDS),
                                "type": "text",
                                "text": {"body": "how much?"},
                            }
                        ],
                    },
                }
            ],
        }
    ],
}
MESSENGER: dict[str, Any] = {
    "object": "page",
    "entry": [
        {
            "id": "9001",
            "time": SECONDS * 1000,
            "messaging": [
                {
                    "sender": {"id": "7702"},
                    "recipient": {"id": "9001"},
                    "timestamp": SECONDS * 1000,
                    "message": {"mid": "m-1", "text": "how much?"},
                }
            ],
        }
    ],
}
INSTAGRAM: dict[str, Any] = {
    "object": "instagram",
    "entry": [
        {
            "id": "9001",
            "time": SECONDS,
            "changes": [
                {
                    "field": "live_comments",
                    "value": {
                        "from": {"id": "7702", "username": "b"},
                        "media": {"id": "55", "media_product_type": "LIVE"},
                        "id": "178",
                        "text": "how much?",
                    },
                }
            ],
        }
    ],
}
KICK: dict[str, Any] = {
    "message_id": "k-1",
    "replies_to": {"message_id": "k-0", "content": "who wants one?"},
    "broadcaster": {"user_id": 9001},
    "sender": {"user_id": 7702, "identity": {"badges": []}},
    "content": "how much? [emote:37226:KEKW]",
    "created_at": "2026-11-20T12:00:00Z",
}
TIKTOK: dict[str, Any] = {
    "type": 14,
    "tts_notification_id": "n-1",
    "shop_id": "9001",
    "timestamp": SECONDS,
    "data": {
        "type": "TEXT",
        "content": '{"content": "how much?"}',
        "conversation_id": "c-1",
        "message_id": "t-1",
        "create_time": SECONDS,
        "sender": {"im_user_id": "7702", "role": "BUYER"},
    },
}
TELEGRAM: dict[str, Any] = {
    "update_id": 1,
    "message": {
        "message_id": 7,
        "from": {"id": 7702},
        "chat": {"id": 7702, "type": "private"},
        "date": SECONDS,
        "text": "how much?",
    },
}
WIRE: dict[str, Any] = {
    "platform": "mall",
    "room_id": "r",
    "message_id": "w-1",
    "user_id": "7702",
    "kind": "chat",
    "text": "how much?",
    "sent_at": "2026-11-20T12:00:00Z",
}

_APPS = [f"app-secret-{number}" for number in range(3)]
SCHEMES = [
    Scheme("whatsapp", _APPS, sign_hub, False, True, WHATSAPP),
    Scheme("messenger", _APPS, sign_hub, False, True, MESSENGER),
    Scheme("instagram", _APPS, sign_hub, False, True, INSTAGRAM),
    Scheme("kick", [pair[1] for pair in _KICK], sign_kick, True, True, KICK),
    Scheme("tiktok-shop", [f"app-key:{app}" for app in _APPS], sign_tiktok, False, True, TIKTOK),
    Scheme(
        "telegram",
        [f"a-long-word-{number}" for number in range(3)],
        sign_telegram,
        False,
        False,
        TELEGRAM,
    ),
    Scheme(
        "standard",
        [f"whsec_{base64.b64encode(b'standard-key-%d' % n).decode()}" for n in range(3)],
        sign_standard,
        True,
        True,
        WIRE,
    ),
]
