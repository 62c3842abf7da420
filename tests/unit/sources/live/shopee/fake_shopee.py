"""Shopee's Open Platform as far as a live stream goes: signatures, tokens, ten seconds of comments."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from intent.sources.live.shopee.shopee_live import PollClocks
from tests.unit.sources.live.platform_server import Asked, PlatformServer, Said, said

PARTNER, KEY, USER, SESSION = "2001", "key-of-the-partner", "9001", "6236215"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RENEW = "/api/v2/public/refresh_access_token"
COMMENTS = "/api/v2/livestream/get_latest_comment_list"
PAGE = 3


@dataclass
class Time:
    """Passes only when somebody waits; shared by the server and whoever listens."""

    at: float = 0.0
    stood_still: float = 0.0
    set_back: float = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at - self.set_back)

    def clock(self) -> float:
        return 1000.0 + self.at - self.stood_still

    def sleep(self, seconds: float) -> None:
        self.at = round(self.at + max(seconds, 1e-6), 6)  # as exact as instants are

    @property
    def clocks(self) -> PollClocks:
        return PollClocks(self.now, self.clock, self.sleep)


@dataclass
class Tokens:
    """Which tokens the server takes: an access token for four hours, a refresh token once."""

    access: str = "access-0"
    refresh: str = "refresh-0"
    ends: float = 14_400.0
    renewed: int = 0
    spent: list[str] = field(default_factory=list)


class FakeShopee(PlatformServer):
    """Refuses what Shopee refuses, and answers troubles first."""

    def __init__(self, time: Time) -> None:
        super().__init__(self._answer)
        self.time, self.tokens = time, Tokens()
        self.spoken: list[tuple[float, dict[str, Any]]] = []
        self.session: dict[str, Any] = {"session_id": int(SESSION), "title": "Promo", "status": 1}
        self.shown: dict[str, Any] = {"has_show_item": False, "item": {}}
        self.troubles: dict[str, list[Said]] = {}
        self.latency: Callable[[str], float] = lambda path: 0.0
        self._numbers = itertools.count(88_001)

    def speak(self, at: float | None = None, words: str = "berapa kak?", **more: Any) -> str:
        """Say something, and return the id that it is stored under."""
        when = self.time.at if at is None else at
        comment = {
            "comment_id": next(self._numbers),
            "content": words,
            "timestamp": int((NOON + timedelta(seconds=when)).timestamp()),
            "user_id": 7702,
            "username": "dewi_77",
            **more,
        }
        self.spoken.append((when, comment))
        return f"{SESSION}:{comment['comment_id']}"

    def calls(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def _answer(self, asked: Asked) -> Said:
        self.time.at += self.latency(asked.path)
        waiting = self.troubles.get(asked.path)
        if waiting:
            return waiting.pop(0)
        token, user = asked.query.get("access_token", ""), asked.query.get("user_id", "")
        base = f"{PARTNER}{asked.path}{asked.query['timestamp']}{token}{user}"
        if asked.query["sign"] != hmac.new(KEY.encode(), base.encode(), hashlib.sha256).hexdigest():
            return no("error_sign", "Wrong sign.")
        if asked.path == RENEW:
            return self._renewed(asked)
        if token != self.tokens.access or self.time.at >= self.tokens.ends:
            return no("invalid_acceess_token", "Invalid access_token.")
        assert asked.query["session_id"] == SESSION
        return said({"error": "", "response": self._response(asked)})

    def _response(self, asked: Asked) -> dict[str, Any]:
        if asked.path.endswith("get_session_detail"):
            return self.session
        if asked.path.endswith("get_show_item"):
            return self.shown
        recent = [one for at, one in self.spoken if self.time.at - 10 <= at <= self.time.at]
        offset = int(asked.query["offset"])
        page = recent[offset : offset + PAGE]
        return {"next_offset": offset + len(page), "list": page}

    def _renewed(self, asked: Asked) -> Said:
        given = asked.json
        assert given["partner_id"] == int(PARTNER)
        assert given["user_id"] == int(USER)
        if given["refresh_token"] != self.tokens.refresh:
            return no("error_auth", "Invalid refresh_token.")
        number = self.tokens.renewed + 1
        self.tokens = Tokens(
            f"access-{number}",
            f"refresh-{number}",
            self.time.at + 14_400,
            number,
            [*self.tokens.spent, self.tokens.refresh],
        )
        pair = {"access_token": self.tokens.access, "refresh_token": self.tokens.refresh}
        return said({"error": "", **pair, "expire_in": 14_400})


def no(code: str, message: str = "", status: int = 200) -> Said:
    return said({"error": code, "message": message, "request_id": "r"}, status)
