"""Seals bytes with AES-256-GCM and wraps keys by RFC 3394; the one home of the
ciphers of cryptography.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(Exception):
    """Sealed with another key, for another place, or damaged."""


def new_key() -> bytes:
    """Return a fresh random key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, *place: str) -> bytes:
    """Return nonce and ciphertext; what is moved to another place cannot be read there."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, framed(*place))


def unseal(key: bytes, sealed: bytes, *place: str) -> bytes:
    """Return what was sealed.

    Raises:
        Unreadable: with another key, for another place, or damaged.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], framed(*place))
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def wrap(master: bytes, key: bytes) -> bytes:
    """Return a key wrapped by a master key, 40 bytes."""
    return aes_key_wrap(master, key)


def unwrap(master: bytes, wrapped: bytes) -> bytes:
    """Return a wrapped key.

    Raises:
        Unreadable: with another master key, or damaged.
    """
    try:
        return aes_key_unwrap(master, wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise Unreadable from error


def digest(key: bytes, *parts: str) -> str:
    """Return HMAC-SHA256 of texts, 64 characters."""
    return hmac.new(key, framed(*parts), hashlib.sha256).hexdigest()


def name_of(master: bytes) -> str:
    """Return what a master key is called beside the keys that it wraps."""
    return hashlib.sha256(b"name of a vault key" + master).hexdigest()[:16]


def derived(key: bytes, purpose: str) -> bytes:
    """Return a key of its own for a purpose (HKDF-Expand of one block, RFC 5869)."""
    return hmac.new(key, purpose.encode("ascii") + b"\x01", hashlib.sha256).digest()


def framed(*parts: str) -> bytes:
    """Return texts as bytes that no other texts give."""
    pieces: Sequence[bytes] = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
