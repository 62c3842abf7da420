"""Turns phone numbers and mail addresses into keyed hashes, by which conversions are linked to
messages without either being kept.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

import phonenumbers

_HEX = re.compile("[0-9a-f]{64}")
_SIGNS = re.compile(r"[^\d+]")


class ContactKeys:
    """Keyed hashes of contact details.

    HMAC-SHA256 (RFC 2104) over the SHA-256 of the normalised detail: files of ad platforms hold
    details as such hashes, and both ways give the same key. Whoever has not the key cannot try
    numbers. It is a pseudonym, not anonymous, and ``forget`` reaches it.
    """

    def __init__(self, load: Callable[[], bytes]) -> None:
        """Prepare; ``load`` returns the key of the tombstones, once one is needed."""
        self._load, self._key = load, b""

    def phone(self, written: str, regions: Sequence[str] = ()) -> str | None:
        """Return the key of a phone number; None for what is none.

        Args:
            regions: countries (ISO 3166, such as ``SG``) whose national numbers are understood, the
                first one first; international ones always are.
        """
        if _HEX.fullmatch(written.casefold()):
            return self._keyed(written.casefold())
        number = international(written, regions)
        return None if number is None else self._keyed(_sha256(number))

    def mail(self, written: str) -> str | None:
        """Return the key of a mail address; None for what is none."""
        plain = written.strip().casefold()
        if _HEX.fullmatch(plain):
            return self._keyed(plain)
        return self._keyed(_sha256(plain)) if "@" in plain else None

    def _keyed(self, digest: str) -> str:
        if not self._key:
            # Its own key, so that what is linked by is never the name of a tombstone.
            self._key = hmac.new(self._load(), b"contact keys", hashlib.sha256).digest()
        return hmac.new(self._key, digest.encode("ascii"), hashlib.sha256).hexdigest()


def international(written: str, regions: Sequence[str] = ()) -> str | None:
    """Return a phone number as E.164, such as ``+6591234567``; None for what is none."""
    signs = _SIGNS.sub("", written)
    tries: list[tuple[str, str | None]] = [(written, region) for region in regions]
    if signs.startswith("+"):
        tries = [(signs, None)]
    elif signs.startswith("00"):
        tries = [(f"+{signs[2:]}", None), *tries]
    else:
        # Messengers and spreadsheets drop the sign before the country.
        tries.append((f"+{signs}", None))
    for text, region in tries:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
