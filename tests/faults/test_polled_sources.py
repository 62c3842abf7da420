"""Telegram, Shopee and Facebook under ``intent listen``, killed where it hurts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.listening import ListenProcess, StartListening
from tests.unit.sources.live.facebook.test_facebook_live import TOKEN as PAGE_TOKEN
from tests.unit.sources.live.facebook.test_facebook_live import FakeGraph
from tests.unit.sources.live.shopee.fake_shopee import (
    KEY,
    PARTNER,
    SESSION,
    USER,
    FakeShopee,
    Time,
)
from tests.unit.sources.live.telegram.fake_telegram import TOKEN, FakeTelegram, text

pytestmark = pytest.mark.slow

SHOPEE = {
    "SHOPEE_PARTNER_ID": PARTNER,
    "SHOPEE_PARTNER_KEY": KEY,
    "SHOPEE_USER_ID": USER,
    "SHOPEE_ACCESS_TOKEN": "that-has-ended",
    "SHOPEE_REFRESH_TOKEN": "refresh-0",
}


@pytest.mark.fault("kill", tries=2)
def test_telegram_nothing_is_lost_or_doubled_over_kills(
    start_listening: StartListening, sqlite_url: str
) -> None:
    with FakeTelegram([text(number) for number in range(1, 251)]) as server:
        server.pause = 0.02
        server.most = 5
        sources = {"bot": {"source": "telegram:@toko_bot", "url": server.url, "hold": 0}}
        for seen in (50, 150):
            process = start_listening(sqlite_url, sources, TELEGRAM_BOT_TOKEN=TOKEN)
            process.wait_until(has_stored(process, seen))
            process.kill()
        process = start_listening(sqlite_url, sources, TELEGRAM_BOT_TOKEN=TOKEN)
        process.wait_until(has_stored(process, 250))
        process.wait_until(lambda: not server.updates)
        assert process.leave() == 0
    assert sorted(process.stored_ids()) == sorted(f"-1001:{number}" for number in range(1, 251))
    assert "secret_of-the-bot" not in process.log


def has_stored(process: ListenProcess, count: int) -> Callable[[], bool]:
    return lambda: len(process.stored_ids()) >= count


@pytest.fixture
def start_shopee(start_listening: StartListening, sqlite_url: str) -> Callable[..., Any]:
    def start(server: FakeShopee, failpoint: str | None = None) -> ListenProcess:
        shop = {"source": f"shopee:{SESSION}", "url": server.url, "interval": 0.05}
        environment = {**SHOPEE, **({"INTENT_FAILPOINT": failpoint} if failpoint else {})}
        return start_listening(sqlite_url, {"shop": shop}, **environment)

    return start


@pytest.mark.fault("kill", tries=2)
def test_shopee_killed_before_the_question_and_before_the_use_it_is_still_logged_in(
    start_shopee: Callable[..., ListenProcess],
) -> None:
    with FakeShopee(Time()) as server:
        ids = [server.speak(timestamp=int(datetime.now(UTC).timestamp())) for _ in range(5)]
        for step in ("noted:1", "stored:1"):
            assert start_shopee(server, step).process.wait(60) == -9
        process = start_shopee(server)
        process.wait_until(has_stored(process, 5))
        assert process.leave() == 0
        assert sorted(process.stored_ids()) == ids
        assert server.tokens.spent == ["refresh-0"]
    folder = process.folder / "state"
    assert {path.stat().st_mode & 0o777 for path in folder.glob("shopee-*")} == {0o600}


def test_shopee_killed_between_the_answer_and_the_disk_it_says_so(
    start_shopee: Callable[..., ListenProcess],
) -> None:
    with FakeShopee(Time()) as server:
        assert start_shopee(server, "answered:1").process.wait(60) == -9
        process = start_shopee(server)
        assert process.process.wait(60) == 1
    assert "a new pair was asked for" in " ".join(process.log.split())


@pytest.mark.fault("kill", tries=2)
def test_facebook_what_was_said_while_nobody_listened_is_read(
    start_listening: StartListening, sqlite_url: str
) -> None:
    with FakeGraph() as server:
        sources = {"page": {"source": "facebook:55", "url": server.url, "interval": 0.05}}
        spoken = [server.speak(second) for second in range(5)]
        for _ in range(2):
            process = start_listening(sqlite_url, sources, FACEBOOK_ACCESS_TOKEN=PAGE_TOKEN)
            process.wait_until(has_stored(process, len(spoken)))
            process.kill()
            assert sorted(process.stored_ids()) == sorted(spoken)
            spoken += [server.speak(second) for second in range(3600, 3605)]
