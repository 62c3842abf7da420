"""Telegram's Bot API as it keeps updates: they come again until an offset confirms them."""

from __future__ import annotations

from typing import Any

from tests.unit.sources.live.platform_server import Asked, PlatformServer, Said, said

TOKEN = "7001:AA-secret_of-the-bot"


class FakeTelegram(PlatformServer):
    """Holds updates, and answers troubles first."""

    def __init__(self, updates: list[dict[str, Any]] | None = None) -> None:
        super().__init__(self._answer)
        self.updates = updates or []
        self.troubles: list[Said] = []
        self.most = 100

    @property
    def offsets(self) -> list[str | None]:
        asked = [one for one in self.asked if one.path.endswith("/getUpdates")]
        return [one.query.get("offset") for one in asked]

    def _answer(self, asked: Asked) -> Said:
        if asked.path == f"/bot{TOKEN}/getMe":
            return said({"ok": True, "result": {"id": 7001, "username": "toko_bot"}})
        if asked.path != f"/bot{TOKEN}/getUpdates":
            return said({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        if self.troubles:
            return self.troubles.pop(0)
        offset = int(asked.query.get("offset", 0))
        self.updates = [one for one in self.updates if self._unconfirmed(one, offset)]
        return said(
            {"ok": True, "result": self.updates[: min(self.most, int(asked.query["limit"]))]}
        )

    @staticmethod
    def _unconfirmed(update: dict[str, Any], offset: int) -> bool:
        number = update.get("update_id")
        return not isinstance(number, int) or number >= offset


def refused(code: int, description: str, **parameters: int) -> Said:
    values = {"ok": False, "error_code": code, "description": description}
    return said({**values, "parameters": parameters}, code)


def text(number: int, words: str = "price?", **more: Any) -> dict[str, Any]:
    """Return an update with a message in a group."""
    return {
        "update_id": number,
        more.pop("kind", "message"): {
            "message_id": number,
            "from": {"id": 42, "is_bot": False, "first_name": "B"},
            "chat": {"id": -1001, "type": "supergroup", "title": "Toko"},
            "date": 1_795_176_000 + number,
            "text": words,
            **more,
        },
    }
