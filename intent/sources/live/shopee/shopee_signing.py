"""Signs calls of Shopee's Open Platform (developer guide, *API calls*): HMAC-SHA256 over partner,
path and time, for calls about a live stream over token and user too.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Partner:
    """An app of Shopee's Open Platform: its id, and the key that nobody else knows."""

    partner_id: str
    key: str = field(repr=False)

    def signed(self, path: str, at: datetime, *, token: str = "", user: str = "") -> dict[str, str]:
        """Return the parameters that sign a call.

        Args:
            path: all of the address behind the host, without parameters.
            at: the time of the call; Shopee takes it for five minutes.
            token: the access token, for a call in the name of a user.
            user: id of that user; a shop's id in its place is refused.
        """
        seconds = str(int(at.timestamp()))
        said = f"{self.partner_id}{path}{seconds}{token}{user}"
        sign = hmac.new(self.key.encode(), said.encode(), hashlib.sha256).hexdigest()
        signed = {"partner_id": self.partner_id, "timestamp": seconds, "sign": sign}
        return {**signed, "access_token": token, "user_id": user} if user else signed
