"""Checks that Kick has sent a request (KickDevDocs, *Webhook security*): RSA over its id, time and
body; the public key is fetched by somebody else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from intent.sources.webhooks.incoming import Incoming


def check_kick_signature(request: Incoming, keys: Sequence[str]) -> str | None:
    """Return why a request is not of Kick and of now; None if it is.

    Args:
        request: as it came.
        keys: public keys as PEM; two, while one takes over from the other.
    """
    number = request.header("kick-event-message-id")
    written = request.header("kick-event-message-timestamp")
    try:
        signature = base64.b64decode(request.header("kick-event-signature"), validate=True)
        at = datetime.fromisoformat(written)
    except (ValueError, binascii.Error):
        return "Kick-Event-Signature or Kick-Event-Message-Timestamp is missing or malformed"
    if at.tzinfo is None or not request.is_of_now(at):
        return "Kick-Event-Message-Timestamp lies more than five minutes from now"
    signed = f"{number}.{written}.".encode("utf-8", "surrogatepass") + request.body
    found = [_is_signed(key, signature, signed) for key in keys if key]
    if any(found):
        return None
    return "Kick-Event-Signature is not that of the body with Kick's key"


def _is_signed(key: str, signature: bytes, signed: bytes) -> bool:
    try:
        public = load_pem_public_key(key.encode())
        if isinstance(public, RSAPublicKey):
            public.verify(signature, signed, PKCS1v15(), SHA256())
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        pass
    return False
